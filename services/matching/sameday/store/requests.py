"""Guarded writes of requests.

Every change of state goes through `move`: one UPDATE that also tests, and a row in the story; then `tell`, the event,
as the last statement of the transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, case, cast, func, literal, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.changing import Storied
from services.matching.sameday.store.notices import tell_of_request
from services.matching.sameday.store.overbooking_asks import follow_request
from services.matching.sameday.store.tables import OUTBOX, RequestChangeRow, RequestRow
from shared.contracts import RequestState, RequestView
from shared.db import ring_after_commit
from shared.refusals import Refusal


class RequestMoved(Refusal):
    """Cette demande vient de changer : rafraîchissez-la avant d'agir."""

    code = "request_moved"


def view_of(row: RequestRow) -> RequestView:
    """A request as the board shows it: no age, no point, nothing of the patient."""
    return RequestView.model_validate(
        {
            **row.model_dump(include=set(RequestView.model_fields)),
            "id": str(row.id),
            "slot_id": _text(row.slot_id),
            "booking_id": _text(row.booking_id),
            "practitioner_id": _text(row.practitioner_id),
        }
    )


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)


REQUESTS = Storied("request", RequestRow, RequestChangeRow, "request_id", RequestMoved, view_of)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of one request: `code` names it, `by` is the account or `round`; `to` None keeps the state."""

    request_id: UUID
    code: str
    by: str
    at: datetime
    from_states: Collection[RequestState]
    to: RequestState | None = None
    version: int | None = None
    booking_id: UUID | None = None
    """The hold that is changed: not another that came meanwhile."""
    detail: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


async def move(session: AsyncSession, change: Move) -> RequestRow:
    """Make the change if the request still stands where it is expected, else raise `RequestMoved` or `NotFound`."""
    guard: list[Any] = [col(RequestRow.state).in_(change.from_states)]
    if change.version is not None:
        guard.append(col(RequestRow.version) == change.version)
    if change.booking_id is not None:
        guard.append(col(RequestRow.booking_id) == change.booking_id)
    if taken_up := _list_taken_up(change):
        guard.append(~col(RequestRow.given_back).bool_op("&&")(cast(taken_up, ARRAY(Text))))
    values = {**_mark_known_to_the_patient(change), **_note_given_back(change), **change.values}
    row, before = await REQUESTS.change(session, change.request_id, *guard, to=change.to, at=change.at, values=values)
    REQUESTS.write_line(session, row, change.code, change.by, before=before, detail=change.detail)
    await tell_of_request(session, row, change.code, change.by, before=before, detail=change.detail)
    return row


def _mark_known_to_the_patient(change: Move) -> dict[str, Any]:
    """Whoever asked speaks with the patient: what they change is known to them, what changes otherwise is not yet."""
    if change.to is None:
        return {}
    return {"told_at": case((col(RequestRow.asked_by) == change.by, literal(change.at)), else_=None)}


def _list_taken_up(change: Move) -> list[str]:
    """The bookings that the change records."""
    first = change.values.get("booking_id")
    return [str(first), *change.values.get("companions", ())] if first else []


def _note_given_back(change: Move) -> dict[str, Any]:
    """What a request no longer uses is written down in the same breath: a crash before it is ended loses nothing."""
    if "booking_id" not in change.values and change.to != RequestState.CANCELLED:
        return {}
    places = func.array_append(col(RequestRow.companions), cast(col(RequestRow.booking_id), Text))
    return {"given_back": col(RequestRow.given_back).op("||")(func.array_remove(places, None))}


async def add_request(session: AsyncSession, row: RequestRow, *, detail: dict[str, Any] | None = None) -> None:
    """A new request and the first line of its story."""
    session.add(row)
    await session.flush()
    REQUESTS.write_line(session, row, "submitted", row.asked_by, before=None, detail=detail or {})


async def fresh(session: AsyncSession, request_id: UUID) -> RequestRow:
    """A request as it stands now, whatever this session read of it before."""
    found = select(RequestRow).where(RequestRow.id == request_id).execution_options(populate_existing=True)
    return (await session.exec(found)).one()


async def know_patient(session: AsyncSession, row: RequestRow, sealed: bytes) -> None:
    """Keep who comes, while the request still has the same place: no line of its story, no new version."""
    known = (
        update(RequestRow)
        .where(col(RequestRow.id) == row.id, col(RequestRow.booking_id) == row.booking_id)
        .values(patient_sealed=sealed)
    )
    await session.exec(known.execution_options(synchronize_session=False))
    set_committed_value(row, "patient_sealed", sealed)


async def explain(
    session: AsyncSession, row: RequestRow, *, blockers: dict[str, int], relaxations: list[dict[str, Any]]
) -> RequestRow | None:
    """Renew why a request has no slot, unless it changed since it was read: no line of its story, no new version."""
    why = (
        update(RequestRow)
        .where(col(RequestRow.id) == row.id, col(RequestRow.version) == row.version)
        .values(blockers=blockers, relaxations=relaxations)
        .returning(RequestRow)
        .execution_options(populate_existing=True)
    )
    explained: RequestRow | None = (await session.exec(why)).scalar_one_or_none()
    return explained


def door(cpts_id: str) -> str:
    """Where the rounds of a CPTS are rung for."""
    return f"round:{cpts_id}"


async def tell(session: AsyncSession, row: RequestRow, code: str, *, wake: bool = True) -> None:
    """Append the request's new state to the stream: the last statement of a use case. `wake` rings for a round."""
    await session.flush()
    await OUTBOX.append(session, [row.cpts_id], REQUESTS.event(row, code))
    await follow_request(session, row)
    if wake:
        ring_after_commit(session, door(row.cpts_id))
