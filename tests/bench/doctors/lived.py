"""What happens in a drawn CPTS under a policy: eighteen stages of ten days, the same answers for all policies.

A question asked when a stage begins is answered, or not, when it ends. Who is silent twice in a row is set aside.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from services.matching.engine.doctors.choice.market import ChoiceMarket, Ints, Mask
from services.matching.engine.doctors.choice.odds import BAND_S, AnswerCounts
from services.matching.engine.doctors.choice.wave import Known
from tests.bench.doctors.world import SHARES, STAGE_DAYS, STAGES, World

NEVER, BANDS = 10_000, 7


@dataclass(slots=True)
class Life:
    """One run: what was said, who got a place on which day, how much was asked."""

    world: World
    patient_yes: Mask = field(init=False)
    gp_yes: Mask = field(init=False)
    refused: Mask = field(init=False)
    silences: Ints = field(init=False)
    places: Ints = field(init=False)
    pair_of: Ints = field(init=False)
    day_of: Ints = field(init=False)
    counts: AnswerCounts = field(init=False)
    gp_questions: int = 0
    patient_questions: int = 0
    idle_days: int = 0

    def __post_init__(self) -> None:
        """Nobody was asked anything."""
        market = self.world.market
        pairs, people, gps = len(market.pair_person), market.people, len(market.places)
        self.patient_yes, self.gp_yes, self.refused = (np.zeros(pairs, bool) for _ in range(3))
        self.silences = np.zeros(people, np.int64)
        self.places = market.places.copy()
        self.pair_of = np.full(people, -1)
        self.day_of = np.full(people, NEVER)
        grid = (gps, len(SHARES))
        self.counts = AnswerCounts(
            np.zeros(grid, np.int64), np.zeros(grid, np.int64), np.zeros(BANDS, np.int64), np.zeros(BANDS, np.int64)
        )

    @property
    def known(self) -> Known:
        """What a policy may know."""
        return Known(self.patient_yes, self.gp_yes, self.refused, (self.silences > 1) | (self.pair_of >= 0))

    @property
    def market(self) -> ChoiceMarket:
        """The market with the places that are left."""
        whole = self.world.market
        return replace(whole, places=self.places)

    def answer(self, stage: int, patients: Ints, gps: Ints) -> None:
        """Patients and doctors answer what they are asked about in a stage, or are silent."""
        world, market = self.world, self.world.market
        self.patient_questions += len(np.unique(market.pair_person[patients]))
        self.gp_questions += len(gps)
        asked = np.zeros(market.people, bool)
        asked[market.pair_person[patients]] = True
        silent = world.patient_silent[stage]
        self.silences[asked] = np.where(silent[asked], self.silences[asked] + 1, 0)
        heard = patients[~silent[market.pair_person[patients]]]
        self._note(heard, self.patient_yes, world.patient_agrees)
        told = gps[~world.gp_silent[stage][market.pair_gp[gps]]]
        self._note(told, self.gp_yes, world.gp_agrees)
        self._count(patients, heard, told)

    def _note(self, pairs: Ints, said: Mask, truth: Mask) -> None:
        said[pairs[truth[pairs]]] = True
        self.refused[pairs[~truth[pairs]]] = True

    def _count(self, patients: Ints, heard: Ints, told: Ints) -> None:
        counts, market, world = self.counts, self.world.market, self.world
        cells = (market.pair_gp[told], market.rank[market.pair_person[told]])
        np.add.at(counts.gp_asked, cells, 1)
        np.add.at(counts.gp_yes, cells, world.gp_agrees[told].astype(np.int64))
        bands = np.minimum(market.pair_travel_s[heard] // BAND_S, BANDS - 1)
        np.add.at(counts.patient_asked, bands, 1)
        np.add.at(counts.patient_yes, bands, world.patient_agrees[heard].astype(np.int64))
        people = [len(np.unique(market.pair_person[pairs])) for pairs in (heard, patients)]
        self.counts = AnswerCounts(
            counts.gp_yes, counts.gp_asked, counts.patient_yes, counts.patient_asked,
            counts.answered + people[0], counts.asked + people[1],
        )  # fmt: skip

    def attach(self, pairs: Ints, stage: int) -> None:
        """These pairs get a place at the end of a stage."""
        market, day = self.world.market, STAGE_DAYS * (stage + 1)
        self.pair_of[market.pair_person[pairs]] = pairs
        self.day_of[market.pair_person[pairs]] = day
        np.subtract.at(self.places, market.pair_gp[pairs], 1)
        self.idle_days += day * len(pairs)

    def attached(self, day: int, classes: int = len(SHARES), first: int = 0) -> int:
        """How many of the classes from `first` up to `classes` were attached by a day."""
        rank = self.world.market.rank
        return int(((self.day_of <= day) & (rank >= first) & (rank < classes)).sum())

    def envious(self) -> int:
        """Who still waits though both would agree, while that doctor took somebody of a class after theirs."""
        market = self.world.market
        last = np.full(len(market.places), -1)
        taken = self.pair_of[self.pair_of >= 0]
        np.maximum.at(last, market.pair_gp[taken], market.rank[market.pair_person[taken]])
        waits = self.pair_of[market.pair_person] < 0
        justly = self.world.both & waits & (last[market.pair_gp] > market.rank[market.pair_person])
        return len(np.unique(market.pair_person[justly]))

    def end(self) -> "Life":
        """Places that nobody took stayed idle to the end."""
        self.idle_days += STAGES * STAGE_DAYS * int(self.places.sum())
        return self
