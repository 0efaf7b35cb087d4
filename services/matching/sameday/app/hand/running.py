"""What whoever runs the board does by hand: hand a request over, note a call, leave a note, close many, open again.

Closing leaves alone what holds a place or has an appointment: that is somebody's, and is ended one by one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from services.matching.sameday.app.asking import RUNS_THE_BOARD, acting_on
from services.matching.sameday.app.bookings import BOOKED, NO_SLOT
from services.matching.sameday.app.hand.tending import Desk
from services.matching.sameday.app.parameters import parameters_of
from services.matching.sameday.store.notes import RequestNoteRow, notes_of, write_note
from services.matching.sameday.store.requests import Move, RequestMoved, move, tell
from services.matching.sameday.store.tables import RequestChangeRow, RequestRow
from shared.auth import Role, record_access
from shared.contracts import ON_THE_BOARD, RequestState
from shared.db import database_now
from shared.db.ids import new_id
from shared.db.tables import RoleGrantRow
from shared.outside.nir import refuse_nir
from shared.refusals import Invalid, NotFound

MAY_TAKE_CHARGE = (Role.COORDINATOR, Role.REGULATOR)
"""Whom a request may be handed to."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note, opened."""

    by: str
    text: str
    row: RequestNoteRow


async def hand_over(desk: Desk, request_id: UUID, to: UUID | None) -> RequestRow:
    """Somebody else takes care of a request, or nobody does any more; raises `Invalid` when they may not."""
    row = await _run_by(desk, request_id)
    if to is not None:
        grants = select(RoleGrantRow).where(
            RoleGrantRow.account_id == to,
            RoleGrantRow.cpts_id == row.cpts_id,
            col(RoleGrantRow.role).in_(MAY_TAKE_CHARGE),
        )
        if (await desk.session.exec(grants)).first() is None:
            raise Invalid(
                "Cette personne ne peut pas s'en occuper : choisissez une coordination ou une régulation.",
                field="account",
                value=to,
                rule="a coordinator or a regulator of the CPTS",
            )
    change = Move(
        request_id,
        code="handed_over" if to else "let_go",
        by=desk.caller.id,
        at=await database_now(desk.session),
        from_states=ON_THE_BOARD | BOOKED,
        detail={"account": str(to)} if to else {},
        values={"owner": str(to or "")},
    )
    return await _tell(desk, change)


async def note_call(desk: Desk, request_id: UUID, whom: str, practitioner_id: UUID | None) -> RequestRow:
    """Leave in the story that somebody was called: the patient, who asked, a practitioner."""
    row = await _run_by(desk, request_id)
    detail = {"whom": whom, **({"practitioner_id": str(practitioner_id)} if practitioner_id else {})}
    return await _tell(desk, await _line(desk, row, "called", detail))


async def add_note(desk: Desk, request_id: UUID, text: str) -> RequestRow:
    """Leave a note for whoever follows; its text is sealed and stays out of the story."""
    row = await _run_by(desk, request_id)
    await _seal_note(desk, row, text)
    return await _tell(desk, await _line(desk, row, "noted", {}))


async def read_notes(desk: Desk, request_id: UUID) -> list[Note]:
    """The notes on a request, opened; leaves a trace when there are any."""
    row = await _run_by(desk, request_id)
    found = await notes_of(desk.session, request_id)
    if found:
        await record_access(
            desk.session, desk.caller, cpts_id=row.cpts_id, action="read", object_kind="request_note",
            object_id=str(row.id),
        )  # fmt: skip
    opened = [desk.vault.open(each.text_sealed, cpts_id=each.cpts_id, row_id=str(each.id)) for each in found]
    return [Note(row.by, value["text"], row) for row, value in zip(found, opened, strict=True)]


async def close_all(desk: Desk, request_ids: Sequence[UUID], reason: str, note: str) -> list[UUID]:
    """Close the requests that still wait, with one reason and one note; answers which were closed."""
    closed = []
    for request_id in request_ids:
        row = await _run_by(desk, request_id)
        change = Move(
            request_id,
            code="closed",
            by=desk.caller.id,
            at=await database_now(desk.session),
            from_states=ON_THE_BOARD,
            to=RequestState.CANCELLED,
            detail={"reason": reason},
            values={**NO_SLOT, "reason": reason, "next_step_at": None},
        )
        try:
            moved = await move(desk.session, change)
        except RequestMoved:
            continue
        if note:
            await _seal_note(desk, row, note)
        await tell(desk.session, moved, "closed")
        closed.append(request_id)
    return closed


async def open_again(desk: Desk, request_ids: Collection[UUID]) -> list[UUID]:
    """Take back closures of who runs the board: what waited waits again; answers which were opened."""
    opened = []
    for request_id in request_ids:
        row = await _run_by(desk, request_id)
        last = await desk.session.get_one(RequestChangeRow, (row.id, row.version))
        if row.state != RequestState.CANCELLED or last.code != "closed" or row.archived_at is not None:
            continue
        now = await database_now(desk.session)
        late = row.deadline_at <= now
        parameters = await parameters_of(desk.session, row.cpts_id)
        due = parameters.next_step(submitted_at=row.submitted_at, urgency=row.urgency, level=row.escalation)
        change = Move(
            request_id,
            code="reopened_by_hand",
            by=desk.caller.id,
            at=now,
            from_states={RequestState.CANCELLED},
            version=row.version,
            to=RequestState.UNSERVED if late else RequestState.OPEN,
            values={"reason": "", "next_step_at": None if late or due is None else max(due, now)},
        )
        try:
            moved = await move(desk.session, change)
        except RequestMoved:
            continue
        await tell(desk.session, moved, "reopened_by_hand")
        opened.append(request_id)
    return opened


async def _run_by(desk: Desk, request_id: UUID) -> RequestRow:
    """A request of the caller's CPTS, for who runs the board; raises `NotAllowed`, `NotFound`."""
    desk.caller.require(*RUNS_THE_BOARD)
    row = await acting_on(desk.session, desk.caller, request_id)
    if not desk.caller.may_see(row.cpts_id):
        raise NotFound(field="request_id", value=request_id)
    return row


async def _line(desk: Desk, row: RequestRow, code: str, detail: dict[str, str]) -> Move:
    """A line in the story of a request, wherever it stands."""
    now, state = await database_now(desk.session), RequestState(row.state)
    return Move(row.id, code=code, by=desk.caller.id, at=now, from_states={state}, detail=detail)


async def _tell(desk: Desk, change: Move) -> RequestRow:
    row = await move(desk.session, change)
    await tell(desk.session, row, change.code, wake=False)
    return row


async def _seal_note(desk: Desk, row: RequestRow, text: str) -> None:
    refuse_nir("text", text)
    now = await database_now(desk.session)
    note_id = new_id(now)
    sealed = desk.vault.seal({"text": text}, cpts_id=row.cpts_id, row_id=str(note_id))
    note = RequestNoteRow(
        id=note_id, request_id=row.id, cpts_id=row.cpts_id, at=now, by=desk.caller.id, text_sealed=sealed
    )
    await write_note(desk.session, note)
    await record_access(
        desk.session,
        desk.caller,
        cpts_id=row.cpts_id,
        action="write",
        object_kind="request_note",
        object_id=str(row.id),
    )
