"""Every migration history, in the order they are run."""

from services.availability.store import HISTORY as AVAILABILITY
from services.matching.store import HISTORY as MATCHING
from shared.migrate import History
from shared.notices import tables as _notices  # noqa: F401  these belong to the same history
from shared.tables import Common

COMMON = History(schema="common", metadata=Common.metadata, package="shared")
HISTORIES = [COMMON, AVAILABILITY, MATCHING]
