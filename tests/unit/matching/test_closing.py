"""When empty slots go back on a lived day: earlier loses patients, keeping them while wanted loses none for it."""

from services.matching.engine.ahead.policies import DEFAULT_POLICY
from services.matching.lab.closing import Closing
from services.matching.lab.days.draw import DaySetting
from services.matching.lab.days.territory import TerritorySetting
from services.matching.lab.run import Trial, run_closings
from services.matching.lab.terminal.command import CLOSINGS

CASES = [Trial(seed, (DEFAULT_POLICY,), DaySetting(load=0.75), territory=TerritorySetting()) for seed in (1, 2)]


def test_slots_go_back_only_where_they_may() -> None:
    for case in CASES:
        never, hour, quarter, kept = run_closings(case, CLOSINGS)
        assert never.given_back == 0
        assert hour.given_back >= quarter.given_back >= kept.given_back
        assert sum(hour.unserved) >= sum(never.unserved)


def test_each_is_named() -> None:
    assert [closing.name for closing in CLOSINGS] == ["jamais", "60 min", "15 min", "15 min (gardé si attendu)"]
    assert Closing(1800).name == "30 min"
