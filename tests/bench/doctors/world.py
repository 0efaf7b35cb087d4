"""A drawn CPTS whose answers nobody knows beforehand: who would say yes to whom, who stays silent in which stage.

People, doctors and answers are drawn: 45 communes by Zipf, six doctors in ten take Poisson(66) patients, six classes,
reach thirty minutes. Answers, silences and order are the same for all policies.
"""

from dataclasses import dataclass

import numpy as np

from services.matching.engine.doctors.choice.market import ChoiceMarket, Ints, Mask

SHARES = (0.08, 0.02, 0.10, 0.15, 0.05, 0.60)
STAGES, STAGE_DAYS = 18, 10
REACH_MIN, NEAREST, COMMUNES, SIDE_KM = 30.0, 20, 45, 40.0
SILENT_GP, SILENT_PATIENT, LOOKING, OTHER_REASON = 0.12, 0.10, 0.85, 0.10


@dataclass(frozen=True, slots=True)
class World:
    """The market as everybody sees it, and what is hidden: by pair who would agree, by stage who is silent."""

    market: ChoiceMarket
    gp_agrees: Mask
    patient_agrees: Mask
    gp_odds: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    """The true chance of a yes, by doctor and class, ten minutes away."""
    gp_silent: Mask
    patient_silent: Mask
    order: Ints

    @property
    def both(self) -> Mask:
        """Pairs who would truly agree."""
        return self.gp_agrees & self.patient_agrees


def draw(seed: int, people: int = 2600, gps: int = 23, openness: float = 0.65) -> World:
    """A world of so many people and doctors."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, SIDE_KM, (COMMUNES, 2))
    weight = 1 / np.arange(1, COMMUNES + 1)
    home = rng.choice(COMMUNES, people, p=weight / weight.sum())
    at = rng.choice(COMMUNES, gps, p=weight / weight.sum())
    places = np.where(rng.random(gps) < 0.6, rng.poisson(66, gps), 0)
    rank = rng.choice(len(SHARES), people, p=SHARES)
    practice = centres[at] + rng.normal(0, 0.8, (gps, 2))
    minutes = np.linalg.norm(centres[:, None] - practice[None], axis=2) * 1.3 / 50 * 60 + 2
    near = np.argsort(minutes, axis=1, kind="stable")[:, :NEAREST]
    person = np.repeat(np.arange(people), near.shape[1])
    gp = near[home].reshape(-1)
    travel = minutes[home[person], gp]
    kept = (travel <= REACH_MIN) & (places[gp] > 0)
    person, gp, travel = person[kept], gp[kept], travel[kept]
    open_to = np.clip(rng.beta(openness * 5, (1 - openness) * 5, gps), 0.02, 0.98)
    by_class = np.log(open_to / (1 - open_to))[:, None] + rng.normal(0, 0.5, (gps, len(SHARES)))
    chance = 1 / (1 + np.exp(-(by_class[gp, rank[person]] - 0.03 * np.maximum(0, travel - 10))))
    tolerance = np.exp(rng.normal(np.log(18), 0.5, people))
    looking = rng.random(people) < LOOKING
    agrees = looking[person] & (travel <= tolerance[person]) & (rng.random(len(person)) >= OTHER_REASON)
    seconds = np.rint(60 * travel).astype(np.int64)
    return World(
        ChoiceMarket(rank, person, gp, seconds, seconds, places),
        rng.random(len(person)) < chance,
        agrees,
        1 / (1 + np.exp(-by_class)),
        rng.random((STAGES, gps)) < SILENT_GP,
        rng.random((STAGES, people)) < SILENT_PATIENT,
        rng.permutation(people),
    )
