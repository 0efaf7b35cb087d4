"""What our machines ask of one place, many times a second: read without a lock, decided, written if nothing moved.

The statement that writes tests what was read and commits by itself; whoever was quicker makes it fail, and it is all
done again. In one process those who want the same slot come one after another, so that nobody fails in vain and nobody
holds a connection while they wait; between processes the database decides.
"""

from collections.abc import Callable
from contextlib import nullcontext
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
from shared.running.queues import Queues

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
        async with self._queues.take_turn(wanted.slot_id):
            return await self._decide(
                token, lambda caller, turn: turn.hold(caller, wanted, sees=lambda _slot: True), slot=wanted.slot_id
            )

    async def confirm(self, token: str, booking_id: UUID, patient: Patient | None) -> BookingView | None:
        """As `bookings.confirm_hold`."""

        def decide(caller: Caller, turn: Turn) -> TakenPlace:
            if patient is not None:
                patient.refuse_unborn(turn.now)
            return turn.confirm(caller, self._vault, booking_id, seal_patient(patient))

        return await self._decide(token, decide, counts=True, booking=booking_id)

    async def settle(
        self, token: str, booking_id: UUID, after: BookingState, reason: str | None = None
    ) -> BookingView | None:
        """As `bookings.settle_booking`."""
        return await self._decide(
            token,
            lambda caller, turn: turn.settle(caller, booking_id, after, reason=reason),
            counts=after is not BookingState.RELEASED,
            booking=booking_id,
        )

    async def _decide(
        self, token: str, decide: Callable[[Caller, Turn], TakenPlace], *, counts: bool = False, **asked: UUID
    ) -> BookingView | None:
        """`counts`: what follows a change of who is served is one transaction with it; a hold is one statement."""
        secret = hash_token(token)
        for _ in range(TRIES if token else 0):
            try:
                async with self._direct.open_session() as session:
                    found = await store.look(session, secret, **asked)
                    if found is None:
                        return None
                    name, grounds = found
                    if not grounds:
                        raise NotFound
                    caller, turn = Caller(name, Role.MACHINE, frozenset({"*"})), Turn(grounds)
                    place = decide(caller, turn)
                    if turn.draft.facts:
                        async with session.together() if counts else nullcontext():
                            await turn.write(session, caller)
                    return reads.booking_view(place)
            except store.MOVED:
                continue
        return None
