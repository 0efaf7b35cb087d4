"""How likely each side is to say yes, from the answers of a CPTS, in permille; shown to nobody.

Shrunk twice, for a doctor gets some tens of questions a year: a doctor to all doctors, a class to its doctor.
"""

from dataclasses import dataclass

import numpy as np

from services.matching.engine.doctors.choice.market import Ints

PERMILLE = 1000
YES, ASKED = 3, 5
"""What is supposed before any answer: three yes of five."""
OF_ALL, OF_DOCTOR = 8, 8
"""How many answers the mean of all, then of the doctor, counts for."""
ANSWERING, TIMES = 8, 10
BAND_S = 300


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """What was answered so far. By doctor and class: yes, asked; by band of five minutes: patients' yes, asked; all
    questions to patients: answered, asked. A silence is no refusal: it counts in the last two alone.
    """

    gp_yes: Ints
    gp_asked: Ints
    patient_yes: Ints
    patient_asked: Ints
    answered: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Odds:
    """Permille: by doctor and class, by band of travel, and that a patient answers at all."""

    gp: Ints
    patient: Ints
    answers: int


def reckon_odds(counts: AnswerCounts) -> Odds:
    """The odds that these answers give."""
    mean = (counts.gp_yes.sum() + YES) / (counts.gp_asked.sum() + ASKED)
    yes, asked = counts.gp_yes.sum(axis=1), counts.gp_asked.sum(axis=1)
    doctor = (yes + OF_ALL * mean) / (asked + OF_ALL)
    gp = (counts.gp_yes + OF_DOCTOR * doctor[:, None]) / (counts.gp_asked + OF_DOCTOR)
    patient = (counts.patient_yes + YES) / (counts.patient_asked + ASKED)
    answers = (counts.answered + ANSWERING) / (counts.asked + TIMES)
    return Odds(_permille(gp), _permille(patient), round(PERMILLE * answers))


def _permille(share: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Ints:
    return np.rint(PERMILLE * share).astype(np.int64)


def uniform(seed: int, future: int, left: Ints, right: Ints) -> Ints:
    """Draws in permille, the same for the same numbers whatever their order (splitmix64 of a counter)."""
    with np.errstate(over="ignore"):
        mixed = (
            np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
            + np.uint64(future) * np.uint64(0xBF58476D1CE4E5B9)
            + left.astype(np.uint64) * np.uint64(0x94D049BB133111EB)
            + right.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
        )
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(11)) % np.uint64(PERMILLE)).astype(np.int64)
