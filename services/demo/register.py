"""People without a médecin traitant, and the doctors who have room for some: what the register of a territory holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import numpy as np

from services.demo.people import DemoProfessional
from services.demo.territories import DemoTerritory, Town

SEEK_PER_100_000 = 20
"""How many are in the register on the first day (assumed): enough to see a round, few enough to read."""

NEEDS = (((), 0.5), (("ald",), 0.35), (("pregnancy",), 0.15))
ROOM, MOST_PLACES = 0.15, 3
GENERAL_PRACTITIONER = "10"


@dataclass(frozen=True, slots=True)
class DemoSeeker:
    """Someone who looks for a médecin traitant, and for how long."""

    town: Town
    age: int
    flags: tuple[str, ...]
    since: timedelta


def draw_seekers(territory: DemoTerritory, seed: int) -> list[DemoSeeker]:
    """Who is in the register of a territory when it opens."""
    rng = np.random.default_rng([seed, int(territory.finess), 1])
    weights = np.array([town.inhabitants for town in territory.towns], np.float64) / territory.inhabitants
    return [
        _seeker(rng, territory.towns[int(rng.choice(len(weights), p=weights))])
        for _ in range(max(6, round(SEEK_PER_100_000 * territory.inhabitants / 100_000)))
    ]


def draw_room(territory: DemoTerritory, people: list[DemoProfessional], seed: int) -> dict[str, int]:
    """How many new patients each doctor who has room takes, by RPPS number; the first doctor always has some."""
    rng = np.random.default_rng([seed, int(territory.finess), 2])
    doctors = [person.rpps for person in people if person.profession == GENERAL_PRACTITIONER]
    drawn = {rpps: int(rng.integers(1, MOST_PLACES + 1)) for rpps in doctors if rng.random() < ROOM}
    return {doctors[0]: MOST_PLACES} | drawn


async def fill_register(
    coordinator: httpx.AsyncClient,
    territory: DemoTerritory,
    room: dict[str, int],
    seekers: list[DemoSeeker],
    *,
    now: datetime,
) -> None:
    """Enter everybody, once: a register that holds somebody is left as it is. `room` is by practitioner."""
    known = await coordinator.get("/matching/attachments", params={"cpts": territory.finess})
    if known.raise_for_status().json():
        return
    for practitioner_id, places in room.items():
        path = f"/availability/practitioners/{practitioner_id}/panel"
        (await coordinator.put(path, json={"places": places})).raise_for_status()
    for seeker in seekers:
        form = {
            "cpts_id": territory.finess,
            "insee": seeker.town.insee,
            "age": seeker.age,
            "flags": list(seeker.flags),
            "waiting_since": (now - seeker.since).isoformat(),
            "source": "mairie",
        }
        (await coordinator.post("/matching/attachments", json=form)).raise_for_status()


def _seeker(rng: np.random.Generator, town: Town) -> DemoSeeker:
    flags = NEEDS[int(rng.choice(len(NEEDS), p=[share for _, share in NEEDS]))][0]
    low, high = (19, 42) if "pregnancy" in flags else (45, 92) if "ald" in flags else (1, 88)
    return DemoSeeker(town, int(rng.integers(low, high)), flags, timedelta(days=int(rng.integers(2, 400))))
