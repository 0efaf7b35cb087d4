"""Many holds, confirmations and releases in one transaction, each with its own answer: what a round decided."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import reads
from services.availability.app.places import Sees, Turn, WantedPlace
from services.availability.core.places import TakenPlace
from services.availability.orders import Batch, ConfirmationOf, HoldOf, ReleaseOf
from services.availability.refusals import GroupRefused
from shared.auth import Caller
from shared.contracts import BookingState, BookingView
from shared.outside.asked import is_national_number
from shared.outside.nir import PatientNumberRefused
from shared.patients.patient import Patient
from shared.patients.vault import Vault
from shared.refusals import Invalid, Refusal

Answer = BookingView | Refusal


@dataclass(frozen=True, slots=True)
class Item:
    """One order of the batch, and how it is carried out."""

    kind: str
    number: int
    group: str | None
    act: Callable[[Turn], TakenPlace]


@dataclass(frozen=True, slots=True)
class Hands:
    """Who carries a batch out, and with what."""

    caller: Caller
    vault: Vault
    sees: Sees

    def hold(self, order: HoldOf, wanted: WantedPlace, turn: Turn) -> TakenPlace:
        """Hold, and confirm when asked to."""
        place = turn.hold(self.caller, wanted, sees=self.sees)
        return turn.confirm(self.caller, self.vault, place.id, seal_patient(order.patient)) if order.confirm else place

    def confirm(self, order: ConfirmationOf, turn: Turn) -> TakenPlace:
        """Make a hold firm."""
        return turn.confirm(self.caller, self.vault, order.booking_id, seal_patient(order.patient))

    def release(self, order: ReleaseOf, turn: Turn) -> TakenPlace:
        """Give a place back: as asked, else as it stands."""
        kept = turn.mine(self.caller, order.booking_id).state in (BookingState.HELD, BookingState.RELEASED)
        after = order.state or (BookingState.RELEASED if kept else BookingState.CANCELLED)
        return turn.settle(self.caller, order.booking_id, BookingState(after), reason=order.reason)


async def carry_out(session: AsyncSession, hands: Hands, batch: Batch) -> dict[str, list[Answer]]:
    """Carry out each order or refuse it; those of one group all, or none. Answers them in the order they were given."""
    holds = [_to_wanted_place(order) for order in batch.hold]
    bookings = {order.booking_id for order in batch.confirm} | {order.booking_id for order in batch.release}
    turn = await Turn.at(session, holds=holds, bookings=bookings)
    answers: dict[tuple[str, int], TakenPlace | Refusal] = {}
    for unit in _units(_items(hands, batch, holds)):
        answers |= _all_or_none(turn, unit)
    await turn.write(session, hands.caller)
    views: dict[str, list[Answer]] = {"hold": [], "confirm": [], "release": []}
    for (kind, _number), answer in sorted(answers.items(), key=lambda each: each[0]):
        views[kind].append(reads.booking_view(turn.place(answer.id)) if isinstance(answer, TakenPlace) else answer)
    return views


def _to_wanted_place(order: HoldOf) -> WantedPlace:
    plain = order.model_dump(include={"slot_id", "request_id", "held_for", "urgency", "own_patient", "regulated_at"})
    return WantedPlace(length=timedelta(minutes=order.minutes), **plain)


def _items(hands: Hands, batch: Batch, holds: Sequence[WantedPlace]) -> list[Item]:
    """What is given back comes first, so that it may be taken in the same call."""
    return [
        *(
            Item("release", n, each.all_or_none_group, partial(hands.release, each))
            for n, each in enumerate(batch.release)
        ),
        *(
            Item("hold", n, each.all_or_none_group, partial(hands.hold, each, wanted))
            for n, (each, wanted) in enumerate(zip(batch.hold, holds, strict=True))
        ),
        *(
            Item("confirm", n, each.all_or_none_group, partial(hands.confirm, each))
            for n, each in enumerate(batch.confirm)
        ),
    ]


def _units(items: Sequence[Item]) -> list[list[Item]]:
    """What stands or falls together, in order of its first order."""
    units: dict[object, list[Item]] = defaultdict(list)
    for item in items:
        units[item.group or (item.kind, item.number)].append(item)
    return list(units.values())


def _all_or_none(turn: Turn, unit: Sequence[Item]) -> dict[tuple[str, int], TakenPlace | Refusal]:
    before = turn.draft.copy()
    done: dict[tuple[str, int], TakenPlace | Refusal] = {}
    for item in unit:
        try:
            done[item.kind, item.number] = item.act(turn)
        except Refusal as refusal:
            turn.draft = before
            others: dict[tuple[str, int], TakenPlace | Refusal] = {
                (each.kind, each.number): GroupRefused() for each in unit
            }
            return others | {(item.kind, item.number): refusal}
    return done


def seal_patient(patient: Patient | Mapping[str, str | None] | None) -> Mapping[str, Any] | None:
    """A patient as the vault seals them; raises `PatientNumberRefused`, or `Invalid` for what does not suit."""
    if patient is None:
        return None
    if not isinstance(patient, Patient):
        try:
            patient = Patient.model_validate(patient)
        except ValidationError as faulty:
            if any(is_national_number(each) for each in faulty.errors()):
                raise PatientNumberRefused(field="patient", rule="no NIR, no INS identifier") from None
            wrong = sorted({str(each["loc"][0]) for each in faulty.errors() if each["loc"]})
            raise Invalid(field="patient", rule=", ".join(wrong)) from None
    patient.refuse_national_numbers()
    return patient.model_dump(mode="json")
