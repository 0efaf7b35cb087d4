"""The level of a territory: each parameter measured by hand, the sum explained, the rules read with what is wrong."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import services.coordination as coordination
from services.coordination.core.tension import TensionRules, read_rules, weigh
from services.coordination.core.year import Happened, MemberFacts, RequestFacts, SlotFacts

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SHIPPED: dict[str, Any] = tomllib.loads(
    Path(str(coordination.__file__)).with_name("tension.toml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def rules() -> TensionRules:
    """The rules that an installation starts from."""
    found, broken = read_rules(SHIPPED)
    assert not broken
    return found


def a_request(minutes_ago: float, urgency: int = 1, state: str = "open") -> RequestFacts:
    """A request made so long ago."""
    at = NOW - timedelta(minutes=minutes_ago)
    return RequestFacts(f"{at}{urgency}", at, urgency, "48095", "x", "sas", state, "", "", "", None, None)


def a_place(hours: float, who: str = "a", taken: int = 0) -> SlotFacts:
    """A place that begins in so many hours."""
    at = NOW + timedelta(hours=hours)
    return SlotFacts(f"{at}{who}", at, "48095", who, 1, taken, frozenset({"AMB"}), frozenset({"CPTS"}), "published")


def measured(rules: TensionRules, happened: Happened) -> dict[str, tuple[float | None, int]]:
    """Each parameter with its points."""
    return {each.code: (each.measured, each.points) for each in weigh(happened, rules, NOW).points}


def test_an_empty_territory_is_calm(rules: TensionRules) -> None:
    calm = weigh(Happened(), rules, NOW)
    assert (calm.level, calm.total) == (1, 0)
    assert measured(rules, Happened())["expected_per_place"] == (None, 0)


def test_each_parameter_is_what_one_counts_by_hand(rules: TensionRules) -> None:
    week = 7 * 24 * 60
    requests = [a_request(30), a_request(130), a_request(130, 2), a_request(25 * 60), a_request(10, 1, "confirmed")]
    requests += [a_request(n * week - 60, 3, "honoured") for n in (1, 2, 3, 4) for _ in range(2)]
    requests += [a_request(600, 3, "no_show"), a_request(601, 3, "honoured"), a_request(602, 3, "honoured")]
    places = [a_place(1), a_place(2, taken=1), a_place(5)]
    places += [a_place(-n * 7 * 24, who) for n in (1, 2) for who in ("a", "b")]
    members = [MemberFacts(who, "10", NOW - timedelta(days=90)) for who in ("a", "b", "c")]
    found = measured(rules, Happened(tuple(requests), (), tuple(places), tuple(members)))
    assert found == {
        "p1_waiting": (2, 1),
        "p2_waiting": (1, 0),
        "oldest_minutes": (130, 2),
        "expected_per_place": (2, 3),  # two requests at these hours of each of four weeks, one place free by 13:00
        "gps_absent_percent": (50, 3),  # b opened places on the last two Tuesdays, none today
        "no_show_percent": (100 / 5, 2),
    }
    assert weigh(Happened(tuple(requests), (), tuple(places), tuple(members)), rules, NOW).level == 3


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"parameters": {"weather": [[1, 1]]}}, "not_one_of"),
        ({"parameters": {"p1_waiting": [[1]]}}, "not_a_step"),
        ({"levels": []}, "not_a_list"),
        ({"levels": [{"from": 0}, {"from": 9}, {"from": 5}, {"from": 12}]}, "levels_order"),
    ],
)
def test_rules_that_make_no_sense_are_refused(changed: dict[str, Any], rule: str) -> None:
    assert rule in {each.rule for each in read_rules({**SHIPPED, **changed})[1]}
