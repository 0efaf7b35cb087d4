"""A synthetic territory: communes round a town, general practitioners, what each can do. No real place or person."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine.model import Mode, Point, Practitioner

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KM_PER_DEGREE = 111.2
CENTRE = Point(46.5, 3.0)


@dataclass(frozen=True, slots=True)
class TerritorySetting:
    """What is drawn. Shares are of practitioners."""

    inhabitants: int = 175_000
    practitioners: int = 120
    communes: int = 45
    radius_km: float = 28.0
    home_visit_share: float = 0.25
    special_share: float = 0.30
    tele_share: float = 0.15


@dataclass(frozen=True, slots=True)
class DrawnTerritory:
    """Where people live and who cares for them. `weight` is each commune's share of the inhabitants."""

    communes: tuple[Point, ...]
    weight: Floats
    spread_km: Floats
    practitioners: tuple[Practitioner, ...]
    practices: tuple[Point, ...]
    home_visits: npt.NDArray[np.bool_]
    special: npt.NDArray[np.bool_]
    tele: npt.NDArray[np.bool_]


def draw_territory(rng: np.random.Generator, setting: TerritorySetting | None = None) -> DrawnTerritory:
    """A town in the middle, smaller communes round it (Zipf), practices where people live but more in the towns."""
    of = setting or TerritorySetting()
    weight: Floats = np.arange(1, of.communes + 1, dtype=np.float64) ** -0.9
    weight /= weight.sum()
    angle = rng.uniform(0.0, 2 * np.pi, of.communes)
    distance = of.radius_km * np.sqrt(rng.uniform(0.02, 1.0, of.communes))
    distance[0] = 0.0
    centres = tuple(move(CENTRE, km * np.cos(a), km * np.sin(a)) for km, a in zip(distance, angle, strict=True))
    spread = 0.8 + 2.2 * np.sqrt(weight / weight[0])
    town = weight**1.1
    home = rng.choice(of.communes, of.practitioners, p=town / town.sum())
    offset = rng.normal(0.0, 0.6, (of.practitioners, 2)) * spread[home, None]
    return DrawnTerritory(
        communes=centres,
        weight=weight,
        spread_km=spread,
        practitioners=tuple(Practitioner(f"gp-{i:03d}") for i in range(of.practitioners)),
        practices=tuple(move(centres[c], *shift) for c, shift in zip(home, offset, strict=True)),
        home_visits=rng.random(of.practitioners) < of.home_visit_share,
        special=rng.random(of.practitioners) < of.special_share,
        tele=rng.random(of.practitioners) < of.tele_share,
    )


def move(point: Point, north_km: float, east_km: float) -> Point:
    """The point so many kilometres to the north and to the east."""
    lat = point.lat + north_km / KM_PER_DEGREE
    lon = point.lon + east_km / (KM_PER_DEGREE * float(np.cos(np.radians(point.lat))))
    return Point(round(float(lat), 5), round(float(lon), 5))


def modes_of(territory: DrawnTerritory, gp: int, remote: bool) -> frozenset[Mode]:
    """How one slot of a practitioner is given: remote, or at the practice and perhaps at home."""
    if remote:
        return frozenset({Mode.VR})
    return frozenset({Mode.AMB, Mode.HH}) if territory.home_visits[gp] else frozenset({Mode.AMB})
