"""Asking another editor as the SAS asks us, and what of the answer concerns a CPTS. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from services.availability.fhir import terms
from services.availability.fhir.formats import instant, national_id
from services.availability.fhir.outcome import Malformed
from services.availability.fhir.query import IDENTIFIERS, MOST_IDENTIFIERS
from services.availability.fhir.reading import items, text
from services.availability.fhir.values import SlotValue
from shared.clock import PARIS

MOST_SLOTS = 1000
LONGEST = timedelta(days=1)
BY_PRACTITIONER = "_include=Slot:schedule&_include:iterate=Schedule:actor"
BY_CPTS = f"{BY_PRACTITIONER}&_include=Slot:service-type-reference&_include:iterate=HealthcareService:organization"


@dataclass(frozen=True, slots=True)
class Window:
    """From now to the end of the day after tomorrow in Paris, as the SAS asks."""

    from_at: datetime
    to_at: datetime

    @classmethod
    def after(cls, now: datetime) -> "Window":
        """The window that begins now."""
        last = now.astimezone(PARIS).date() + timedelta(days=2)
        return cls(now, datetime.combine(last, time(23, 59, 59, 999000), PARIS))


def batches(rpps: Sequence[str]) -> list[Sequence[str]]:
    """The practitioners, 25 at a time."""
    return [rpps[first : first + MOST_IDENTIFIERS] for first in range(0, len(rpps), MOST_IDENTIFIERS)]


def halves(batch: Sequence[str], found: int) -> list[Sequence[str]]:
    """An answer of as many slots as were asked for may lack others: two smaller questions instead of this one."""
    if found < MOST_SLOTS or len(batch) == 1:
        return []
    return [batch[: len(batch) // 2], batch[len(batch) // 2 :]]


def address_of(base: str, mode: Literal["PS", "CPTS"], window: Window, batch: Sequence[str]) -> str:
    """The search for the free slots of these practitioners (11 digits each)."""
    includes = BY_CPTS if mode == "CPTS" else BY_PRACTITIONER
    tokens = (f"{terms.NATIONAL_ID}|{national_id(each)}" for each in batch)
    return (
        f"{base.rstrip('/')}/Slot?{includes}"
        f"&start=ge{instant(window.from_at)}&start=le{instant(window.to_at)}"
        f"&{IDENTIFIERS}={','.join(tokens)}&status=free&_count={MOST_SLOTS}"
    )


def next_page(bundle: dict[str, Any], asked: str) -> str | None:
    """Where the answer goes on, if it does; raises `Malformed` when that is not where it was asked."""
    found = [text(link, "url", longest=8000) for link in items(bundle, "link") if text(link, "relation") == "next"]
    if not found:
        return None
    try:
        address = urljoin(asked, found[0])
        elsewhere = urlsplit(address)[:2] != urlsplit(asked)[:2]
    except ValueError:
        raise Malformed("L'adresse de la suite est illisible.", field="link.next", rule="a URL") from None
    if elsewhere:
        raise Malformed("La suite est sur un autre serveur.", field="link.next", rule="the same server")
    return address


def concerning(
    slots: Collection[SlotValue], *, finess: str, rpps: Collection[str], window: Window
) -> dict[str, SlotValue]:
    """The slots that this CPTS may propose, by id: of whom was asked, within the window, open to someone here."""
    kept = {}
    for slot in slots:
        types = _types_here(slot, finess)
        inside = window.from_at <= slot.starts_at <= window.to_at and slot.ends_at - slot.starts_at <= LONGEST
        if types and inside and slot.schedule.practitioner.rpps in rpps:
            modes = tuple(mode for mode in terms.MODES if mode in slot.modes) or ("AMB",)
            kept[slot.id] = replace(slot, types=types, modes=modes, agenda_url=safe_link(slot.agenda_url))
    return kept


def _types_here(slot: SlotValue, finess: str) -> tuple[str, ...]:
    """The slot's types that hold for this CPTS: a slot of other CPTS is not for this one."""
    ours = any(cpts.finess == finess for cpts in slot.cpts)
    return tuple(kind for kind in terms.SLOT_TYPES if kind in slot.types and (kind != "CPTS" or ours))


def safe_link(address: str) -> str:
    """A web address that a person may be sent to; empty when it is anything else (a script, a password in it)."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in ("http", "https") and parts.hostname and not parts.username else ""
