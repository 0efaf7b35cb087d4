"""Professionals who do not exist, in the numbers that a territory has, each at a place drawn near a commune."""

from dataclasses import dataclass

import numpy as np

from services.demo.territories import DemoTerritory, Town

PER_100_000 = {"10": 77, "21": 32, "40": 50, "50": 24, "60": 60, "70": 50}
"""Professionals by profession (TRE_G15). 77 GPs: the national figure; the others are assumed."""

GP_SPECIALTY = "SM54"
FAMILY = (
    "ALISIER", "BOULEAU", "CHARME", "DOUGLAS", "ERABLE", "FRENE", "GENEVRIER", "HETRE", "IF", "JUJUBIER", "LAURIER",
    "MELEZE", "NOISETIER", "ORME", "PEUPLIER", "ROBINIER", "SORBIER", "TILLEUL", "VIORNE", "YEUSE",
)  # fmt: skip
GIVEN = ("Alpha", "Bravo", "Charlie", "Delta", "Echo", "Fox", "Golf", "Hotel", "India", "Juliett", "Kilo", "Lima")
PEOPLE_PER_PLACE = 2
KM_PER_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """Where some of them practise; `key` is its business key."""

    key: str
    name: str
    town: Town
    lat: float
    lon: float
    wheelchair: bool


@dataclass(frozen=True, slots=True)
class DemoProfessional:
    """Someone who does not exist; `rpps` starts with 999, which no real number does."""

    rpps: str
    last_name: str
    first_name: str
    profession: str
    specialty: str
    place: DemoPlace


def draw_people(territory: DemoTerritory, seed: int) -> list[DemoProfessional]:
    """Everyone who works in a territory; the same seed gives the same people."""
    rng = np.random.default_rng([seed, int(territory.finess), 0])
    weights = np.array([town.inhabitants for town in territory.towns], np.float64) / territory.inhabitants
    people: list[DemoProfessional] = []
    for profession, per_100_000 in PER_100_000.items():
        count = max(1, round(per_100_000 * territory.inhabitants / 100_000))
        places = _places(territory, profession, -(-count // PEOPLE_PER_PLACE), weights, rng)
        people += [
            DemoProfessional(
                rpps=_rpps(int(territory.finess[:2]), profession, number),
                last_name=f"EXEMPLE-{FAMILY[number % len(FAMILY)]}",
                first_name=f"{GIVEN[number // len(FAMILY) % len(GIVEN)]}",
                profession=profession,
                specialty=GP_SPECIALTY if profession == "10" else "",
                place=places[number % len(places)],
            )
            for number in range(count)
        ]
    return people


def _places(
    territory: DemoTerritory, profession: str, count: int, weights: np.ndarray, rng: np.random.Generator
) -> list[DemoPlace]:
    """Places near the communes, the first ones where most people live so that none of these is left out."""
    ranked = np.argsort(-weights)
    drawn = [*ranked[:count], *rng.choice(len(weights), max(0, count - len(ranked)), p=weights)]
    shift = rng.normal(0.0, territory.spread_km / KM_PER_DEGREE / 2, (count, 2))
    places = []
    for number in range(count):
        town = territory.towns[int(drawn[number])]
        places.append(
            DemoPlace(
                key=f"demo:{territory.finess}:{profession}:{number:03d}",
                name=f"Lieu d'exemple {profession}-{number + 1:02d}, {town.name}",
                town=town,
                lat=round(town.lat + float(shift[number, 0]), 4),
                lon=round(town.lon + float(shift[number, 1]), 4),
                wheelchair=bool(rng.random() < 0.8),
            )
        )
    return places


def _rpps(departement: int, profession: str, number: int) -> str:
    """Eleven digits that end with Luhn's key, as real ones do, and start as no real one does."""
    body = f"999{departement:02d}{profession}{number:03d}"
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))]
    return body + str(-sum(digit // 10 + digit % 10 for digit in doubled) % 10)
