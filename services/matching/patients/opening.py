"""The guard of links: random secrets kept as hashes, for one purpose, dated, renewed; nothing without a year of birth.

Whoever holds the secret of a link still types a year of birth, and has five wrong ones in the life of the link;
whoever holds none meets 128 random bits. Every opening leaves a trace.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.patients import store
from services.matching.patients.store import PatientLinkRow
from services.matching.sameday.app.asking import patient_on
from services.matching.sameday.reads import request_row
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Caller, Role, record_access
from shared.db import OpenSession, Scope, database_now, set_scope
from shared.db.ids import new_id
from shared.patients.vault import Vault
from shared.refusals import Invalid, Refusal

EVERYWHERE = Scope(frozenset({"*"}))
SECRET_BYTES = 16
OPEN_AFTER = timedelta(days=1)
"""How long a link opens after the appointment, or the deadline of who waits."""


class LinkPurpose(StrEnum):
    """What a link opens, and nothing else."""

    APPOINTMENT = "appointment"
    FOLLOWUP = "followup"


class LinkClosed(Refusal):
    """Ce lien n'ouvre pas : vérifiez l'année de naissance, ou prenez le dernier message reçu."""

    code = "link_closed"
    status = 403


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A link that was opened: what for, whose request, which booking, and in whose name what follows is done."""

    id: UUID
    cpts_id: str
    request_id: UUID
    purpose: LinkPurpose
    booking_id: UUID | None

    @property
    def caller(self) -> Caller:
        """The patient, as the stories and traces name them."""
        return Caller(id=f"patient:{self.id}", role=Role.MACHINE, cpts=frozenset({self.cpts_id}))


def hash_secret(secret: str) -> bytes:
    """What is kept of a secret: it has 128 random bits, one round is enough."""
    return hashlib.sha256(f"patient link {secret}".encode()).digest()


def years_of(row: RequestRow, patient: Mapping[str, Any] | None) -> frozenset[int]:
    """The years of birth that open a link: that of the date of birth, or the two that an age means."""
    born = (patient or {}).get("birth_date")
    if born:
        return frozenset({int(str(born)[:4])})
    if row.age is None:
        return frozenset()
    year = row.submitted_at.year - row.age
    return frozenset({year, year - 1})


async def issue(session: AsyncSession, vault: Vault, row: RequestRow) -> tuple[str, LinkPurpose]:
    """A new link for what the request is now, and its secret; former ones end. Raises `Invalid` without an age."""
    if not years_of(row, patient_on(row).open(vault)):
        raise Invalid(
            "Indiquez l'âge ou la date de naissance : le lien ne s'ouvre qu'avec l'année.", field="age", rule="known"
        )
    secret = secrets.token_urlsafe(SECRET_BYTES)
    purpose = LinkPurpose.APPOINTMENT if row.booking_id and row.starts_at else LinkPurpose.FOLLOWUP
    now = await database_now(session)
    until = max(row.starts_at if purpose is LinkPurpose.APPOINTMENT and row.starts_at else row.deadline_at, now)
    link = PatientLinkRow(
        id=new_id(now),
        cpts_id=row.cpts_id,
        request_id=row.id,
        purpose=purpose,
        booking_id=row.booking_id if purpose is LinkPurpose.APPOINTMENT else None,
        secret_hash=hash_secret(secret),
        made_at=now,
        expires_at=until + OPEN_AFTER,
    )
    await store.add_link(session, link)
    return secret, purpose


async def open_link(open_session: OpenSession, vault: Vault, secret: str, year: int) -> OpenedLink:
    """The link of this secret, for who knows the year of birth; raises `LinkClosed`, whatever is wrong.

    The try is counted and kept whatever comes of it.
    """
    opened: OpenedLink | None = None
    async with open_session() as session:
        await set_scope(session, EVERYWHERE)
        tried = await store.try_link(session, hash_secret(secret))
        if tried is not None:
            row = await request_row(session, tried.request_id)
            if year in years_of(row, patient_on(row).open(vault)):
                await store.take_try_back(session, tried.id)
                opened = OpenedLink(
                    tried.id, tried.cpts_id, tried.request_id, LinkPurpose(tried.purpose), tried.booking_id
                )
            await _trace(session, tried, "open_link" if opened else "link_refused")
    if opened is None:
        raise LinkClosed
    return opened


async def _trace(session: AsyncSession, tried: Any, action: str) -> None:
    who = Caller(id=f"patient:{tried.id}", role=Role.MACHINE, cpts=frozenset({tried.cpts_id}))
    await record_access(
        session, who, cpts_id=tried.cpts_id, action=action, object_kind="request", object_id=str(tried.request_id)
    )


def is_current(link: OpenedLink, row: RequestRow) -> bool:
    """Whether the appointment of this link is still the one that the request has."""
    return link.purpose is LinkPurpose.FOLLOWUP or link.booking_id == row.booking_id
