"""What bands of seniority change in a round of family doctors: `python -m tests.bench.engine.seniority`.

The same drawn register solved by journeys alone (no band, no price of a day) and as it is by default.
"""

import sys
from time import process_time

import numpy as np

from services.matching.engine.doctors.equity import find_justified_envy
from services.matching.engine.doctors.model import AttachmentParameters, AttachmentRound, GpOffer, Seeker, days_waited
from services.matching.engine.doctors.round import propose
from services.matching.engine.model import Point

AT_S, DAY_S = 1_700_000_000, 86_400
LONGEST_DAYS, A_YEAR = 700, 365
JOURNEYS_ALONE = AttachmentParameters(seniority_days=(), day_price_s=0)


def drawn(people: int, doctors: int, places: int, parameters: AttachmentParameters, seed: int = 0) -> AttachmentRound:
    """Forty communes round a town; one person in seven in ALD; entered over the last 700 days."""
    rng = np.random.default_rng(seed)

    def somewhere() -> Point:
        return Point(44.5 + float(rng.normal(0, 0.15)), 3.5 + float(rng.normal(0, 0.15)))

    towns = {f"{n:05}": somewhere() for n in range(40)}
    names = list(towns)
    patients = tuple(
        Seeker(
            id=f"p{n}",
            commune=names[int(rng.integers(len(names)))],
            since_at_s=AT_S - int(rng.integers(LONGEST_DAYS * DAY_S)),
            flags=frozenset({"ald"}) if rng.random() < 1 / 7 else frozenset(),
            age=int(rng.integers(95)),
        )
        for n in range(people)
    )
    offers = tuple(GpOffer(f"g{n}", somewhere(), places) for n in range(doctors))
    return AttachmentRound(patients, offers, towns, parameters=parameters, at_s=AT_S)


def main() -> int:
    """Print a line a rule; 1 when bands serve fewer people."""
    served = []
    for name, parameters in (("journeys alone", JOURNEYS_ALONE), ("bands, then a price", AttachmentParameters())):
        around = drawn(15_000, 150, 66, parameters)
        begun = process_time()
        plan = propose(around)
        seconds = process_time() - begun
        waited = {patient.id: days_waited(around, patient) for patient in around.patients}
        minutes = sum(one.travel_s for one in plan.proposals) / len(plan.proposals) / 60
        over = sum(waited[one.patient] >= A_YEAR for one in plan.unattached)
        served.append(len(plan.proposals))
        line = f"{name:20} {served[-1]} proposed, {minutes:.1f} min, {over} left out over a year, "
        sys.stdout.write(line + f"{len(find_justified_envy(around, plan))} envious, {seconds:.2f} s of processor\n")
    return int(served[1] < served[0])


if __name__ == "__main__":
    sys.exit(main())
