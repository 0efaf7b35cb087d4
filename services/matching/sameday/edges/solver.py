"""Solving beside the event loop: the solvers hold the interpreter's lock, so they run in processes of their own."""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from dataclasses import replace
from multiprocessing.context import BaseContext
from typing import ParamSpec, TypeVar

import structlog

from services.matching.engine.ahead.lookahead import (
    Ballot,
    Future,
    hold_back,
    majority,
    serves_as_well,
    vote,
    with_choice,
)
from services.matching.engine.market.least_cost import CostsTooLarge, FlowFailed
from services.matching.engine.model import Blocker, Instance, Option, Plan, Relaxation, Request, Slot, Unmatched
from services.matching.engine.sameday.explain import PLACE, explain
from services.matching.engine.sameday.recommend import options
from services.matching.engine.sameday.rules import blockers, on_top_left, practitioner_of
from services.matching.engine.sameday.solve import solve
from services.matching.engine.travel import Travel

log = structlog.get_logger()
UNSOLVED = (BrokenProcessPool, FlowFailed, CostsTooLarge)
"""What a computation raises when the solver gave no answer; nothing of it was read."""
P = ParamSpec("P")
R = TypeVar("R")
WORKERS = 2
MOST_EXPLAINED = 30
MOST_CHECKED = 4


def plan_round(instance: Instance, full: tuple[Slot, ...] = (), travel: Travel | None = None) -> Plan:
    """The plan of a round, explained for those left out; each explanation is proved when few are left out.

    `full` are the slots without a place: nobody gets them, but they say what one more place would do.
    """
    plan = solve(instance, travel)
    urgency = {request.id: request.urgency for request in instance.requests}
    left_out = sorted((each.request for each in plan.unmatched), key=lambda id_: (urgency[id_], id_))
    if not left_out:
        return plan
    only = frozenset(left_out[:MOST_EXPLAINED])
    plan = explain(instance, plan, travel, only=only, check=len(left_out) <= MOST_CHECKED)
    requests = {request.id: request for request in instance.requests}
    unmatched = (with_full(each, instance, requests[each.request], full, travel) for each in plan.unmatched)
    return replace(plan, unmatched=tuple(unmatched))


def ballots(
    instance: Instance,
    futures_of: Callable[[], tuple[Future, ...]],
    closes_at_s: Mapping[str, int],
    travel: Travel | None = None,
) -> tuple[Ballot, ...]:
    """What these futures would give those who wait."""
    return tuple(vote(instance, future, closes_at_s, travel) for future in futures_of())


def plan_ahead(
    instance: Instance, cast: tuple[Ballot, ...], full: tuple[Slot, ...] = (), travel: Travel | None = None
) -> tuple[Plan, frozenset[str]]:
    """The plan of a round that most futures agree on, and who is held back; the usual plan where it serves more."""
    choice = majority(instance, cast)
    held = hold_back(instance, choice)
    usual = plan_round(instance, full, travel)
    if not choice:
        return usual, held
    plan = plan_round(with_choice(instance, choice), full, travel)
    return (plan if serves_as_well(instance, plan, usual) else usual), held


def with_full(
    unmatched: Unmatched, instance: Instance, request: Request, full: tuple[Slot, ...], travel: Travel | None
) -> Unmatched:
    """Why a request has no slot, counting those that are full; one more place would serve it, in the earliest of those
    whose practitioner may still be asked for somebody on top."""
    fitting = [
        slot
        for slot in full
        if not any(blockers(instance, request, replace(slot, places=max(1, request.party)), travel))
    ]
    if not fitting:
        return unmatched
    counts = dict(unmatched.blockers)
    counts[Blocker.TAKEN] = counts.get(Blocker.TAKEN, 0) + len(fitting)
    found = unmatched.relaxations
    askable = [slot for slot in fitting if on_top_left(practitioner_of(instance, slot)) >= request.party]
    if askable and not any(each.kind == PLACE for each in found):
        slot = min(askable, key=lambda each: (each.starts_at_s, each.id))
        found = (Relaxation(PLACE, request.party, slot.id, slot.practitioner), *found)
    return replace(unmatched, blockers=tuple(counts.items()), relaxations=found)


def recommend(
    instance: Instance, full: tuple[Slot, ...], request: Request, k: int, travel: Travel | None = None
) -> tuple[tuple[Option, ...], Unmatched | None]:
    """The k best slots for one request among the others of the instance; when there is none, why."""
    others = tuple(one for one in instance.requests if one.id != request.id)
    found = options(replace(instance, requests=others), request, k, travel=travel)
    if found:
        return found, None
    whole = replace(instance, requests=(*others, request))
    plan = explain(whole, solve(whole, travel), travel, only=frozenset({request.id}))
    why = next((each for each in plan.unmatched if each.request == request.id), None)
    return (), with_full(why, whole, request, full, travel) if why else None


def _settle() -> None:
    """In a worker: Ctrl-C is the parent's business, and a parent that was killed takes its workers along."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101  only workers run this

    def leave_with_parent() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=leave_with_parent, daemon=True).start()


def _processes() -> BaseContext:
    """How workers are made: on Linux by a server that has read the solvers once and forks each in milliseconds."""
    context = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    context.set_forkserver_preload([__name__])
    return context


def _new_pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(WORKERS, mp_context=_processes(), initializer=_settle)


def _kill_workers(pool: ProcessPoolExecutor) -> None:
    """What they compute is pure and no longer wanted: waiting for it, or for a warm-up, would hold up the goodbye."""
    for process in list((pool._processes or {}).values()):  # noqa: SLF001 - public as `kill_workers` from 3.14 on
        process.kill()


class Solver:
    """A pool of warm processes. One that dies is replaced, and what it was computing is computed again."""

    def __init__(self) -> None:
        """Nothing is started before `running`."""
        self._pool: ProcessPoolExecutor | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Solver"]:
        """Ready while the context is open; its processes warm up meanwhile."""
        self._pool = _new_pool()
        warming = [self._pool.submit(plan_round, Instance(0, (), ())) for _ in range(WORKERS)]
        try:
            yield self
        finally:
            for each in warming:
                each.cancel()
            _kill_workers(self._pool)
            await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    async def __call__(self, compute: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute in a worker. Tried twice: the functions are pure; raises `BrokenProcessPool` the second time."""
        assert not kwargs  # noqa: S101  executors take positional arguments only
        for attempt in (1, 2):
            pool = self._pool
            assert pool is not None  # noqa: S101  only used while running
            try:
                return await asyncio.get_running_loop().run_in_executor(pool, compute, *args)
            except BrokenProcessPool:
                log.warning("solver_died", attempt=attempt)
                if self._pool is pool:
                    self._pool = _new_pool()
                # A worker started while its pool was breaking is not ended by the pool, which then waits for ever.
                _kill_workers(pool)
                pool.shutdown(wait=False)
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")
