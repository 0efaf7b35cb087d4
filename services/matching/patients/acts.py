"""What a patient sees and does by their link: cancel, be late, confirm, found somebody, got worse, no more messages."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from services.matching.patients import store
from services.matching.patients.opening import EVERYWHERE, LinkPurpose, OpenedLink, is_current
from services.matching.patients.where import MeetingView
from services.matching.sameday.app.hand import holding, tending
from services.matching.sameday.app.hand.tending import Desk
from services.matching.sameday.app.intake import Form
from services.matching.sameday.reads import request_row
from services.matching.sameday.store.requests import Move, move, tell
from services.matching.sameday.store.tables import RequestRow
from shared.contracts import ON_THE_BOARD, RequestState
from shared.db import database_now, set_scope
from shared.refusals import Refusal
from shared.typed.zones import zone_of

WAITS = ON_THE_BOARD | {RequestState.HELD}
Reason = Literal["patient_better", "patient_elsewhere", "patient_cannot", "patient_other"]


class LinkOver(Refusal):
    """Ce rendez-vous n'est plus celui de ce lien : ouvrez le dernier message reçu, ou appelez qui vous a orienté."""

    code = "link_over"


class PatientAct(Form):
    """What the patient says: `reason` goes with `cancel`, `minutes` with `late`."""

    act: Literal["cancel", "late", "confirm", "found", "worse", "stop"]
    reason: Reason = "patient_other"
    minutes: int = Field(default=10, ge=5, le=60)


class PatientView(BaseModel):
    """What a link shows: nothing of who they are or why they come. Instants are local to the place."""

    purpose: LinkPurpose
    stands: Literal["appointment", "waiting", "found", "over"]
    starts_at: datetime | None = None
    zone: str = ""
    mode: str = ""
    meeting: MeetingView | None = None
    search_until: datetime | None = None
    next_step_at: datetime | None = None
    confirmed_at: datetime | None = None
    confirms: bool = False
    late_minutes: int | None = None


async def view(desk: Desk, link: OpenedLink) -> tuple[PatientView, RequestRow]:
    """Where it stands; who sees their appointment knows of it."""
    row = await request_row(desk.session, link.request_id)
    now = await database_now(desk.session)
    if link.purpose is LinkPurpose.APPOINTMENT and _is_on(link, row, now) and row.told_at is None:
        row = await tending.mark_told(desk, row.id)
    return look(link, row, now), row


def look(link: OpenedLink, row: RequestRow, now: datetime) -> PatientView:
    """The same, as a value."""
    zone = zone_of(row.insee)
    base = {"purpose": link.purpose, "zone": zone.key}
    if link.purpose is LinkPurpose.APPOINTMENT and _is_on(link, row, now):
        assert row.starts_at is not None  # noqa: S101  it is on
        tomorrow = row.starts_at.astimezone(zone).date() > now.astimezone(zone).date()
        return PatientView(
            **base,
            stands="appointment",
            starts_at=row.starts_at.astimezone(zone),
            mode=row.mode,
            confirms=tomorrow and row.patient_confirmed_at is None,
            confirmed_at=row.patient_confirmed_at,
            late_minutes=row.patient_late_minutes,
        )
    if row.state in WAITS and link.purpose is LinkPurpose.FOLLOWUP:
        return PatientView(
            **base,
            stands="waiting",
            search_until=row.deadline_at.astimezone(zone),
            next_step_at=row.next_step_at.astimezone(zone) if row.next_step_at and row.next_step_at > now else None,
        )
    found = row.state in (RequestState.CONFIRMED, RequestState.HONOURED) and link.purpose is LinkPurpose.FOLLOWUP
    return PatientView(**base, stands="found" if found else "over")


def _is_on(link: OpenedLink, row: RequestRow, now: datetime) -> bool:
    return bool(is_current(link, row) and row.state == RequestState.CONFIRMED and row.starts_at and row.starts_at > now)


async def act(desk: Desk, link: OpenedLink, said: PatientAct) -> None:
    """Do what the patient says, in their own name; twice is once. Raises `LinkOver`, `RequestMoved`."""
    if said.act == "stop":
        await store.stop(desk.session, request_id=link.request_id)
        return
    row = await request_row(desk.session, link.request_id)
    now = await database_now(desk.session)
    appointment = link.purpose is LinkPurpose.APPOINTMENT
    if said.act in ("cancel", "late", "confirm"):
        if not (appointment and _is_on(link, row, now)):
            raise LinkOver
        if said.act == "cancel":
            await _end(desk, row, code="cancelled", reason=said.reason)
            return
        values: dict[str, Any] = (
            {"patient_late_minutes": said.minutes} if said.act == "late" else {"patient_confirmed_at": now}
        )
        await _note(desk, row, f"patient_{said.act}", now, {RequestState.CONFIRMED}, values)
        return
    if appointment or row.state not in WAITS:
        raise LinkOver
    if said.act == "found":
        await _end(desk, row, code="closed", reason="patient_elsewhere")
    else:
        await _note(desk, row, "patient_worse", now, WAITS, {})


async def _end(desk: Desk, row: RequestRow, *, code: str, reason: str) -> None:
    """The request ends; who ended it knows, and is not called back."""
    await holding.end(desk, row.id, code=code, reason=reason)
    await tending.mark_told(replace(desk), row.id)


async def _note(desk: Desk, row: RequestRow, code: str, now: datetime, states: Any, values: dict[str, Any]) -> None:
    detail = {"minutes": values["patient_late_minutes"]} if "patient_late_minutes" in values else {}
    change = Move(row.id, code=code, by=desk.caller.id, at=now, from_states=states, detail=detail, values=values)
    await tell(desk.session, await move(desk.session, change), code, wake=False)


async def stop_by_secret(desk_session: Any, secret_hash: bytes) -> None:
    """No more messages, for whoever holds a link: it shows nothing, so it asks nothing."""
    await set_scope(desk_session, EVERYWHERE)
    await store.stop(desk_session, secret_hash=secret_hash)
