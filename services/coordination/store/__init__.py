"""The only SQL that writes what belongs to coordination: facts and papers are added, never changed."""

from services.coordination.store.tables import Coordination
from shared.db.migrate import SchemaHistory

HISTORY = SchemaHistory(
    schema="coordination",
    metadata=Coordination.metadata,
    package="services.coordination",
    role="aiguillage_coordination",
)
