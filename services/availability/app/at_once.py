"""What our machines ask of one place, many times a second: read without a lock, decided, written if nothing moved.

The statement that writes tests what was read and commits by itself; whoever was quicker makes it fail, and it is all
done again. In one process those who want the same slot come one after another, so that nobody fails in vain and nobody
holds a connection while they wait; between processes the database decides.
"""

from collections.abc import Callable
from uuid import UUID

from services.availability import reads
from services.availability.app.batch import seal_patient
from services.availability.app.places import Turn, WantedPlace
from services.availability.core.places import TakenPlace
from services.availability.store import places as store
from shared.auth import Caller, Role, hash_token
from shared.contracts import BookingState, BookingView
from shared.db.direct import Direct
from shared.patients.patient import Patient
from shared.patients.vault import Vault
from shared.refusals import NotFound
from shared.running.queues import QueuePlace, Queues

Decide = Callable[[Caller, Turn], TakenPlace]
Seen = tuple[str, list[store.Ground]]
TRIES = 5
"""After so many the slot's lock is waited for instead."""


class MachineHands:
    """Answers None to whoever is no machine of ours for every CPTS: they act in a transaction of their own."""

    def __init__(self, direct: Direct, vault: Vault) -> None:
        """One a process."""
        self._direct, self._vault = direct, vault
        self._queues = Queues[UUID]()

    async def hold(self, token: str, wanted: WantedPlace) -> BookingView | None:
        """As `bookings.hold_slot`."""
        if not token:
            return None

        def decide(caller: Caller, turn: Turn) -> TakenPlace:
            return turn.hold(caller, wanted, sees=lambda _slot: True)

        async with self._queues.take_turn(wanted.slot_id) as place:
            if (known := _use_shown(place, token, decide)) is not None:
                return known
            return await self._decide(token, decide, place=place, slot=wanted.slot_id)

    async def confirm(self, token: str, booking_id: UUID, patient: Patient | None) -> BookingView | None:
        """As `bookings.confirm_hold`."""

        def decide(caller: Caller, turn: Turn) -> TakenPlace:
            if patient is not None:
                patient.refuse_unborn(turn.now)
            return turn.confirm(caller, self._vault, booking_id, seal_patient(patient))

        return await self._decide(token, decide, booking=booking_id)

    async def settle(
        self, token: str, booking_id: UUID, after: BookingState, reason: str | None = None
    ) -> BookingView | None:
        """As `bookings.settle_booking`."""
        return await self._decide(
            token,
            lambda caller, turn: turn.settle(caller, booking_id, after, reason=reason),
            booking=booking_id,
        )

    async def _decide(
        self,
        token: str,
        decide: Decide,
        *,
        place: QueuePlace | None = None,
        **asked: UUID,
    ) -> BookingView | None:
        """Decide on what is there and write it, by one statement that commits by itself.

        Those who came to the same `place` before we looked may use what we saw, unless we change it.
        """
        secret = hash_token(token)
        for _ in range(TRIES if token else 0):
            try:
                async with self._direct.open_session() as session:
                    came = place.line.came if place else 0
                    found = await store.look(session, secret, **asked)
                    if found is None:
                        return None
                    if place:
                        place.line.show(came, (token, found))
                    caller, turn, taken = _decide_on(found, decide)
                    if turn.draft.facts:
                        if place:
                            place.line.seen = None
                        await turn.write(session, caller)
                    return reads.booking_view(taken)
            except store.MOVED:
                continue
            except store.LedgerUncounted:
                return None
        return None


def _decide_on(found: Seen, decide: Decide) -> tuple[Caller, Turn, TakenPlace]:
    """Who asks, the turn, and what was decided; raises `NotFound` and what `decide` refuses."""
    name, grounds = found
    if not grounds:
        raise NotFound
    caller, turn = Caller(name, Role.MACHINE, frozenset({"*"})), Turn(grounds)
    return caller, turn, decide(caller, turn)


def _use_shown(place: QueuePlace, token: str, decide: Decide) -> BookingView | None:
    """The answer, or the refusal, by what another call of the same machine saw after this one had come.

    None when something is to be written: that needs a look of one's own.
    """
    if place.shown is None or place.shown[0] != token:
        return None
    _, turn, taken = _decide_on(place.shown[1], decide)
    return None if turn.draft.facts else reads.booking_view(taken)
