"""The policies that are compared: today's, the recommended one, and those of the published reference, adapted."""

from dataclasses import replace

import numpy as np

from services.matching.engine.doctors.choice.market import Ints, plan
from services.matching.engine.doctors.choice.odds import Odds, reckon_odds
from services.matching.engine.doctors.choice.wave import WaveParameters, ask, settle
from tests.bench.doctors.lived import Life
from tests.bench.doctors.world import STAGES, World

MENU, SEQUENCES, REACH_S = 5, 10, 1800


def today(world: World, list_limit: int = 10_000) -> Life:
    """The exact plan proposes one doctor to each; the doctor answers in a stage, the patient in the next."""
    life, market = Life(world), world.market
    proposed = np.zeros(0, np.int64)
    agreed = np.zeros(0, np.int64)
    for stage in range(STAGES):
        promised = np.concatenate([proposed, agreed])
        free = life.places - np.bincount(market.pair_gp[promised], minlength=len(life.places))
        known = life.known
        busy = known.set_aside.copy()
        busy[market.pair_person[promised]] = True
        open_pairs = ~life.refused & ~busy[market.pair_person]
        proposed = np.concatenate([proposed, np.flatnonzero(plan(replace(life.market, places=free), open_pairs))])
        order = np.lexsort(
            (market.pair_cost[proposed], market.rank[market.pair_person[proposed]], market.pair_gp[proposed])
        )
        asked = _limit(proposed[order], market.pair_gp[proposed[order]], list_limit)
        life.answer(stage, agreed, asked)
        done = agreed[life.patient_yes[agreed]]
        life.attach(done, stage)
        gone = life.refused | (life.silences > 1)[market.pair_person]
        agreed = np.concatenate([agreed[~life.patient_yes[agreed] & ~gone[agreed]], proposed[life.gp_yes[proposed]]])
        # A doctor's silence sends the person back to the plan.
        proposed = np.setdiff1d(proposed, asked)
    return life.end()


def _limit(pairs: Ints, of: Ints, most: int) -> Ints:
    starts = np.flatnonzero(np.concatenate([[True], of[1:] != of[:-1]])) if pairs.size else np.zeros(0, np.int64)
    turn = np.arange(pairs.size) - np.repeat(starts, np.diff(np.append(starts, pairs.size)))
    return pairs[turn < most]


def choice(
    world: World,
    parameters: WaveParameters | None = None,
    believed: Odds | None = None,
    *,
    stages: int = STAGES,
    life: Life | None = None,
) -> Life:
    """Choice waves; `believed`: odds that are wrong, else those that the answers give."""
    life, chosen = life or Life(world), parameters or WaveParameters()
    for stage in range(stages):
        odds = believed or reckon_odds(life.counts)
        questions = ask(life.market, life.known, odds, chosen, stage)
        life.answer(stage, questions.patients, questions.gps)
        life.attach(settle(life.market, life.known, chosen).attached, stage)
    return life.end()


def both_at_once(world: World) -> Life:
    """Choice waves in which doctors of the first five classes are asked without waiting for the patients."""
    return choice(world, replace(WaveParameters(), both_at_once_classes=5))


def offer_all(world: World) -> Life:
    """Everything to everybody: in a drawn order each takes the nearest free doctor that would do, who then answers."""
    return _first_come(world, np.ones(len(world.market.pair_person), bool), by_class=False)


def greedy_justified(world: World) -> Life:
    """Five doctors each, those most worth having while free in ten drawn sequences, to as many as there are places.

    The first classes first: our adaptation of the policy of Raman & Wiberg's code of 2026.
    """
    return _first_come(world, _justify(world), by_class=True)


def _first_come(world: World, menu: np.ndarray[tuple[int], np.dtype[np.bool_]], *, by_class: bool) -> Life:
    life, market = Life(world), world.market
    first = np.searchsorted(market.pair_person, np.arange(market.people + 1))
    turn = np.argsort(world.order)
    ranked = np.lexsort((turn, market.rank)) if by_class else world.order
    pending = np.zeros(0, np.int64)
    for stage in range(STAGES):
        free = life.places - np.bincount(market.pair_gp[pending], minlength=len(life.places))
        out = life.known.set_aside.copy()
        out[market.pair_person[pending]] = True
        exhausted = ~market.any_of_person(menu & ~life.refused)
        waiting = ranked[~out[ranked] & ~exhausted[ranked]]
        offered = waiting[: int(free.sum())] if by_class else waiting
        picks, asked = [], []
        for person in offered if not by_class else offered[np.argsort(turn[offered])]:
            options = np.arange(first[person], first[person + 1])
            options = options[menu[options] & ~life.refused[options] & (free[market.pair_gp[options]] > 0)]
            asked.append(options)
            if world.patient_silent[stage, person]:
                continue
            would = options[world.patient_agrees[options]]
            if would.size:
                picks.append(int(would[0]))
                free[market.pair_gp[would[0]]] -= 1
        life.answer(stage, np.concatenate(asked) if asked else pending[:0], pending)
        life.attach(pending[life.gp_yes[pending]], stage)
        silent = pending[~life.gp_yes[pending] & ~life.refused[pending]]
        pending = np.concatenate([silent, np.array(picks, np.int64)])
    return life.end()


def _justify(world: World) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    market = world.market
    first = np.searchsorted(market.pair_person, np.arange(market.people + 1))
    rng = np.random.default_rng(1)
    worth = np.zeros(len(market.pair_person))
    gain = 1 - market.pair_travel_s / REACH_S
    for _ in range(SEQUENCES):
        free = market.places.copy()
        for person in np.lexsort((rng.random(market.people), market.rank)):
            options = np.arange(first[person], first[person + 1])
            options = options[free[market.pair_gp[options]] > 0]
            worth[options] += gain[options]
            if options.size:
                free[market.pair_gp[options[0]]] -= 1
    order = np.lexsort((-worth, market.pair_person))
    menu = np.zeros(len(worth), bool)
    menu[_limit(order, market.pair_person[order], MENU)] = True
    return menu


def believe(world: World, how: str) -> Odds:
    """Odds that are wrong in one of six ways."""
    gps, classes = world.gp_odds.shape
    truth = np.rint(1000 * world.gp_odds).astype(np.int64)
    patient = np.full(7, 600)
    rng = np.random.default_rng(5)
    gp = {
        "flat": np.full((gps, classes), 600),
        "certain": np.full((gps, classes), 1000),
        "lower": np.clip(truth - 250, 10, 1000),
        "higher": np.clip(truth + 250, 10, 1000),
        "shuffled": truth[rng.permutation(gps)],
        "inverted": 1000 - truth,
    }[how]
    shift = {"lower": -250, "higher": 250, "certain": 400, "inverted": -200}.get(how, 0)
    return Odds(gp, patient + shift, 1000 if how == "certain" else 850)


BELIEFS = ("flat", "certain", "lower", "higher", "shuffled", "inverted")
