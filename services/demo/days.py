"""A day of a territory, drawn: who publishes slots when, who asks when, and what patients and practitioners then do."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from services.demo.people import DemoProfessional
from services.demo.territories import DemoTerritory, Town
from shared.db.clock import PARIS

OPENS, CLOSES = time(7, 45), time(20, 15)
FIRST_HOUR = 8
BY_HOUR = (16, 15, 11, 9, 6, 5, 6, 6, 7, 8, 6, 5)
"""Requests by hour from 8 to 20 h, in hundredths (assumed: 55 % of GPs see the peak at 8 to 10 h)."""

SLOTS_A_DAY, REQUESTS_A_DAY, FLU_MONDAY = 46, 28, 44
PER_INHABITANTS = 120_000
KNOWN_AT_OPENING = 0.6
SLOT_MINUTES = 15
FIRST_DOCTOR_STARTS, FIRST_DOCTOR_SLOTS = time(10, 0), 6
SLOT_PROFESSIONS = (("10", 0.84), ("60", 0.06), ("50", 0.03), ("70", 0.04), ("40", 0.03))
SOURCES = (("sas", 0.50), ("practice", 0.25), ("pharmacy", 0.15), ("ehpad", 0.10))
MOTIVES = (
    ("fever_adult", 2, 14), ("fever_child", 1, 9), ("sore_throat", 3, 12), ("respiratory", 1, 5), ("ear_pain", 2, 8),
    ("cystitis", 2, 7), ("back_pain", 3, 8), ("sprain", 2, 6), ("abdominal_pain", 1, 3), ("skin", 3, 7),
    ("wound", 1, 2), ("eye", 2, 3), ("renewal", 4, 7), ("certificate", 4, 3), ("dental_pain", 2, 2),
    ("dressing", 3, 2), ("pregnancy", 2, 1), ("home_visit", 2, 2),
)  # fmt: skip
"""What people ask for: motive, its class, and how often in relative numbers (assumed)."""

AGES = ((0, 12, 0.22), (13, 24, 0.12), (25, 45, 0.26), (46, 64, 0.20), (65, 95, 0.20))
TRAVEL_MINUTES, ON_FOOT = (15, 25, 40), 0.12
CANCELS, NO_SHOW, WITHDRAWN = 0.05, 0.026, 0.02


@dataclass(frozen=True, slots=True)
class DemoPublication:
    """A practitioner opens `count` slots that follow each other."""

    at: datetime
    practitioner: DemoProfessional
    starts_at: datetime
    count: int
    modes: tuple[str, ...]
    withdrawn_after: timedelta | None


@dataclass(frozen=True, slots=True)
class Asking:
    """Someone asks for a slot; `at_counter` has to know now, `cancels_after` and `comes` are what will happen."""

    at: datetime
    town: Town
    motive: str
    urgency: int
    source: str
    age: int
    max_travel_minutes: int
    own_transport: bool
    at_counter: bool
    cancels_after: timedelta | None
    comes: bool


@dataclass(frozen=True, slots=True)
class DemoDay:
    """Everything that a day brings, in order of time."""

    date: date
    publications: tuple[DemoPublication, ...]
    askings: tuple[Asking, ...]


def draw_demo_day(
    territory: DemoTerritory, people: list[DemoProfessional], day: date, seed: int, *, flu: bool = True
) -> DemoDay:
    """The day of a territory; a Monday of a flu week when `flu`. The same arguments give the same day."""
    rng = np.random.default_rng([seed, int(territory.finess), day.toordinal()])
    share = territory.inhabitants / PER_INHABITANTS
    publications = _publications(rng, people, day, round(SLOTS_A_DAY * share))
    askings = _askings(rng, territory, day, round((FLU_MONDAY if flu else REQUESTS_A_DAY) * share))
    return DemoDay(day, tuple(publications), tuple(askings))


def at(day: date, hour: time) -> datetime:
    """An instant of that day, in Paris."""
    return datetime.combine(day, hour, tzinfo=PARIS)


def _publications(
    rng: np.random.Generator, people: list[DemoProfessional], day: date, slots: int
) -> list[DemoPublication]:
    by_profession = {code: [who for who in people if who.profession == code] for code, _ in SLOT_PROFESSIONS}
    codes, shares = [code for code, _ in SLOT_PROFESSIONS], [share for _, share in SLOT_PROFESSIONS]
    drawn = [_first_doctor(by_profession["10"].pop(0), day)]
    slots -= drawn[0].count
    # One row of slots a day each: no two of them can overlap.
    while slots > 0 and any(by_profession.values()):
        code = str(rng.choice(codes, p=shares))
        if not by_profession[code]:
            continue
        practitioner = by_profession[code].pop(int(rng.integers(len(by_profession[code]))))
        count = min(slots, int(rng.integers(1, 4)))
        slots -= count
        drawn.append(_publication(rng, practitioner, day, count))
    return sorted(drawn, key=lambda each: each.at)


def _first_doctor(practitioner: DemoProfessional, day: date) -> DemoPublication:
    """The doctor of the demonstration's accounts publishes every day: who signs in as them has patients to see."""
    return DemoPublication(
        at(day, OPENS), practitioner, at(day, FIRST_DOCTOR_STARTS), FIRST_DOCTOR_SLOTS, ("AMB",), None
    )


def _publication(rng: np.random.Generator, practitioner: DemoProfessional, day: date, count: int) -> DemoPublication:
    starts_at = at(day, time(9, 0)) + int(rng.integers(0, 40)) * timedelta(minutes=SLOT_MINUTES)
    opening = at(day, OPENS) + timedelta(seconds=int(rng.integers(10, 600)))
    late = starts_at - timedelta(minutes=int(rng.integers(90, 240)))
    video = practitioner.profession == "10" and rng.random() < 0.1
    home = practitioner.profession == "60" or (practitioner.profession == "10" and rng.random() < 0.15)
    withdrawn = rng.random() < WITHDRAWN
    return DemoPublication(
        at=opening if rng.random() < KNOWN_AT_OPENING else max(opening, late),
        practitioner=practitioner,
        starts_at=starts_at,
        count=count,
        modes=("VR",) if video else ("AMB", "HH") if home else ("AMB",),
        withdrawn_after=timedelta(minutes=int(rng.integers(10, 60))) if withdrawn else None,
    )


def _askings(rng: np.random.Generator, territory: DemoTerritory, day: date, count: int) -> list[Asking]:
    hours = rng.choice(len(BY_HOUR), count, p=np.array(BY_HOUR) / sum(BY_HOUR))
    return sorted((_asking(rng, territory, day, FIRST_HOUR + int(hour)) for hour in hours), key=lambda each: each.at)


def _asking(rng: np.random.Generator, territory: DemoTerritory, day: date, hour: int) -> Asking:
    weights = np.array([town.inhabitants for town in territory.towns], np.float64)
    motive, urgency, _ = MOTIVES[int(rng.choice(len(MOTIVES), p=_shares([each[2] for each in MOTIVES])))]
    group = 0 if motive == "fever_child" else int(rng.choice(len(AGES), p=_shares([each[2] for each in AGES])))
    low, high, _ = AGES[group]
    source = str(rng.choice([name for name, _ in SOURCES], p=[share for _, share in SOURCES]))
    cancels = rng.random() < CANCELS
    return Asking(
        at=at(day, time(hour)) + timedelta(seconds=int(rng.integers(0, 3600))),
        town=territory.towns[int(rng.choice(len(weights), p=weights / weights.sum()))],
        motive=motive,
        urgency=urgency,
        source=source,
        age=int(rng.integers(low, high + 1)),
        max_travel_minutes=int(rng.choice(TRAVEL_MINUTES)),
        own_transport=bool(rng.random() >= ON_FOOT),
        at_counter=source == "pharmacy",
        cancels_after=timedelta(minutes=int(rng.integers(10, 120))) if cancels else None,
        comes=bool(rng.random() >= NO_SHOW),
    )


def _shares(numbers: list[float]) -> np.ndarray:
    return np.array(numbers, np.float64) / sum(numbers)
