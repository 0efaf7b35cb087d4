"""A practitioner's slots as an agenda to subscribe to (RFC 5545). No patient, no motive: only that a place is taken."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import icalendar

from services.availability.interop.agendas.reading import OUR_DOMAIN


@dataclass(frozen=True, slots=True)
class ShownSlot:
    """A slot as its practitioner's agenda shows it."""

    id: str
    starts_at: datetime
    ends_at: datetime
    place: str
    taken: int
    capacity: int
    changed_at: datetime
    version: int


def agenda(slots: Iterable[ShownSlot]) -> bytes:
    """The iCalendar file. A slot with somebody in it takes time; a free one does not."""
    calendar = icalendar.Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", "-//Aiguillage//Creneaux//FR")
    calendar.add("X-WR-CALNAME", "Aiguillage")
    calendar.add("REFRESH-INTERVAL;VALUE=DURATION", "PT5M")
    for slot in slots:
        calendar.add_component(_event(slot))
    written: bytes = calendar.to_ical()
    return written


def _event(slot: ShownSlot) -> icalendar.Event:
    event = icalendar.Event()
    event.add("UID", f"{slot.id}{OUR_DOMAIN}")
    event.add("DTSTAMP", slot.changed_at.astimezone(UTC))
    event.add("DTSTART", slot.starts_at.astimezone(UTC))
    event.add("DTEND", slot.ends_at.astimezone(UTC))
    event.add("SEQUENCE", slot.version)
    event.add("SUMMARY", f"Réservé ({slot.taken}/{slot.capacity})" if slot.taken else "Créneau libre")
    event.add("LOCATION", slot.place)
    event.add("TRANSP", "OPAQUE" if slot.taken else "TRANSPARENT")
    return event
