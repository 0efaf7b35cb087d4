"""A country without family doctors, drawn: communes, patients by class, doctors with places. Arrays only.

Communes and densities of doctors are read from a folder of reference data when there is one (`communes.csv`,
`gp_density_2020.csv`), else drawn. This module does not import OR-Tools, so that a peer who cannot live in one process
with it can use it too.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.matching.engine.doctors.nearest import NearestSearch, nearest_with_places

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WITHOUT_DOCTOR = 6_700_000
DOCTORS = 50_000
ACCEPTING = 0.60
MEAN_PLACES = 66
CLASS_SHARES = (0.08, 0.02, 0.10, 0.15, 0.05, 0.60)
"""ALD, pregnancy, 70 and over, C2S or AME, disability, others."""
CITIES_BY_DISTRICT = {"75056", "69123", "13055"}
NEAREST = 20
LONGEST_S = 3600


@dataclass(frozen=True)
class Nation:
    """`count[c, k]` patients of class k in commune c; arcs from communes to doctors with places, nearest first."""

    count: Ints
    arc_commune: Ints
    arc_doctor: Ints
    arc_travel_s: Ints
    places: Ints


def draw(seed: int, share: float, data: Path | None = None) -> Nation:
    """A nation of which only this share of the communes is kept, chosen by longitude so that they lie together."""
    rng = np.random.default_rng([seed, 20])
    where, people, doctors_of = _read(data) if data else _synthetic(rng)
    doctors = rng.choice(len(where), DOCTORS, p=doctors_of / doctors_of.sum())
    point = where[doctors] + rng.normal(0, 0.008, (DOCTORS, 2))
    places = np.where(rng.random(DOCTORS) < ACCEPTING, rng.poisson(MEAN_PLACES, DOCTORS), 0)
    count = rng.poisson((people / people.sum())[:, None] * WITHOUT_DOCTOR * np.array(CLASS_SHARES))
    if share < 1.0:
        limit = np.quantile(where[:, 1], share)
        kept = where[:, 1] <= limit
        where, count = where[kept], count[kept]
        places = np.where(point[:, 1] <= limit, places, 0)
    has = np.flatnonzero(places)
    search = NearestSearch(count.sum(axis=1), np.full(len(where), LONGEST_S), NEAREST, 50.0, 1.3)
    commune, doctor, travel = nearest_with_places(where, point[has], places[has], search)
    return Nation(count, commune, doctor, travel, places[has])


def _read(data: Path) -> tuple[Floats, Floats, Floats]:
    """Where communes are, their inhabitants, and the weight of each for the place of a doctor."""
    with (data / "gp_density_2020.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["gp_per_100k"]]
    density = {row["departement"]: float(row["gp_per_100k"]) for row in rows}
    mean = sum(density.values()) / len(density)
    communes: dict[str, tuple[float, float, float, float]] = {}
    with (data / "communes.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            whole_city = row["insee_com"] in CITIES_BY_DISTRICT
            if row["commune_type"] in {"COM", "ARM"} and not whole_city and row["lat"] and row["population_2021"]:
                people = float(row["population_2021"])
                doctors = people * density.get(row["insee_dep"], mean)
                communes.setdefault(row["insee_com"], (float(row["lat"]), float(row["lng"]), people, doctors))
    table = np.array(list(communes.values()), np.float64)
    return table[:, :2], table[:, 2], table[:, 3]


def _synthetic(rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """34,900 communes over a square country, a few large and many small, denser round 40 towns."""
    towns = np.column_stack([rng.uniform(42.5, 50.5, 40), rng.uniform(-1.0, 7.5, 40)])
    near = towns[rng.integers(0, 40, 17_450)] + rng.normal(0, 0.35, (17_450, 2))
    far = np.column_stack([rng.uniform(42.5, 50.5, 17_450), rng.uniform(-1.0, 7.5, 17_450)])
    where = np.concatenate([near, far])
    people = 120.0 * (1 + rng.pareto(1.15, len(where)))
    return where, people, people * rng.uniform(0.7, 1.3, len(where))
