"""A médecin traitant round: read the register and the places, decide in the core, record the proposals.

What it reads is one transaction, what it writes another; none is open while it is computed. Whatever changed meanwhile
wins over the plan: an entry is proposed only as it was read, a practitioner's places are counted again, alone, when
they are taken, and a round of the same CPTS that was recorded first leaves this one nothing to say.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from time import perf_counter
from typing import Any
from uuid import UUID

import structlog

from services.matching.doctors.app.intake import RoundForm
from services.matching.doctors.app.parameters import AttachmentSettings
from services.matching.doctors.app.preparing import (
    DeclaredPanel,
    RoundDesk,
    Unsolved,
    every_cpts,
    prepare,
    require_same,
)
from services.matching.doctors.app.reasons import PersonDecision, outcomes
from services.matching.doctors.reads import RoundPreview
from services.matching.doctors.store.places import (
    AttachmentPlaceRow,
    count_alone,
    forget_confirmed,
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
from services.matching.engine.doctors.model import AttachmentPlan, AttachmentRound
from shared.contracts.register import AttachmentState
from shared.db import database_now, waiting_elsewhere
from shared.db.ids import new_id
from shared.refusals import Refusal

log = structlog.get_logger()


class PreviewStale(Refusal):
    """Le registre a changé depuis l'aperçu : rien n'a été proposé, regardez l'aperçu de nouveau."""

    code = "preview_stale"


class Unsolvable(Refusal):
    """Le calcul de l'aperçu a échoué : recommencez ; s'il échoue encore, prévenez qui exploite le service."""

    code = "round_unsolved"
    status = 503


async def run_round(desk: RoundDesk, form: RoundForm) -> AttachmentRoundRow:
    """Propose practitioners to those who seek one; raises `RoundRunning`, and `PreviewStale` when another was seen.

    A round whose solver fails is kept as a failed one, which proposes nothing: whoever runs the register sees it.
    """
    session = desk.session
    ready = await prepare(desk, form.cpts_id)
    cpts_id, now, around = ready.cpts_id, ready.now, ready.around
    async with waiting_elsewhere(session):
        decision, seconds = await _decide(desk, around)
    await require_same(session, ready)
    if decision is None:
        return await keep_round(session, _row_of_failure(desk, cpts_id, now, around, seconds))
    if form.seen and form.seen != mark_of(decision):
        raise PreviewStale(field="seen")
    row = _round_row(desk, cpts_id, now, around, decision, seconds)
    if form.tell_after_minutes:
        row.tell_at = await database_now(session) + timedelta(minutes=form.tell_after_minutes)
    else:
        row.told_at = now
    await keep_round(session, row)
    lines = outcomes(around, decision)
    kept = await _Recorder(desk, row, ready.settings, ready.rows, lines).record(around, decision, ready.panels)
    ids = {entry.id for entry in kept}
    await keep_outcomes(session, row, [_outcome(row, line, ids) for line in lines.values()])
    await tell_all(session, kept, AttachmentState.PROPOSED)
    return row


async def preview_round(desk: RoundDesk, cpts_id: str | None) -> RoundPreview:
    """What a round would propose now; nothing is stored and nobody is told. Raises `RoundRunning`, `Unsolvable`."""
    ready = await prepare(desk, cpts_id)
    async with waiting_elsewhere(desk.session):
        decision, seconds = await _decide(desk, ready.around)
    if decision is None:
        raise Unsolvable
    row = _round_row(desk, ready.cpts_id, ready.now, ready.around, decision, seconds)
    lines = [_outcome(row, line, ()) for line in outcomes(ready.around, decision).values()]
    return RoundPreview(**row.model_dump(), outcomes=lines, mark=mark_of(decision))


def mark_of(decision: Decision) -> str:
    """The same for two decisions that propose the same practitioners to the same people."""
    pairs = sorted(f"{each.patient} {each.gp}" for each in decision.plan.proposals)
    return sha256("\n".join(pairs).encode()).hexdigest()


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
        async with every_cpts(session, self.desk.caller):
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
            untold = self.round.told_at is None
            kept = await propose(
                session, self.round.id, proposals, at=self.round.at, answer_by=answer_by, untold=untold
            )
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
