"""Taking, confirming and giving back places: decided in memory on slots that are locked, then written at once.

What is refused changes nothing of a `Turn`, so that several orders may share one, each with its own answer.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import reads
from services.availability.app import facts
from services.availability.app.facts import Fact
from services.availability.app.rights import find_regulated_at, require_own_name, require_theirs
from services.availability.core.places import TakenPlace
from services.availability.refusals import BookingSettled, HoldExpired, SlotUnavailable
from services.availability.store import places as store
from services.availability.store.ledger import ServedPatients
from services.availability.store.notices import TOLD, booking_news
from services.availability.store.places import Ground
from services.availability.tables import OUTBOX
from shared.auth import Caller, Role
from shared.contracts import LIVE_BOOKING, BookingState, SlotView
from shared.db import Session
from shared.db.ids import new_id
from shared.patients.vault import Vault
from shared.refusals import NotFound

BEFORE: Mapping[BookingState, Collection[BookingState]] = {
    BookingState.RELEASED: (BookingState.HELD,),
    BookingState.CANCELLED: (BookingState.HELD, BookingState.CONFIRMED),
    # The two outcomes may be corrected into each other.
    BookingState.HONOURED: (BookingState.CONFIRMED, BookingState.NO_SHOW),
    BookingState.NO_SHOW: (BookingState.CONFIRMED, BookingState.HONOURED),
}
"""From which states a booking may come to each state."""
Sees = Callable[[Any], bool]
"""Whether the caller may see a slot, given its row."""


@dataclass(frozen=True, slots=True)
class WantedPlace:
    """A place wanted for a request. `held_for`: the account that a machine asks for; `reason`: why on top."""

    slot_id: UUID
    request_id: str
    length: timedelta
    held_for: str | None = None
    urgency: int | None = None
    own_patient: bool = False
    regulated_at: datetime | None = None
    reason: str | None = None


@dataclass(slots=True)
class Draft:
    """What changes: places by id, and what goes with each change, in order."""

    places: dict[UUID, TakenPlace] = field(default_factory=dict)
    reasons: dict[UUID, str] = field(default_factory=dict)
    sealed: dict[UUID, bytes] = field(default_factory=dict)
    history: list[tuple[TakenPlace, str, str]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def copy(self) -> "Draft":
        """The same, to come back to."""
        return Draft(dict(self.places), dict(self.reasons), dict(self.sealed), list(self.history), list(self.facts))


class Turn:
    """Slots whose turn it is, with what was decided on them so far."""

    def __init__(self, grounds: Collection[Ground]) -> None:
        """On slots as they were read."""
        self._grounds = {ground.slot.id: ground for ground in grounds}
        self._before = {key: place for ground in grounds for key, place in ground.places.items()}
        self.draft = Draft()

    @classmethod
    async def at(
        cls,
        session: AsyncSession,
        *,
        holds: Collection[WantedPlace] = (),
        slots: Collection[UUID] = (),
        bookings: Collection[UUID] = (),
    ) -> "Turn":
        """Take the turn of the slots of these orders; `slots` are locked whether they have a free place or not."""
        wanted = {hold.slot_id for hold in holds}
        turn = cls(await store.read(session, slots=wanted, always=slots, bookings=bookings))
        lapsed = {
            place.id for hold in holds if (place := turn._of(hold.slot_id, hold.request_id)) and turn.lapsed(place)
        }
        if lapsed.issubset(bookings):
            return turn
        # Their own hold has lapsed and still takes a place of a full slot: it has to end before it can be had again.
        return cls(await store.read(session, slots=wanted, always=slots, bookings=lapsed.union(bookings)))

    @property
    def now(self) -> datetime:
        """When the slots were read, locks in hand."""
        now: datetime = max(ground.slot.now for ground in self._grounds.values())
        return now

    @property
    def slots(self) -> Collection[UUID]:
        """Which slots were found."""
        return self._grounds.keys()

    def ground(self, slot_id: UUID) -> Ground:
        """One of the slots; raises `NotFound`."""
        found = self._grounds.get(slot_id)
        if found is None:
            raise NotFound
        return found

    def place(self, booking_id: UUID) -> TakenPlace:
        """A booking as it now stands; raises `NotFound`."""
        found = self.draft.places.get(booking_id) or self._before.get(booking_id)
        if found is None:
            raise NotFound
        return found

    def places_of(self, slot_id: UUID) -> list[TakenPlace]:
        """The live bookings of a slot, as they now stand, in order."""
        known = {**self.ground(slot_id).places, **{k: p for k, p in self.draft.places.items() if p.slot_id == slot_id}}
        return [place for _, place in sorted(known.items()) if place.state in LIVE_BOOKING]

    def lapsed(self, place: TakenPlace) -> bool:
        """Whether a hold ended without anybody saying so yet."""
        return place.state == BookingState.HELD and place.held_until is not None and place.held_until <= self.now

    def _of(self, slot_id: UUID, request_id: str | None) -> TakenPlace | None:
        if request_id is None or slot_id not in self._grounds:
            return None
        return next((place for place in self.places_of(slot_id) if place.request_id == request_id), None)

    def hold(self, caller: Caller, order: WantedPlace, *, sees: Sees) -> TakenPlace:
        """Keep one place for a request; asking twice is asking once. Raises `SlotUnavailable`, `NotFound`."""
        ground = self.ground(order.slot_id)
        if not sees(ground.slot):
            raise NotFound
        caller.require_practitioner(ground.slot.practitioner_id)
        require_own_name(caller, order.request_id)
        known = self._of(order.slot_id, order.request_id)
        if known is not None and not self.lapsed(known):
            return known
        if known is not None:
            self.expire(order.slot_id)
        if not ground.locked or not self._has_room(ground):
            raise SlotUnavailable(slot_id=order.slot_id)
        place = TakenPlace(
            id=new_id(self.now),
            cpts_id=ground.slot.cpts_id,
            slot_id=order.slot_id,
            request_id=order.request_id,
            state=BookingState.HELD,
            held_by=order.held_for if order.held_for and caller.role == Role.MACHINE else caller.id,
            held_until=self.now + order.length,
            own_patient=order.own_patient,
            regulated_at=find_regulated_at(caller, order.regulated_at, self.now),
            urgency=order.urgency,
        )
        if order.reason:
            self.draft.reasons[place.id] = order.reason
        return self._change(place, caller.id, caller.role, "slot_held.v1")

    def _has_room(self, ground: Ground) -> bool:
        slot = ground.slot
        taken = sum(not place.overbooked for place in self.places_of(slot.id))
        return bool(slot.status == "published" and taken < slot.capacity and slot.starts_at > self.now)

    def on_top(self, caller: Caller, slot_id: UUID, *, reason: str, request_id: str | None) -> TakenPlace:
        """Take a patient on top of the slot, by its practitioner's own choice; counted apart."""
        ground = self.ground(slot_id)
        caller.require_practitioner(ground.slot.practitioner_id)
        require_own_name(caller, request_id)
        if known := self._of(slot_id, request_id):
            return known
        place = TakenPlace(
            id=new_id(self.now),
            cpts_id=ground.slot.cpts_id,
            slot_id=slot_id,
            request_id=request_id,
            state=BookingState.CONFIRMED,
            held_by=caller.id,
            overbooked=True,
        )
        self.draft.reasons[place.id] = reason
        return self._change(place, caller.id, caller.role, "slot_overbooked.v1")

    def expire(self, slot_id: UUID) -> None:
        """End the lapsed holds of a slot."""
        for place in self.places_of(slot_id):
            if self.lapsed(place):
                ended = replace(place, state=BookingState.EXPIRED, held_until=None)
                self._change(ended, "service", Role.MACHINE, "booking_expired.v1")

    def mine(self, caller: Caller, booking_id: UUID) -> TakenPlace:
        """A booking that the caller may change; raises `NotFound`, `NotAllowed`."""
        place = self.place(booking_id)
        caller.require_practitioner(self.ground(place.slot_id).slot.practitioner_id)
        require_theirs(caller, held_by=place.held_by, host=self.ground(place.slot_id).slot.cpts_id)
        return place

    def confirm(self, caller: Caller, vault: Vault, booking_id: UUID, patient: Mapping[str, Any] | None) -> TakenPlace:
        """Make a hold firm before it lapses; confirming twice is once. Raises `HoldExpired`, `BookingSettled`."""
        place = self.mine(caller, booking_id)
        if place.state == BookingState.CONFIRMED:
            return place
        if place.state == BookingState.EXPIRED or self.lapsed(place):
            raise HoldExpired(booking_id=booking_id)
        if place.state != BookingState.HELD:
            raise BookingSettled(field="state", value=place.state)
        if patient is not None:
            self.draft.sealed[place.id] = vault.seal(patient, cpts_id=place.cpts_id, row_id=str(place.id))
        firm = replace(place, state=BookingState.CONFIRMED, held_until=None)
        return self._change(firm, caller.id, caller.role, "booking_confirmed.v1")

    def settle(self, caller: Caller, booking_id: UUID, after: BookingState, *, reason: str | None = None) -> TakenPlace:
        """Release, cancel, or say whether the patient came; twice is once. Raises `BookingSettled`."""
        place = self.mine(caller, booking_id)
        if place.state == after:
            return place
        if place.state not in BEFORE[after]:
            raise BookingSettled(field="state", value=place.state, rule=f"one of {', '.join(BEFORE[after])}")
        if reason:
            self.draft.reasons[place.id] = reason
        settled = replace(place, state=after, held_until=None)
        return self._change(settled, caller.id, caller.role, f"booking_{after}.v1")

    def _change(self, place: TakenPlace, by: str, role: str, fact: str) -> TakenPlace:
        self.draft.places[place.id] = place
        self.draft.history.append((place, by, role))
        self.draft.facts.append(Fact(fact, place.slot_id))
        return place

    def view_of(self, slot_id: UUID) -> SlotView:
        """A slot as it now stands."""
        slot, places = self.ground(slot_id).slot, self.places_of(slot_id)
        if slot_id not in self._find_changed_slots():
            return reads.slot_view(slot, places)
        return reads.slot_view(slot, places, version=slot.version + 1, **_counts(places))

    def _find_changed_slots(self) -> set[UUID]:
        return {place.slot_id for place in self.draft.places.values()}

    async def write(
        self, session: Session, caller: Caller, *, first: Sequence[Fact] = (), introduce: bool = False
    ) -> None:
        """Write what was decided, and tell it; `first` is told before. Nothing was decided: nothing is written."""
        if not (told_of := [*first, *self.draft.facts]):
            return
        views = {slot_id: self.view_of(slot_id) for slot_id in {fact.slot_id for fact in told_of}}
        live = {slot_id: bool(self.ground(slot_id).slot.live) for slot_id in views}
        rows, events = self._rows(caller, views), OUTBOX.bind(session, facts.events_of(told_of, views, live, self.now))
        rows.served = await facts.find_ledger_changes(session, self._count_served(), self.now)
        uncounted = await store.write(session, rows, now=self.now, events=events, guest_since=reads.GUEST_SINCE)
        if introduce and isinstance(session, AsyncSession):
            await facts.introduce_guests(session, views.values(), self.now)
        await facts.count_served(session, uncounted, self.now)

    def _rows(self, caller: Caller, views: Mapping[UUID, SlotView]) -> store.PlacesWritten:
        rows = store.PlacesWritten()
        for place in self.draft.places.values():
            sealed = self.draft.sealed.get(place.id)
            more = {"reason": self.draft.reasons.get(place.id), "sealed": sealed.hex() if sealed else None}
            if before := self._before.get(place.id):
                rows.moved.append({"id": place.id, "before": before.state, "after": place.state, **more})
            else:
                rows.made.append({**{name: getattr(place, name) for name in store.BOOKING}, **more})
            if sealed:
                who = {"cpts_id": place.cpts_id, "account": caller.id, "role": caller.role, "object_id": place.id}
                rows.accesses.append(who)
        for place, by, role in self.draft.history:
            change = {"cpts_id": place.cpts_id, "booking_id": place.id, "state": place.state, "by": by, "role": role}
            rows.history.append(change)
            if place.state in TOLD:
                rows.news.append(booking_news(place, self.ground(place.slot_id).slot, by))
        for slot_id in self._find_changed_slots():
            counts = {"taken": views[slot_id].taken, "overbooked": views[slot_id].overbooked}
            rows.slots.append({"id": slot_id, "version": self.ground(slot_id).slot.version, **counts})
        return rows

    def _count_served(self) -> list[ServedPatients]:
        """By how much the ledgers change."""
        changes = []
        for place in self.draft.places.values():
            before = self._before.get(place.id)
            if by := place.served - (before is not None and before.served):
                changes.append(ServedPatients.of(self.ground(place.slot_id).slot, place, by))
        return changes


def _counts(places: Collection[TakenPlace]) -> dict[str, int]:
    overbooked = sum(place.overbooked for place in places)
    return {"taken": len(places) - overbooked, "overbooked": overbooked}
