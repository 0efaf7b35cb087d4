"""The only SQL that writes: guarded statements that both test and take. The database decides who wins."""

from services.availability import agenda_tables as _agendas  # noqa: F401  these belong to the same history
from services.availability import foreign_tables as _foreign  # noqa: F401  these belong to the same history
from services.availability.fhir import tables as _regulators  # noqa: F401  these belong to the same history
from services.availability.tables import Availability
from shared.migrate import History

HISTORY = History(
    schema="availability",
    metadata=Availability.metadata,
    package="services.availability",
    role="aiguillage_availability",
)
