"""What a person chooses to be told, on which devices, and what became of their last notices."""

import hashlib
from datetime import datetime, time
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.notices.carrying import seal_subscription
from services.people.notices.keys import EVERYONE, push_key
from services.people.notices.kinds import OFFERED, NoticeKind, NoticeState, Reason
from services.people.notices.mail import MailSettings
from services.people.notices.push import Subscription
from services.people.notices.store import choices
from services.people.notices.tables import NoticeDeviceRow, NoticePreferenceRow, NoticeRow
from services.people.notices.words import line
from services.people.store.accounts import set_phone
from shared.auth import Caller, Role
from shared.db import database_now, set_scope
from shared.db.clock import PARIS, zones
from shared.db.tables import AccountRow
from shared.http import CallerDep, SessionDep, WiringDep
from shared.http.parts import find_part
from shared.outside.asked import LINE, Email, Order
from shared.outside.public_address import require_public
from shared.refusals import Invalid, NotFound
from shared.wording.labels import language_of, wording

LAST, MOST_DEVICES = 20, 10
PEOPLE = tuple(role for role in Role if role is not Role.MACHINE)
routes = APIRouter(prefix="/notifications", tags=["notifications"])


class Preferences(Order):
    """What to tell, and when not to; `email` empty is the account's own address."""

    mail: bool = True
    email: Email | None = None
    quiet_from: time = time(20)
    quiet_to: time = time(7)
    p1_always: bool = False
    unwanted: list[NoticeKind] = Field(default=[], max_length=len(NoticeKind))


class Reached(Order):
    """The number on which colleagues call somebody back about a request; empty: none."""

    phone: str = Field(default="", max_length=30, pattern=r"^[0-9+ ().-]*$")


class PushKeys(Order):
    """The keys of a browser's subscription, in base64url."""

    p256dh: Annotated[str, Field(max_length=200), LINE]
    auth: Annotated[str, Field(max_length=100), LINE]


class NewDevice(Order):
    """A browser that asks to be told, as its Push API describes it."""

    endpoint: Annotated[str, Field(max_length=1000), LINE]
    keys: PushKeys
    label: Annotated[str, Field(max_length=80), LINE] = ""


class Device(BaseModel):
    """A browser that is told. `endpoint_hash` (SHA-256, hexadecimal) lets a browser find itself."""

    id: UUID
    label: str
    endpoint_hash: str
    added_at: datetime
    told_at: datetime | None


class Told(BaseModel):
    """One of the last notices, in words, and what became of it; `due_at` for one that waits."""

    at: datetime
    text: str
    state: NoticeState
    reason: Reason
    due_at: datetime


class Overview(BaseModel):
    """Everything the page shows. `push_key`: what a browser subscribes with."""

    mail_configured: bool
    account_email: str | None
    account_phone: str
    push_key: str
    kinds: list[NoticeKind]
    preferences: Preferences
    devices: list[Device]
    last: list[Told]


def person(caller: Caller) -> UUID:
    """Whose notices these are; machines have none."""
    caller.require(*PEOPLE)
    return UUID(caller.id)


@routes.get("")
async def overview(request: Request, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> Overview:
    """What the caller chose, their devices and their last notices."""
    mine = person(caller)
    choice = await session.get(NoticePreferenceRow, mine) or NoticePreferenceRow(account_id=mine)
    account = await session.get_one(AccountRow, mine)
    devices = await session.exec(
        select(NoticeDeviceRow).where(NoticeDeviceRow.account_id == mine).order_by(col(NoticeDeviceRow.added_at))
    )
    return Overview(
        mail_configured=find_part(request, MailSettings).ready,
        account_email=account.email,
        account_phone=account.phone,
        push_key=await push_key(session, wiring.vault, wiring.settings),
        kinds=list(OFFERED[caller.role]),
        preferences=Preferences.model_validate(choice.model_dump(include=set(Preferences.model_fields))),
        devices=[
            Device(
                id=row.id,
                label=row.label,
                endpoint_hash=row.endpoint_hash.hex(),
                added_at=row.added_at,
                told_at=row.told_at,
            )
            for row in devices
        ],
        last=await _last(session, mine, language_of(request.cookies)),
    )


async def _last(session: AsyncSession, mine: UUID, language: str) -> list[Told]:
    """The last notices; what the person did themselves is no news to them."""
    now, words, known = await database_now(session), wording(language), await zones(session)
    query = select(NoticeRow).where(
        NoticeRow.account_id == mine, NoticeRow.kind != NoticeKind.SETTLED, NoticeRow.reason != Reason.OWN_ACT
    )
    rows = (await session.exec(query.order_by(col(NoticeRow.id).desc()).limit(LAST))).all()
    return [
        Told(
            at=row.at,
            text=line(words, row.kind, row.starts_at, 1, now, known.get(row.cpts_id, PARIS)),
            state=NoticeState(row.state),
            reason=Reason(row.reason),
            due_at=row.due_at,
        )
        for row in rows
    ]


@routes.put("/phone")
async def be_reached(caller: CallerDep, session: SessionDep, given: Reached) -> Reached:
    """Say on which number one is called back; whoever runs the board of one's CPTS sees it."""
    mine = person(caller)
    await set_phone(session, mine, given.phone.strip())
    return given


@routes.put("/preferences")
async def choose(request: Request, caller: CallerDep, session: SessionDep, given: Preferences) -> Preferences:
    """Choose what to be told; what waits is looked at again, in the light of it."""
    mine = person(caller)
    values = {**given.model_dump(), "unwanted": sorted(set(given.unwanted)), "language": language_of(request.cookies)}
    await choices.choose(session, mine, values)
    return given


@routes.post("/devices", status_code=201)
async def add_device(caller: CallerDep, session: SessionDep, wiring: WiringDep, given: NewDevice) -> Device:
    """Be told on this browser. It belongs to whoever asked last; a person keeps their ten newest.

    Raises `UnsafeAddress`, `Invalid`.
    """
    mine = person(caller)
    await require_public(given.endpoint, demo=wiring.settings.demo)
    kept = {"endpoint": given.endpoint, **given.keys.model_dump()}
    try:
        Subscription.of(kept)
    except ValueError:
        raise Invalid("Ce navigateur a donné des clés illisibles.", field="keys", rule="p256dh and auth") from None
    digest = hashlib.sha256(given.endpoint.encode()).digest()
    device_id = uuid4()
    values = {
        "id": device_id,
        "account_id": mine,
        "label": given.label,
        "subscription_sealed": seal_subscription(wiring.vault, device_id, kept),
        "added_at": await database_now(session),
        "told_at": None,
    }
    # Somebody else may have used this browser before: their row is out of the caller's sight.
    await set_scope(session, EVERYONE)
    await choices.put_device(session, digest, values)
    await set_scope(session, caller.scope)
    await choices.keep_newest(session, mine, MOST_DEVICES)
    return Device(**values, endpoint_hash=digest.hex())


@routes.delete("/devices/{device_id}", status_code=204)
async def drop_device(caller: CallerDep, session: SessionDep, device_id: UUID) -> None:
    """Be told on this browser no more."""
    if not await choices.drop_device(session, person(caller), device_id):
        raise NotFound
