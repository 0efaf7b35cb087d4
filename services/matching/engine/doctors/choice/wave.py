"""One wave: who gets a place of those who both said yes, and who is asked next.

Whom to ask is voted by exact plans of drawn futures; the plan of today, in which everybody says yes, always votes:
wrong odds then do little harm. After Blum et al. 2015 and Behnezhad et al.: a few sampled best plans hold most of what
will do.
"""

from dataclasses import dataclass

import numpy as np

from services.matching.engine.doctors.choice.market import ChoiceMarket, Ints, Mask, plan
from services.matching.engine.doctors.choice.odds import BAND_S, Odds, uniform


@dataclass(frozen=True, slots=True)
class Known:
    """By pair: what was said and still holds. `set_aside`: people who no longer take part."""

    patient_yes: Mask
    gp_yes: Mask
    refused: Mask
    set_aside: Mask

    def open_pairs(self, market: ChoiceMarket) -> Mask:
        """Pairs that may still come to be."""
        return ~self.refused & ~self.set_aside[market.pair_person]


@dataclass(frozen=True, slots=True)
class WaveParameters:
    """`futures`: how many are drawn; `options` a patient is asked about; `reserve`: how many places each undecided
    person claims before somebody ready gets theirs; `list_limit`: names a doctor is asked about in a wave;
    `both_at_once_classes`: the first classes, whose doctors are asked without waiting for the patients.
    """

    futures: int = 8
    options: int = 5
    reserve: int = 2
    list_limit: int = 10_000
    both_at_once_classes: int = 0
    list_per_place: int = 4


@dataclass(frozen=True, slots=True)
class Settlement:
    """Pairs that get a place, and people who wait though both sides said yes: their places are kept for others."""

    attached: Ints
    held_back: Ints


@dataclass(frozen=True, slots=True)
class Questions:
    """Pairs that patients and doctors are asked about, and how many plans wanted each pair."""

    patients: Ints
    gps: Ints
    votes: Ints


def settle(market: ChoiceMarket, known: Known, parameters: WaveParameters) -> Settlement:
    """The pairs who both said yes and whom the exact plan of everybody gives a place.

    All others are supposed willing, and each of them claims `reserve` places: none that a higher class may still use is
    given to a lower one.
    """
    both = known.patient_yes & known.gp_yes & known.open_pairs(market)
    ready = market.any_of_person(both)
    allowed = np.where(ready[market.pair_person], both, known.open_pairs(market))
    units = np.where(ready, 1, parameters.reserve)
    chosen = plan(market, allowed, units=units, before=ready) & both
    served = market.any_of_person(chosen)
    return Settlement(np.flatnonzero(chosen), np.flatnonzero(ready & ~served))


def ask(market: ChoiceMarket, known: Known, odds: Odds, parameters: WaveParameters, seed: int) -> Questions:
    """Whom to ask about whom: the same for the same seed, people and answers."""
    votes = count_votes(market, known, odds, parameters, seed)
    open_pairs = known.open_pairs(market) & (market.places[market.pair_gp] > 0)
    unasked = open_pairs & ~known.patient_yes
    patients = _first_of_person(market, unasked, votes, odds, parameters)
    early = market.rank[market.pair_person] < parameters.both_at_once_classes
    wanted = open_pairs & ~known.gp_yes & (votes > 0) & (known.patient_yes | early)
    return Questions(patients, _lists(market, wanted, votes, parameters), votes)


def count_votes(market: ChoiceMarket, known: Known, odds: Odds, parameters: WaveParameters, seed: int) -> Ints:
    """How many plans want each pair: the plan of today once a future, and that of each future."""
    open_pairs = known.open_pairs(market)
    willing = market.any_of_person(known.patient_yes & open_pairs)
    today = plan(market, open_pairs, before=willing)
    votes = max(1, parameters.futures) * today.astype(np.int64)
    bands = np.minimum(market.pair_travel_s // BAND_S, len(odds.patient) - 1)
    gp_odds = np.where(known.gp_yes, 1000, odds.gp[market.pair_gp, market.rank[market.pair_person]])
    patient_odds = np.where(known.patient_yes, 1000, odds.patient[bands])
    people = np.arange(market.people)
    for future in range(parameters.futures):
        live = willing | (uniform(seed, future, people, np.full_like(people, 1 << 40)) < odds.answers)
        says = uniform(seed, future, market.pair_person, market.pair_gp) < gp_odds
        would = uniform(seed, future + (1 << 20), market.pair_person, market.pair_gp) < patient_odds
        votes += plan(market, open_pairs & live[market.pair_person] & says & would)
    return votes


def _first_of_person(market: ChoiceMarket, among: Mask, votes: Ints, odds: Odds, parameters: WaveParameters) -> Ints:
    """Of each person whom a plan wants, so many pairs: those with votes, then the likeliest near ones."""
    wanted = market.any_of_person(among & (votes > 0))
    pairs = np.flatnonzero(among & wanted[market.pair_person])
    likely = odds.gp[market.pair_gp[pairs], market.rank[market.pair_person[pairs]]]
    order = np.lexsort((market.pair_cost[pairs], -likely, -votes[pairs], market.pair_person[pairs]))
    return _cut(pairs[order], market.pair_person[pairs[order]], np.full(market.people, parameters.options))


def _lists(market: ChoiceMarket, wanted: Mask, votes: Ints, parameters: WaveParameters) -> Ints:
    """Of each doctor the names to tick: by class, then votes, then cost; cut at what a doctor reads and may need."""
    pairs = np.flatnonzero(wanted)
    rank = market.rank[market.pair_person[pairs]]
    order = np.lexsort((market.pair_cost[pairs], -votes[pairs], rank, market.pair_gp[pairs]))
    most = np.minimum(parameters.list_limit, parameters.list_per_place * market.places)
    return _cut(pairs[order], market.pair_gp[pairs[order]], most)


def _cut(pairs: Ints, of: Ints, most: Ints) -> Ints:
    """The first so many of each group; `pairs` come group by group."""
    if not pairs.size:
        return pairs
    starts = np.flatnonzero(np.concatenate([[True], of[1:] != of[:-1]]))
    turn = np.arange(pairs.size) - np.repeat(starts, np.diff(np.append(starts, pairs.size)))
    return pairs[turn < most[of]]
