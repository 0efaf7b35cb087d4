"""The only SQL that writes what belongs to availability: guarded statements that both test and take.

The database decides who wins.
"""

from services.availability.tables import AvailabilityRow
from services.availability.tables import agendas as _agendas  # noqa: F401  these belong to the same history
from services.availability.tables import foreign as _foreign  # noqa: F401  these belong to the same history
from services.availability.tables import regulators as _regulators  # noqa: F401  these belong to the same history
from services.availability.tables import waiting as _waiting  # noqa: F401  these belong to the same history
from shared.db.migrate import SchemaHistory

HISTORY = SchemaHistory(
    schema="availability",
    metadata=AvailabilityRow.metadata,
    package="services.availability",
    role="aiguillage_availability",
)
