"""One territory drawn by seed, as the service sees it: practitioners, their slots of the day, requests of the day."""

import numpy as np

from services.matching.engine.model import Instance, Mode, Parameters, Point, Practitioner, Request, Slot, Urgency

MORNING = 1_800_000_000 // 86_400 * 86_400 + 6 * 3600
DAY_S = 12 * 3600
WINDOW_S = {1: 3 * 3600, 2: 6 * 3600, 3: DAY_S, 4: DAY_S}


def territory(practitioners: int, slots: int, requests: int, seed: int, **parameters: int) -> Instance:
    """About 175,000 inhabitants around a few towns for 120 practitioners; everything is known at 6 h."""
    draw = np.random.default_rng(seed)
    towns = draw.normal(0, 0.16, (8, 2)) + np.array((45.5, 4.5))
    weight = draw.dirichlet(np.full(8, 0.8))
    points = [_near(draw, towns[draw.choice(8, p=weight)], 0.03) for _ in range(practitioners)]
    people = tuple(Practitioner(f"g{n}", served_4_weeks=int(draw.integers(0, 40))) for n in range(practitioners))
    owners = [n % practitioners for n in range(slots)]
    offered = tuple(_slot(draw, n, owner, points[owner]) for n, owner in enumerate(owners))
    asked = tuple(
        _request(draw, n, _near(draw, towns[draw.choice(8, p=weight)], 0.05), practitioners) for n in range(requests)
    )
    return Instance(MORNING, asked, offered, people, Parameters(**parameters))  # type: ignore[arg-type]


def _near(draw: np.random.Generator, town: "np.ndarray[tuple[int], np.dtype[np.float64]]", spread: float) -> Point:
    lat, lon = town + draw.normal(0, spread, 2)
    return Point(round(float(lat), 5), round(float(lon), 5))


def _slot(draw: np.random.Generator, number: int, owner: int, point: Point) -> Slot:
    starts = MORNING + 3600 + int(draw.integers(0, 44)) * 900
    modes = frozenset({Mode.AMB, Mode.VR}) if draw.random() < 0.1 else frozenset({Mode.AMB})
    min_age = 16 if draw.random() < 0.15 else 0
    return Slot(f"s{number}", f"g{owner}", point, starts, starts + 900, modes=modes, min_age=min_age)


def _request(draw: np.random.Generator, number: int, point: Point, practitioners: int) -> Request:
    urgency = int(draw.choice(4, p=(0.1, 0.3, 0.4, 0.2))) + 1
    asked = MORNING + int(draw.beta(1.2, 2.2) * (DAY_S - 3600))
    return Request(
        id=f"r{number}",
        urgency=Urgency(urgency),
        point=point,
        earliest_at_s=asked,
        deadline_at_s=min(MORNING + DAY_S + 3600, asked + WINDOW_S[urgency]),
        submitted_at_s=asked,
        answer_by_at_s=asked,
        age=int(draw.integers(0, 95)),
        max_travel_s=int(draw.choice((750, 1900, 3700), p=(0.2, 0.5, 0.3))),
        habitual=f"g{int(draw.integers(0, practitioners))}" if draw.random() < 0.3 else "",
        modes=frozenset({Mode.AMB, Mode.VR}) if draw.random() < 0.15 else frozenset({Mode.AMB}),
    )
