"""Every migration history, in the order they are run."""

from services.availability.store import HISTORY as AVAILABILITY
from services.coordination.store import HISTORY as COORDINATION
from services.matching.schema import HISTORY as MATCHING
from services.people.notices import tables as _notices  # noqa: F401  these belong to the same history
from shared.db.migrate import SchemaHistory
from shared.db.tables import Common

COMMON = SchemaHistory(schema="common", metadata=Common.metadata, package="services.people")
HISTORIES = [COMMON, AVAILABILITY, MATCHING, COORDINATION]
