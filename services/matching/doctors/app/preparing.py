"""What a médecin traitant round is computed from: who seeks, who takes how many, the places already promised."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.app.parameters import AttachmentSettings, attachment_settings
from services.matching.doctors.app.register import RUNS_THE_REGISTER, core_patient
from services.matching.doctors.reads import attachments_of, count_rounds
from services.matching.doctors.store.places import AttachmentPlaceRow, only_round, places_held
from services.matching.doctors.store.register import AttachmentRow
from services.matching.engine.doctors.decision import Decision
from services.matching.engine.doctors.model import AttachmentRound, GpOffer
from services.matching.engine.model import Point
from shared.auth import Caller
from shared.contracts.register import SEEKING
from shared.db import Scope, database_now, set_scope, waiting_elsewhere
from shared.db.tables import CommuneRow
from shared.refusals import Refusal

EVERY_CPTS = Scope(frozenset({"*"}))


class RoundRunning(Refusal):
    """Un tour est déjà en cours pour cette CPTS : attendez sa fin, puis regardez ses propositions."""

    code = "round_running"


@dataclass(frozen=True, slots=True)
class DeclaredPanel:
    """What a practitioner declared: how many new patients they take from `declared_at` on, of whom and from where."""

    practitioner_id: UUID
    point: Point
    places: int
    declared_at: datetime
    communes: frozenset[str] = frozenset()
    min_age: int = 0
    max_age: int = 130
    ald_share: int = 0
    home_visits: bool = False

    def count_left(self, held: Iterable[AttachmentPlaceRow]) -> int:
        """Places neither promised nor, since the declaration, given."""
        counted = sum(row.confirmed_at is None or row.confirmed_at >= self.declared_at for row in held)
        return max(0, self.places - counted)


class Unsolved(Exception):
    """The solver gave no answer, asked twice: nothing of it was read."""


@dataclass(frozen=True, slots=True)
class RoundDesk:
    """What a round works with: the transaction, who asks, where panels are read, where it is computed.

    `decide` raises `Unsolved` where the solver fails.
    """

    session: AsyncSession
    caller: Caller
    panels: Callable[[str], Awaitable[list[DeclaredPanel]]]
    decide: Callable[[AttachmentRound], Awaitable[Decision]]


@dataclass(frozen=True, slots=True)
class ReadyRound:
    """What a round is computed from, as it was read; `before`: how many rounds the CPTS had then."""

    cpts_id: str
    now: datetime
    before: int
    settings: AttachmentSettings
    panels: dict[str, DeclaredPanel]
    rows: dict[str, AttachmentRow]
    around: AttachmentRound


async def prepare(desk: RoundDesk, cpts_id: str | None) -> ReadyRound:
    """Read what a round is computed from, for who runs the register; raises `RoundRunning`."""
    session = desk.session
    desk.caller.require(*RUNS_THE_REGISTER)
    cpts_id = cpts_id or desk.caller.only_cpts()
    desk.caller.require_cpts(cpts_id)
    async with waiting_elsewhere(session):
        panels = {str(panel.practitioner_id): panel for panel in await desk.panels(cpts_id)}
    await require_turn(session, cpts_id)
    now, before = await database_now(session), await count_rounds(session, cpts_id)
    settings = await attachment_settings(session, cpts_id)
    asked_first = now - timedelta(days=settings.answer_days)
    rows = {
        str(row.id): row
        for row in await attachments_of(session, cpts_id, sorted(SEEKING))
        # The doctor they already saw has not answered yet.
        if row.seen_answer != "asked" or row.entered_at < asked_first
    }
    around = await _around(desk, settings, now, panels, rows.values())
    return ReadyRound(cpts_id, now, before, settings, panels, rows, around)


async def require_same(session: AsyncSession, ready: ReadyRound) -> None:
    """Raise `RoundRunning` when another round was recorded since this one was read, or is being."""
    await require_turn(session, ready.cpts_id)
    if await count_rounds(session, ready.cpts_id) != ready.before:
        raise RoundRunning(field="cpts_id", value=ready.cpts_id)


async def require_turn(session: AsyncSession, cpts_id: str) -> None:
    """Raise `RoundRunning` while another round of this CPTS reads or writes; none does before this transaction ends."""
    if not await only_round(session, cpts_id):
        raise RoundRunning(field="cpts_id", value=cpts_id)


@asynccontextmanager
async def every_cpts(session: AsyncSession, caller: Caller) -> AsyncIterator[None]:
    """A practitioner's places are the same ones in all their CPTS: count and take them across all."""
    await set_scope(session, EVERY_CPTS)
    yield
    await set_scope(session, caller.scope)


async def _around(
    desk: RoundDesk,
    settings: AttachmentSettings,
    now: datetime,
    panels: dict[str, DeclaredPanel],
    rows: Iterable[AttachmentRow],
) -> AttachmentRound:
    """The round as the core takes it, in a fixed order."""
    patients = tuple(core_patient(row, now) for row in rows)
    async with every_cpts(desk.session, desk.caller):
        held = await places_held(desk.session, [panel.practitioner_id for panel in panels.values()])
    communes = select(CommuneRow).where(col(CommuneRow.insee).in_({patient.commune for patient in patients}))
    return AttachmentRound(
        patients=patients,
        offers=tuple(
            _offer(panel, panel.count_left(held[panel.practitioner_id])) for _, panel in sorted(panels.items())
        ),
        communes={row.insee: Point(row.lat, row.lon) for row in await desk.session.exec(communes)},
        classes=settings.ranked,
        parameters=settings.core,
        at_s=int(now.timestamp()),
    )


def _offer(panel: DeclaredPanel, places: int) -> GpOffer:
    return GpOffer(
        id=str(panel.practitioner_id),
        point=panel.point,
        places=places,
        communes=panel.communes,
        min_age=panel.min_age,
        max_age=panel.max_age,
        home_visits=panel.home_visits,
        least_ald_percent=panel.ald_share,
    )
