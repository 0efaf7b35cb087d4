"""What the demonstration draws: nobody real, the figures of a territory, the same for the same seed."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from services.demo.days import CLOSES, OPENS, at, draw_demo_day
from services.demo.people import draw_people
from services.demo.territories import LOZERE, MARSEILLE, TERRITORIES, DemoTerritory

MONDAY = date(2026, 11, 23)


def luhn(number: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
    return sum(digit // 10 + digit % 10 for digit in doubled) % 10 == 0


@pytest.mark.parametrize("territory", TERRITORIES, ids=lambda each: each.short)
def test_the_same_seed_draws_the_same_people_and_day_and_another_one_does_not(territory: DemoTerritory) -> None:
    people = draw_people(territory, 7)
    assert people == draw_people(territory, 7)
    assert people != draw_people(territory, 8)
    assert draw_demo_day(territory, people, MONDAY, 7) == draw_demo_day(territory, people, MONDAY, 7)
    assert draw_demo_day(territory, people, MONDAY, 7) != draw_demo_day(
        territory, people, MONDAY + timedelta(days=1), 7
    )


@pytest.mark.parametrize("territory", TERRITORIES, ids=lambda each: each.short)
def test_nobody_can_be_taken_for_real(territory: DemoTerritory) -> None:
    people = draw_people(territory, 1)
    assert len({person.rpps for person in people}) == len(people)
    for person in people:
        assert person.rpps.startswith("999")
        assert len(person.rpps) == 11
        assert luhn(person.rpps)
        assert person.last_name.startswith("EXEMPLE-")


def test_territories_have_the_figures_of_their_size() -> None:
    assert (MARSEILLE.inhabitants, MARSEILLE.size) == (155_000, 3)
    assert LOZERE.inhabitants < 40_000
    assert sum(person.profession == "10" for person in draw_people(MARSEILLE, 1)) == 119
    assert len({person.place.town for person in draw_people(LOZERE, 1)}) == len(LOZERE.towns)


def test_a_flu_monday_brings_what_the_figures_say_and_a_calm_day_less() -> None:
    people = draw_people(MARSEILLE, 1)
    flu, calm = draw_demo_day(MARSEILLE, people, MONDAY, 1), draw_demo_day(MARSEILLE, people, MONDAY, 1, flu=False)
    share = MARSEILLE.inhabitants / 120_000
    assert (len(flu.askings), len(calm.askings)) == (round(44 * share), round(28 * share))
    assert sum(each.count for each in flu.publications) == round(46 * share)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("territory", TERRITORIES, ids=lambda each: each.short)
def test_a_day_can_be_played_as_it_is_drawn(territory: DemoTerritory, seed: int) -> None:
    day = draw_demo_day(territory, draw_people(territory, seed), MONDAY, seed)
    for moments in ([each.at for each in day.publications], [each.at for each in day.askings]):
        assert all(first <= second for first, second in pairwise(moments))
        assert all(at(MONDAY, OPENS) <= moment <= at(MONDAY, CLOSES) for moment in moments)
    assert all(event.at < event.starts_at for event in day.publications)
    assert len({event.practitioner.rpps for event in day.publications}) == len(day.publications)
