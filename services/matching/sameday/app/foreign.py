"""Free slots on other editors' agendas: proposed with the address where one books them, never held from here."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from services.matching.engine.model import Mode, Option, Point, Slot, SlotType


class ElsewhereSlot(BaseModel):
    """What the availability service says of one; without a point, nobody knows how far it is."""

    editor: str
    their_id: str
    practitioner_id: str
    starts_at: datetime
    ends_at: datetime
    types: list[str]
    modes: list[str]
    agenda_url: str
    line: str
    postal_code: str
    city: str
    lat: float | None
    lon: float | None
    read_at: datetime
    stale: bool

    @property
    def id(self) -> str:
        """Ours, made of theirs."""
        return f"{self.editor}:{self.their_id}"


class ElsewhereView(BaseModel):
    """One slot to be booked at `agenda_url` (empty: on the agenda of `editor`).

    `stale`: not confirmed since `read_at`.
    """

    editor: str
    practitioner_id: str
    starts_at: datetime
    ends_at: datetime
    modes: list[str]
    address: str
    travel_s: int
    agenda_url: str
    read_at: datetime
    stale: bool


def core_slots(
    found: Iterable[ElsewhereSlot], practitioners: Mapping[str, Mapping[str, Any]], now: datetime
) -> tuple[Slot, ...]:
    """As the core takes them, so that the same rules decide which may be proposed."""
    return tuple(
        Slot(
            id=each.id,
            practitioner=each.practitioner_id,
            point=Point(each.lat, each.lon),
            starts_at_s=int(each.starts_at.timestamp()),
            ends_at_s=int(each.ends_at.timestamp()),
            profession=practitioners[each.practitioner_id]["profession"],
            specialty=practitioners[each.practitioner_id]["specialty"],
            modes=frozenset(Mode(mode) for mode in each.modes),
            types=frozenset(SlotType(kind) for kind in each.types),
        )
        for each in found
        if each.practitioner_id in practitioners and each.lat is not None and each.lon is not None
        if each.starts_at > now
    )


def elsewhere(options: Iterable[Option], found: Mapping[str, ElsewhereSlot]) -> list[ElsewhereView]:
    """Options as the screen shows them."""
    return [_view(found[option.slot], option) for option in options]


def _view(slot: ElsewhereSlot, option: Option) -> ElsewhereView:
    shown = slot.model_dump(include=set(ElsewhereView.model_fields))
    town = f"{slot.postal_code} {slot.city}".strip()
    address = ", ".join(part for part in (slot.line, town) if part)
    return ElsewhereView(**shown, address=address, travel_s=option.cost.travel_s)
