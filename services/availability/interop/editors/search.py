"""Asking another editor as the SAS asks us, and what of the answer concerns a CPTS. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from services.availability.interop.editors.foreign import parse_bundle
from services.availability.interop.fhir import terms
from services.availability.interop.fhir.formats import instant, national_id
from services.availability.interop.fhir.outcome import Malformed
from services.availability.interop.fhir.query import IDENTIFIERS, MOST_IDENTIFIERS
from services.availability.interop.fhir.reading import item, items, text
from services.availability.interop.fhir.values import SlotValue
from shared.db.clock import PARIS

MOST_SLOTS = 1000
INCOMPLETE = frozenset({"incomplete", "too-costly", "timeout", "throttled", "transient"})
"""Codes of issues (FHIR issue-type) that mean: there is more than this."""
LONGEST = timedelta(days=1)
BY_PRACTITIONER = "_include=Slot:schedule&_include:iterate=Schedule:actor"
BY_CPTS = f"{BY_PRACTITIONER}&_include=Slot:service-type-reference&_include:iterate=HealthcareService:organization"


@dataclass(frozen=True, slots=True)
class SearchWindow:
    """From now to the end of the day after tomorrow in Paris, as the SAS asks."""

    from_at: datetime
    to_at: datetime

    @classmethod
    def after(cls, now: datetime) -> "SearchWindow":
        """The window that begins now."""
        last = now.astimezone(PARIS).date() + timedelta(days=2)
        return cls(now, datetime.combine(last, time(23, 59, 59, 999000), PARIS))


def batches(rpps: Sequence[str]) -> list[Sequence[str]]:
    """The practitioners, 25 at a time."""
    return [rpps[first : first + MOST_IDENTIFIERS] for first in range(0, len(rpps), MOST_IDENTIFIERS)]


@dataclass(slots=True)
class EditorAnswer:
    """One answer, page by page: its slots, and what it says of how many there are."""

    slots: list[SlotValue] = field(default_factory=list)
    announced: int = 0
    _ids: set[str] = field(default_factory=set)
    _entries: int = 0

    def add(self, bundle: dict[str, Any]) -> None:
        """One more page; raises `Malformed` or `Missing`."""
        self.slots += parse_bundle(bundle)
        total = bundle.get("total", 0)
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise Malformed("Le nombre de créneaux est illisible.", field="Bundle.total", rule="0 or more")
        self.announced = max(self.announced, total)
        found = [item(entry, "resource") for entry in items(bundle, "entry")]
        _refuse_excuses(found)
        self._entries += len(found)
        self._ids |= {text(each, "id") for each in found if each.get("resourceType") == "Slot"}

    @property
    def lacks(self) -> int:
        """How many slots it announces and does not hold. `total` counts slots; who counts all entries is excused."""
        return 0 if self.announced == self._entries else max(0, self.announced - len(self._ids))

    def whole(self) -> list[SlotValue]:
        """The slots, when none is lacking; raises `Malformed`."""
        if self.lacks:
            said = f"La réponse est incomplète : {self.announced} créneaux annoncés, {len(self._ids)} reçus."
            raise Malformed(said, field="Bundle.total", value=str(self.announced), rule="every slot, or a next page")
        return self.slots


def _refuse_excuses(found: Sequence[dict[str, Any]]) -> None:
    """An answer may say itself, beside its slots, that it is not whole; raises `Malformed`."""
    outcomes = (each for each in found if each.get("resourceType") == "OperationOutcome")
    for issue in (issue for each in outcomes for issue in items(each, "issue")):
        if text(issue, "severity") in ("fatal", "error") or text(issue, "code") in INCOMPLETE:
            raise Malformed("La réponse dit elle-même être incomplète.", field="OperationOutcome", rule="none")


def halves(batch: Sequence[str], answer: EditorAnswer) -> list[Sequence[str]]:
    """An answer that is full, or lacks slots, may lack others: two smaller questions instead of this one."""
    if len(batch) == 1 or (len(answer.slots) < MOST_SLOTS and not answer.lacks):
        return []
    return [batch[: len(batch) // 2], batch[len(batch) // 2 :]]


def address_of(base: str, mode: Literal["PS", "CPTS"], window: SearchWindow, batch: Sequence[str]) -> str:
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
    slots: Collection[SlotValue], *, finess: str, rpps: Collection[str], window: SearchWindow
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
