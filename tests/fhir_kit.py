"""The searches of the SAS, as it and its certification kit send them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from shared.db.clock import PARIS

SYSTEM = "urn:oid:1.2.250.1.71.4.2.1"
CPTS_INCLUDES = "&_include=Slot:service-type-reference&_include:iterate=HealthcareService:organization"


def search(
    rpps: Sequence[str], *, cpts: bool = False, from_at: datetime | None = None, days: int = 3, bar: str = "|"
) -> str:
    """The path of a search from now (or `from_at`) to the end of the day after tomorrow, in Paris' time."""
    starts = (from_at or datetime.now(UTC)).astimezone(PARIS)  # noqa: TID251  the kit asks from the real now
    ends = (starts + timedelta(days=days - 1)).replace(hour=23, minute=59, second=59, microsecond=999000)
    identifiers = ",".join(f"{SYSTEM}{bar}8{each}" for each in rpps)
    return (
        "/Slot?_include=Slot:schedule&_include:iterate=Schedule:actor"
        f"&start=ge{starts.isoformat(timespec='milliseconds')}&start=le{ends.isoformat(timespec='milliseconds')}"
        f"&schedule.actor:Practitioner.identifier={identifiers}&status=free{CPTS_INCLUDES if cpts else ''}"
    )
