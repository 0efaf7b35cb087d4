"""Laws of stored rounds: what is written is what the core says, and nobody gets more patients than they declared."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.api.rounds import compute_by
from services.matching.doctors.app import answers as attachment_answers
from services.matching.doctors.app import register as attachments
from services.matching.doctors.app.intake import AttachmentForm, RoundForm
from services.matching.doctors.app.preparing import DeclaredPanel, RoundDesk
from services.matching.doctors.app.rounds import run_round
from services.matching.doctors.reads import attachments_of, outcomes_of, rounds_of
from services.matching.engine.doctors.decision import Decision, decide
from services.matching.engine.doctors.model import AttachmentRound
from services.matching.engine.model import Point
from shared.auth import Caller, Role
from shared.contracts.register import PROMISED, AttachmentState
from shared.db import run, set_scope
from shared.db.ids import new_id
from shared.settings import Settings
from shared.wiring import running, wire
from tests.builders import CPTS, MORNING, show
from tests.integration.attachment.conftest import communes

WANTED = RoundForm(cpts_id=CPTS)
COORDINATOR = Caller("coordinator", Role.COORDINATOR, frozenset({CPTS}))


def doctor(practitioner_id: UUID) -> Caller:
    return Caller("doctor", Role.PRACTITIONER, frozenset({CPTS}), frozenset({str(practitioner_id)}))


def drawn_panels(draw: np.random.Generator) -> list[DeclaredPanel]:
    return [
        DeclaredPanel(
            practitioner_id=new_id(MORNING),
            point=Point(44.5 + float(draw.random()) / 5, 3.5),
            places=int(draw.integers(0, 4)),
            declared_at=MORNING,
            communes=frozenset({"48140"}) if draw.random() < 0.3 else frozenset(),
            min_age=int(draw.choice([0, 16])),
            ald_share=int(draw.choice([0, 0, 50])),
            home_visits=bool(draw.random() < 0.5),
        )
        for _ in range(4)
    ]


async def fill(session: AsyncSession, settings: Settings, draw: np.random.Generator) -> None:
    """Enter drawn people, some of them in households."""
    vault = wire("matching", settings).vault
    before = None
    for _ in range(15):
        form = AttachmentForm(
            insee=str(draw.choice(["48095", "48140", "13214"], p=[0.5, 0.4, 0.1])),
            age=int(draw.integers(0, 100)),
            flags=[str(draw.choice(["ald", "pregnancy", "c2s_ame"]))] if draw.random() < 0.4 else [],
            home_visits=bool(draw.random() < 0.2),
            waiting_since=MORNING - timedelta(days=int(draw.integers(0, 400))),
            max_travel_minutes=10 if draw.random() < 0.2 else None,
            household_with=before if before and draw.random() < 0.2 else None,
        )
        before = (await attachments.register(session, COORDINATOR, vault, form)).id


async def answer(session: AsyncSession, draw: np.random.Generator) -> None:
    """Both sides answer what is open, as drawn."""
    for row in await attachments_of(session, CPTS, sorted(PROMISED)):
        await session.refresh(row)
        if row.state not in PROMISED or row.practitioner_id is None:
            continue
        said, own = draw.random(), doctor(row.practitioner_id)
        if said < 0.3 and row.state != AttachmentState.ACCEPTED:
            await attachment_answers.refuse(session, own, row.id, "full")
        elif said < 0.4:
            await attachment_answers.withdraw(session, COORDINATOR, row.id, "found_elsewhere")
        elif row.state == AttachmentState.PROPOSED:
            await attachment_answers.accept(session, own, row.id)
        elif row.state == AttachmentState.ACCEPTED_BY_PRACTITIONER:
            await attachment_answers.accept(session, COORDINATOR, row.id)
        else:
            await attachment_answers.confirm(session, own, row.id)


@pytest.mark.parametrize("seed", range(6))
async def test_a_stored_round_is_what_the_core_says_and_no_panel_is_exceeded(settings: Settings, seed: int) -> None:
    """Six rounds in a row with drawn answers between them, on a drawn register."""
    draw = np.random.default_rng(seed)
    await communes(settings)
    await show(settings, MORNING)
    panels = drawn_panels(draw)
    most = {panel.practitioner_id: panel.places for panel in panels}
    asked: list[AttachmentRound] = []

    async def declared(_cpts_id: str) -> list[DeclaredPanel]:
        return panels

    async def computed(around: AttachmentRound) -> Decision:
        asked.append(around)
        return decide(around)

    refused: set[tuple[UUID, str]] = set()
    async with running(wire("matching", settings)) as wiring:
        async with wiring.open_session() as session:
            await set_scope(session, COORDINATOR.scope)
            await fill(session, settings, draw)
        for _ in range(6):
            async with wiring.open_session() as session:
                await set_scope(session, COORDINATOR.scope)
                row = await run_round(RoundDesk(session, COORDINATOR, declared, computed), WANTED)
                stored = await outcomes_of(session, row.id)
                plan = decide(asked[-1]).plan
                assert {(str(one.attachment_id), str(one.practitioner_id)) for one in stored if one.kept} == {
                    (one.patient, one.gp) for one in plan.proposals
                }
                assert {str(one.attachment_id): one.blocker for one in stored if one.blocker} == {
                    one.patient: one.blocker for one in plan.unattached
                }
                assert not refused & {(one.attachment_id, str(one.practitioner_id)) for one in stored}
                await holds(session, most)
            async with wiring.open_session() as session:
                await set_scope(session, COORDINATOR.scope)
                await answer(session, draw)
                entries = await attachments_of(session, CPTS, [])
                refused = {(entry.id, gp) for entry in entries for gp in entry.forbidden}
                await holds(session, most)
    assert len(asked[0].patients) == 15


async def holds(session: AsyncSession, most: dict[UUID, int]) -> None:
    """Whoever has a practitioner holds one of their places, and these are no more than declared."""
    entries = [row for row in await attachments_of(session, CPTS, []) if row.practitioner_id]
    given = Counter(row.practitioner_id for row in entries)
    assert all(count <= most[gp] for gp, count in given.items() if gp)
    places = await run(session, text("select attachment_id, practitioner_id, number from matching.attachment_place"))
    held = [tuple(place) for place in places]
    assert {(key, gp) for key, gp, _ in held} == {(row.id, row.practitioner_id) for row in entries}
    assert all(1 <= number <= most[gp] for _, gp, number in held)
    together: dict[UUID, set[UUID | None]] = {}
    for row in entries:
        if row.state == AttachmentState.PROPOSED:
            together.setdefault(row.household, set()).add(row.practitioner_id)
    assert all(len(gps) == 1 for gps in together.values())


async def test_a_round_whose_solver_fails_is_kept_as_failed_and_may_be_run_again(settings: Settings) -> None:
    await communes(settings)
    await show(settings, MORNING)
    panels = drawn_panels(np.random.default_rng(3))
    price = 2**52

    async def declared(_cpts_id: str) -> list[DeclaredPanel]:
        return panels

    async def solver(compute: Callable[[AttachmentRound], Decision], around: AttachmentRound) -> Decision:
        return compute(replace(around, parameters=replace(around.parameters, day_price_s=price)))

    async with running(wire("matching", settings)) as wiring:
        async with wiring.open_session() as session:
            await set_scope(session, COORDINATOR.scope)
            await fill(session, settings, np.random.default_rng(3))
        async with wiring.open_session() as session:
            await set_scope(session, COORDINATOR.scope)
            row = await run_round(RoundDesk(session, COORDINATOR, declared, compute_by(solver)), WANTED)
            assert (row.failed, row.proposed, row.kept, row.seeking) == (True, 0, 0, 15)
            assert await attachments_of(session, CPTS, sorted(PROMISED)) == []
        price = 10
        async with wiring.open_session() as session:
            await set_scope(session, COORDINATOR.scope)
            again = await run_round(RoundDesk(session, COORDINATOR, declared, compute_by(solver)), WANTED)
            assert not again.failed
            assert again.kept > 0
            assert [one.failed for one in await rounds_of(session, CPTS)] == [False, True]
