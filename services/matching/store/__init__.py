"""The only SQL that writes the schema `matching`."""

from services.matching.store.tables import Matching
from shared.migrate import History
from shared.wiring import role_of

HISTORY = History(schema="matching", metadata=Matching.metadata, package="services.matching", role=role_of("matching"))
