"""A forecast is what the territory's own past days say, and nothing else."""

import numpy as np
import pytest

from services.matching.engine.ahead.forecast import NoHistory, PastDay, learn, sample
from services.matching.engine.model import Point, Request, Slot, Urgency

HOUR = 3600
DAY = 24 * HOUR


def a_past_day(number: int, at_hours: list[float]) -> PastDay:
    midnight = number * DAY
    requests = tuple(
        Request("r", Urgency.P2, Point(46, 3), at, at + HOUR, at, at, forbidden=frozenset({"gp"}))
        for at in (midnight + int(hour * HOUR) for hour in at_hours)
    )
    slot = Slot("s", "gp", Point(46, 3), midnight + 15 * HOUR, midnight + 15 * HOUR + 900)
    return PastDay(midnight, requests, ((slot, midnight + 14 * HOUR),))


def test_the_mean_of_an_hour_is_that_of_the_history() -> None:
    forecast = learn([a_past_day(0, [9.0, 9.5]), a_past_day(1, [9.2, 12.0])])
    counts = {(urgency, hour): len(seen) / forecast.days for (urgency, hour), seen in forecast.seen_requests.items()}
    assert counts == {(Urgency.P2, 9): 1.5, (Urgency.P2, 12): 0.5}


def test_a_draw_is_of_the_day_asked_and_only_of_what_is_left_of_it() -> None:
    forecast = learn([a_past_day(n, [8.5, 9.5, 13.0, 14.5]) for n in range(4)])
    midnight, after = 100 * DAY, 100 * DAY + 12 * HOUR
    requests, slots = sample(forecast, np.random.default_rng(1), midnight, after)
    assert requests
    assert all(after < request.submitted_at_s < midnight + 15 * HOUR for request in requests)
    assert all(request.deadline_at_s == request.submitted_at_s + HOUR for request in requests)
    assert not any(request.forbidden for request in requests)
    assert [request.submitted_at_s for request in requests] == sorted(request.submitted_at_s for request in requests)
    assert all(at == midnight + 14 * HOUR and slot.starts_at_s == midnight + 15 * HOUR for slot, at in slots)


def test_draws_have_the_mean_of_the_history() -> None:
    forecast, rng = learn([a_past_day(n, [9.1, 9.2, 9.3]) for n in range(5)]), np.random.default_rng(2)
    drawn = [len(sample(forecast, rng, 0, 0)[0]) for _ in range(400)]
    assert abs(np.mean(drawn) - 3.0) < 4 * (3.0 / 400) ** 0.5
    doubled = [len(sample(forecast, rng, 0, 0, scale=2.0)[0]) for _ in range(400)]
    assert abs(np.mean(doubled) - 6.0) < 4 * (6.0 / 400) ** 0.5


def test_the_same_generator_draws_the_same_future() -> None:
    forecast = learn([a_past_day(0, [9.0, 10.0, 11.0])])
    assert sample(forecast, np.random.default_rng(3), 0, 0) == sample(forecast, np.random.default_rng(3), 0, 0)


def test_without_history_there_is_no_forecast() -> None:
    with pytest.raises(NoHistory, match="past day"):
        learn([])
