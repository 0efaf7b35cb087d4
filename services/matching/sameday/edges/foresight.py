"""How a round decides under the policy of its CPTS: on those who wait alone, or looking ahead from its own past."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.matching.engine.ahead.outlook import Ahead, PastCounts, futures
from services.matching.engine.ahead.policies import DEFAULT_POLICY, GIVE_BACK_MARGIN_S, policy_named
from services.matching.engine.model import Instance, Plan, Slot
from services.matching.engine.travel import Travel
from services.matching.sameday.app.parameters import HISTORY_TOO_SHORT, CptsParameters
from services.matching.sameday.edges.solver import WORKERS, Solver, ballots, plan_ahead, plan_round
from services.matching.sameday.store.history import history_of
from shared.db import OpenSession, Scope, set_scope
from shared.db.clock import PARIS, day_at, midnight

DAYS_AHEAD = 2
"""Today and tomorrow: nearly all requests and slots of a round are for these."""


@dataclass(frozen=True, slots=True)
class Thought:
    """A plan, who is held back, under which policy, and why another than the one chosen (empty: it is the one)."""

    plan: Plan
    policy: str
    held: frozenset[str] = frozenset()
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What a round asks. `closes_at_s`: by slot, when it goes back to its practitioner; `seed` names its draws."""

    cpts_id: str
    parameters: CptsParameters
    now: datetime
    instance: Instance
    full: tuple[Slot, ...]
    travel: Travel | None
    closes_at_s: Mapping[str, int]
    seed: UUID


class Foresight:
    """Plans rounds in the solver's processes; reads the past of a territory once a day."""

    def __init__(self, open_session: OpenSession, solver: Solver) -> None:
        """`open_session` is of the matching service."""
        self._open_session, self._solver = open_session, solver
        self._known: dict[str, tuple[date, PastCounts]] = {}

    async def __call__(self, asked: Question) -> Thought:
        """Plan a round; raises what the solver raises."""
        policy = policy_named(asked.parameters.policy)
        if not policy.scenarios or not asked.instance.requests:
            return Thought(await self._usual(asked), policy.name)
        history = await self._history(asked.cpts_id, asked.now)
        if not history.enough:
            return Thought(await self._usual(asked), DEFAULT_POLICY, fallback=HISTORY_TOO_SHORT)
        cast = await asyncio.gather(
            *(
                self._solver(
                    ballots,
                    asked.instance,
                    partial(
                        futures,
                        history,
                        days_ahead(asked.now, ZoneInfo(history.zone)),
                        asked.instance.now_at_s,
                        asked.seed.int,
                        part,
                    ),
                    asked.closes_at_s,
                    asked.travel,
                )
                for part in shares(policy.scenarios)
            )
        )
        every = tuple(ballot for part in cast for ballot in part)
        plan, held = await self._solver(plan_ahead, asked.instance, every, asked.full, asked.travel)
        return Thought(plan, policy.name, held)

    async def _usual(self, asked: Question) -> Plan:
        return await self._solver(plan_round, asked.instance, asked.full, asked.travel)

    async def _history(self, cpts_id: str, now: datetime) -> PastCounts:
        today = day_at(now)
        known = self._known.get(cpts_id)
        if known is None or known[0] != today:
            async with self._open_session() as session:
                await set_scope(session, Scope(frozenset({cpts_id})))
                known = self._known[cpts_id] = (today, await history_of(session, cpts_id, now))
        return known[1]


def shares(scenarios: int) -> list[range]:
    """The scenarios, dealt to the processes there are."""
    return [part for n in range(WORKERS) if (part := range(n, scenarios, WORKERS))]


def days_ahead(now: datetime, zone: ZoneInfo = PARIS) -> tuple[Ahead, ...]:
    """Today and tomorrow, by these clocks."""
    today = day_at(now, zone)
    days = (today + timedelta(days=n) for n in range(DAYS_AHEAD))
    return tuple(Ahead(int(midnight(day, zone).timestamp()), day.isoweekday()) for day in days)


def closing(slots: Sequence[Slot], live: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """By slot, when it goes back to its practitioner unless somebody took it."""
    given_back = ((slot.id, live[slot.id]["give_back_at"]) for slot in slots if slot.id in live)
    return {
        key: int(datetime.fromisoformat(at).timestamp()) - GIVE_BACK_MARGIN_S
        for key, at in given_back
        if at is not None
    }
