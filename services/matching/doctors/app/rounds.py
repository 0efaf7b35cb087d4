"""A médecin traitant round: read the register and the places, decide in the core, record the proposals.

What it reads is one transaction, what it writes another; none is open while it is computed. Whatever changed meanwhile
wins over the plan: an entry is proposed only as it was read, a practitioner's places are counted again, alone, when
they are taken, and a round of the same CPTS that was recorded first leaves this one nothing to say.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.app.parameters import AttachmentSettings, attachment_settings
from services.matching.doctors.app.reasons import PersonDecision, outcomes
from services.matching.doctors.app.register import RUNS_THE_REGISTER, core_patient
from services.matching.doctors.reads import attachments_of, count_rounds
from services.matching.doctors.store.places import (
    AttachmentPlaceRow,
    count_alone,
    forget_confirmed,
    only_round,
    places_held,
    take_places,
)
from services.matching.doctors.store.proposals import NumberedProposal, lock_unchanged, propose
from services.matching.doctors.store.register import (
    AttachmentRoundRow,
    AttachmentRow,
    tell_all,
)
from services.matching.doctors.store.rounds import keep_outcomes, keep_round
from services.matching.engine.doctors.decision import Decision
from services.matching.engine.doctors.equity import Equity
from services.matching.engine.doctors.model import AttachmentPlan, AttachmentRound, GpOffer
from services.matching.engine.model import Point
from shared.auth import Caller
from shared.contracts.register import SEEKING, AttachmentState
from shared.db import Scope, database_now, set_scope, waiting_elsewhere
from shared.db.ids import new_id
from shared.db.tables import CommuneRow
from shared.refusals import Refusal

log = structlog.get_logger()
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


async def run_round(desk: RoundDesk, cpts_id: str | None) -> AttachmentRoundRow:
    """Propose practitioners to those who seek one; raises `RoundRunning`.

    A round whose solver fails is kept as a failed one, which proposes nothing: whoever runs the register sees it.
    """
    session = desk.session
    desk.caller.require(*RUNS_THE_REGISTER)
    cpts_id = cpts_id or desk.caller.only_cpts()
    desk.caller.require_cpts(cpts_id)
    async with waiting_elsewhere(session):
        panels = {str(panel.practitioner_id): panel for panel in await desk.panels(cpts_id)}
    await _require_turn(session, cpts_id)
    now, rounds = await database_now(session), await count_rounds(session, cpts_id)
    settings = await attachment_settings(session, cpts_id)
    asked_first = now - timedelta(days=settings.answer_days)
    rows = {
        str(row.id): row
        for row in await attachments_of(session, cpts_id, sorted(SEEKING))
        # The doctor they already saw has not answered yet.
        if row.seen_answer != "asked" or row.entered_at < asked_first
    }
    around = await _around(desk, settings, now, panels, rows.values())
    async with waiting_elsewhere(session):
        decision, seconds = await _decide(desk, around)
    await _require_turn(session, cpts_id)
    if await count_rounds(session, cpts_id) != rounds:
        raise RoundRunning(field="cpts_id", value=cpts_id)
    if decision is None:
        return await keep_round(session, _row_of_failure(desk, cpts_id, now, around, seconds))
    row = await keep_round(session, _round_row(desk, cpts_id, now, around, decision, seconds))
    lines = outcomes(around, decision)
    kept = await _Recorder(desk, row, settings, rows, lines).record(around, decision, panels)
    ids = {entry.id for entry in kept}
    await keep_outcomes(session, row, [_outcome(row, line, ids) for line in lines.values()])
    await tell_all(session, kept, AttachmentState.PROPOSED)
    return row


async def _require_turn(session: AsyncSession, cpts_id: str) -> None:
    """Raise `RoundRunning` while another round of this CPTS reads or writes; none does before this transaction ends."""
    if not await only_round(session, cpts_id):
        raise RoundRunning(field="cpts_id", value=cpts_id)


async def _decide(desk: RoundDesk, around: AttachmentRound) -> tuple[Decision | None, float]:
    """What the solver decides, None when it gave no answer; and how many seconds it took."""
    began = perf_counter()
    try:
        return await desk.decide(around), perf_counter() - began
    except Unsolved as error:
        log.warning("register_round_unsolved", error=str(error))
        return None, perf_counter() - began


def _outcome(row: AttachmentRoundRow, line: PersonDecision, kept: Collection[UUID]) -> dict[str, Any]:
    return {
        "round_id": row.id,
        "cpts_id": row.cpts_id,
        "kept": line.attachment_id in kept,
        **asdict(line),
        "taken_by_class": list(line.taken_by_class),
    }


@asynccontextmanager
async def _every_cpts(session: AsyncSession, caller: Caller) -> AsyncIterator[None]:
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
    async with _every_cpts(desk.session, desk.caller):
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


def _row_of_failure(
    desk: RoundDesk, cpts_id: str, now: datetime, around: AttachmentRound, seconds: float
) -> AttachmentRoundRow:
    """A round that proposes nothing because its solver gave no answer."""
    nobody = AttachmentPlan((), (), (), (), certified=False)
    row = _round_row(desk, cpts_id, now, around, Decision(nobody, Equity((), (), 0)), seconds)
    row.failed = True
    return row


def _round_row(
    desk: RoundDesk, cpts_id: str, now: datetime, around: AttachmentRound, decision: Decision, seconds: float
) -> AttachmentRoundRow:
    plan, shown = decision.plan, decision.equity
    return AttachmentRoundRow(
        id=new_id(now),
        cpts_id=cpts_id,
        at=now,
        by=desk.caller.id,
        seeking=len(around.patients),
        practitioners=sum(offer.places > 0 for offer in around.offers),
        places=sum(offer.places for offer in around.offers),
        proposed=len(plan.proposals),
        kept=0,
        certified=plan.certified,
        seconds=seconds,
        classes=[of.code for of in around.classes],
        served_by_class=list(plan.served_by_class),
        best_by_class=list(plan.best_by_class),
        household_gap=list(plan.household_gap),
        equity_by_class=[asdict(line) for line in shown.by_class],
        equity_by_commune=[asdict(line) for line in shown.by_commune],
        envious=shown.envious,
    )


@dataclass(frozen=True, slots=True)
class _Recorder:
    """Takes the places of a plan and proposes, household by household."""

    desk: RoundDesk
    round: AttachmentRoundRow
    settings: AttachmentSettings
    rows: dict[str, AttachmentRow]
    lines: dict[str, PersonDecision]

    async def record(
        self, around: AttachmentRound, decision: Decision, panels: dict[str, DeclaredPanel]
    ) -> list[AttachmentRow]:
        """The entries proposed; a household that changed meanwhile, or for which no place is left, waits."""
        session, groups = self.desk.session, _together(around, decision)
        chosen = [panels[gp] for gp in sorted({gp for gp, _ in groups})]
        concerned = [self.rows[key] for members in groups.values() for key in members]
        still = await lock_unchanged(session, {row.id: row.version for row in concerned})
        async with _every_cpts(session, self.desk.caller):
            await count_alone(session, [panel.practitioner_id for panel in chosen])
            for panel in chosen:
                await forget_confirmed(session, panel.practitioner_id, panel.declared_at)
            held = await places_held(session, [panel.practitioner_id for panel in chosen])
            numbers = {str(panel.practitioner_id): _free(panel, held[panel.practitioner_id]) for panel in chosen}
            proposals: list[NumberedProposal] = []
            for (gp, _), members in sorted(groups.items()):
                if len(members) <= len(numbers[gp]) and all(self.rows[key].id in still for key in members):
                    proposals += [
                        self._proposal(key, UUID(gp), n) for key, n in zip(members, numbers[gp], strict=False)
                    ]
                    numbers[gp] = numbers[gp][len(members) :]
            answer_by = self.round.at + timedelta(days=self.settings.answer_days)
            kept = await propose(session, self.round.id, proposals, at=self.round.at, answer_by=answer_by)
            await take_places(session, proposals)
        return kept

    def _proposal(self, key: str, gp: UUID, number: int) -> NumberedProposal:
        line = self.lines[key]
        return NumberedProposal(self.rows[key], gp, number, line.priority_class, line.why)


def _together(around: AttachmentRound, decision: Decision) -> dict[tuple[str, str], list[str]]:
    """Who is proposed to whom, a household at a time: (practitioner, household) → members."""
    household = {patient.id: patient.household for patient in around.patients}
    groups: dict[tuple[str, str], list[str]] = {}
    for proposal in decision.plan.proposals:
        groups.setdefault((proposal.gp, household[proposal.patient]), []).append(proposal.patient)
    return groups


def _free(panel: DeclaredPanel, held: list[AttachmentPlaceRow]) -> list[int]:
    """The numbers of the places left, the lowest first; fewer when a declaration was lowered under what is promised."""
    taken = {row.number for row in held}
    numbers = [number for number in range(1, panel.places + 1) if number not in taken]
    return numbers[: panel.count_left(held)]
