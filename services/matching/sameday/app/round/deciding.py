"""What a round decides on, and what its plan means for each request: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.matching.engine.ahead.policies import firm_at_s, leave_by_at_s
from services.matching.engine.model import (
    Assignment,
    Cost,
    Instance,
    Mode,
    Plan,
    Point,
    Practitioner,
    Request,
    Slot,
    SlotType,
    Unmatched,
    Urgency,
)
from services.matching.engine.sameday.explain import PLACE
from services.matching.sameday.access import NEEDS
from services.matching.sameday.app.bookings import NO_SLOT
from services.matching.sameday.app.parameters import CptsParameters, Step
from services.matching.sameday.store.requests import Move
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Role
from shared.contracts import SEEKING, RelaxationView, RequestState

ROUND = "round"
"""Who changes a request when nobody does."""
A_MOMENT = timedelta(milliseconds=100)
UNDONE = frozenset({"slot_withdrawn", "booking_ended"})
"""Why a confirmed slot was lost: whoever asked has to tell the patient, whatever is in mind for them since."""
SEES: Mapping[str, frozenset[SlotType]] = {
    Role.PHARMACIST: frozenset({SlotType.PUBLIC, SlotType.PRO, SlotType.CPTS}),
    Role.PRACTITIONER: frozenset({SlotType.PUBLIC, SlotType.PRO, SlotType.CPTS}),
    Role.DELEGATE: frozenset({SlotType.PUBLIC, SlotType.PRO, SlotType.CPTS}),
}
"""Slot types open to who asks (TRE_R314: SNP slots are for regulation); everyone else sees all."""


def core_request(row: RequestRow) -> Request:
    """A request as the core takes it."""
    return Request(
        id=str(row.id),
        urgency=Urgency(row.urgency),
        point=Point(row.lat, row.lon),
        earliest_at_s=_s(row.earliest_at),
        deadline_at_s=_s(row.deadline_at),
        submitted_at_s=_s(row.submitted_at),
        answer_by_at_s=_s(row.answer_by),
        cpts=row.cpts_id,
        professions=frozenset(tokens_of(row)),
        act=row.act,
        modes=frozenset(Mode(mode) for mode in row.modes),
        age=row.age,
        max_travel_s=row.max_travel_s,
        on_foot=row.on_foot,
        wheelchair=row.wheelchair,
        habitual="" if row.habitual_practitioner_id is None else str(row.habitual_practitioner_id),
        party=row.party,
        sees=SEES.get(row.asked_role, frozenset(SlotType)),
        forbidden=frozenset(row.forbidden),
    )


def tokens_of(row: RequestRow) -> list[str]:
    """Whom a request asks for: its professions, those with a condition on who has them as `needs` says."""
    conditional = {each.partition(NEEDS)[0] for each in row.needs}
    return [*row.needs, *(each for each in row.professions if each not in conditional)]


def _s(instant: datetime) -> int:
    return int(instant.timestamp())


def instance_of(
    rows: Iterable[RequestRow],
    slots: Iterable[Slot],
    practitioners: Iterable[Practitioner],
    parameters: CptsParameters,
    now: datetime,
    unseen: Mapping[str, int],
) -> Instance:
    """All that seeks, all that is free. `unseen`: by slot, places we took that the replica does not show yet."""
    free = (replace(slot, places=slot.places - unseen.get(slot.id, 0)) if slot.id in unseen else slot for slot in slots)
    seeking = sorted((row for row in rows if _seeks(row, now)), key=lambda row: str(row.id))
    return Instance(
        now_at_s=_s(now),
        requests=tuple(core_request(row) for row in seeking),
        slots=tuple(slot for slot in free if slot.places > 0),
        practitioners=tuple(practitioners),
        parameters=parameters.core,
    )


def _seeks(row: RequestRow, now: datetime) -> bool:
    """Whether a place is kept in mind for a request: who chooses by hand has until `answer_by`, then others come."""
    return row.state in SEEKING and row.deadline_at > now and (row.automatic or now < wait_for_choice_until(row))


def wait_for_choice_until(row: RequestRow) -> datetime:
    """Until when whoever chooses by hand is waited for."""
    return max(row.answer_by, row.in_hand_until or row.answer_by)


def full_slots(slots: Iterable[Slot], instance: Instance) -> tuple[Slot, ...]:
    """The slots without a place left for this instance."""
    free = {slot.id for slot in instance.slots}
    return tuple(slot for slot in slots if slot.id not in free)


def decide_by(row: RequestRow, slot: Mapping[str, Any], travel_s: int, parameters: CptsParameters) -> datetime:
    """Until when this assignment may stay provisional: the patient must know, leave in time, and the slot must last."""
    starts_at_s, gives_back = datetime.fromisoformat(slot["starts_at"]).timestamp(), slot["give_back_at"]
    firm_s = firm_at_s(
        row.answer_by.timestamp(),
        leave_by_at_s(starts_at_s, travel_s, at_home=Mode.HH in slot.get("modes", ()) and Mode.HH in row.modes),
        60 * parameters.notice_minutes,
        None if gives_back is None else datetime.fromisoformat(gives_back).timestamp(),
    )
    return datetime.fromtimestamp(firm_s, UTC)


def propose(row: RequestRow, assignment: Assignment, slot: Mapping[str, Any], now: datetime) -> Move | None:
    """The request has this slot in mind, told to nobody yet; None when it already had."""
    if row.state == RequestState.PROPOSED and str(row.slot_id) == assignment.slot:
        return None
    return Move(
        row.id,
        code="proposed",
        by=ROUND,
        at=now,
        from_states=SEEKING,
        to=RequestState.PROPOSED,
        version=row.version,
        detail={"slot_id": assignment.slot, "runner_up": assignment.runner_up},
        values={
            **NO_SLOT,
            "slot_id": UUID(assignment.slot),
            "practitioner_id": UUID(slot["practitioner_id"]),
            "starts_at": datetime.fromisoformat(slot["starts_at"]),
            "cost": cost_of(assignment.cost),
            "blockers": {},
            "relaxations": [],
            "reason": row.reason if row.reason in UNDONE else "",
        },
    )


def cost_of(cost: Cost) -> dict[str, int]:
    """A cost, term by term, as the board shows it."""
    return {
        "travel_s": cost.travel_s,
        "tele_s": cost.tele_s,
        "wait": cost.wait,
        "continuity": cost.continuity,
        "fairness": cost.fairness,
        "stability": cost.stability,
        "total": cost.total,
    }


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a request has no slot, and what would serve it."""

    blockers: dict[str, int]
    relaxations: list[dict[str, Any]]

    @property
    def first(self) -> str:
        """The rule that excludes most slots."""
        return max(self.blockers, key=lambda code: self.blockers[code]) if self.blockers else "no_slot"


def reasons_of(unmatched: Unmatched) -> Reasons:
    """What a plan says of a request that it leaves out."""
    return Reasons(
        blockers={str(blocker): count for blocker, count in unmatched.blockers},
        relaxations=[
            RelaxationView(
                kind=each.kind, amount=each.amount, slot_id=each.slot, practitioner_id=each.practitioner
            ).model_dump()
            for each in unmatched.relaxations
        ],
    )


def leave_out(row: RequestRow, reasons: Reasons, parameters: CptsParameters, now: datetime) -> Move | None:
    """What becomes of a request without a slot: unserved at its deadline, escalated when its step is due, else open."""
    explained = {"blockers": reasons.blockers, "relaxations": reasons.relaxations}
    if row.deadline_at <= now:
        to, code, values = RequestState.UNSERVED, "unserved", {"reason": reasons.first, "next_step_at": None}
    elif row.next_step_at is not None and row.next_step_at <= now:
        return _escalate(row, explained, parameters, now)
    elif row.state == RequestState.PROPOSED:
        why = "slot_taken" if row.automatic or now < wait_for_choice_until(row) else "undecided"
        to, code, values = RequestState.OPEN, "reopened", {"reason": row.reason or why}
    else:
        return None
    return Move(
        row.id,
        code=code,
        by=ROUND,
        at=now,
        from_states=SEEKING,
        to=to,
        version=row.version,
        values={**NO_SLOT, **explained, **values},
    )


def _escalate(row: RequestRow, explained: dict[str, Any], parameters: CptsParameters, now: datetime) -> Move:
    level = row.escalation
    due = parameters.escalation[level]
    later = parameters.next_step(submitted_at=row.submitted_at, urgency=row.urgency, level=level + 1)
    wider = {"max_travel_s": row.max_travel_s + 60 * due.travel_minutes} if due.travel_minutes else {}
    asked = _whom_to_ask(explained["relaxations"]) if due.step is Step.ASK_OVERBOOKING else []
    return Move(
        row.id,
        code="escalated",
        by=ROUND,
        at=now,
        from_states=SEEKING,
        to=RequestState.ESCALATED,
        version=row.version,
        detail={"step": due.step, "travel_minutes": due.travel_minutes, "practitioners": asked},
        values={
            **NO_SLOT,
            **explained,
            **wider,
            "escalation": level + 1,
            # What is overdue comes next, not now: a round only wakes for what is still to come.
            "next_step_at": None if later is None else max(later, now + A_MOMENT),
            "reason": due.step,
        },
    )


def _whom_to_ask(relaxations: Sequence[Mapping[str, Any]]) -> list[str]:
    """The practitioners of whom one more place would serve: the engine names none who is at the week's limit."""
    return sorted({each["practitioner_id"] for each in relaxations if each["kind"] == PLACE})


def next_due(rows: Iterable[RequestRow], now: datetime) -> datetime | None:
    """When time alone will change something of these requests."""
    moments: set[datetime | None] = set()
    for row in rows:
        if row.state in SEEKING:
            moments |= {row.answer_by, row.next_step_at, row.deadline_at, row.in_hand_until}
        if row.state == RequestState.HELD:
            moments.add(row.held_until)
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def plan_by_request(plan: Plan) -> tuple[dict[str, Assignment], dict[str, Unmatched]]:
    """The plan's two halves, by request."""
    return {each.request: each for each in plan.assignments}, {each.request: each for each in plan.unmatched}
