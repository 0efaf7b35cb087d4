"""What a round decides, on cases one can check by hand."""

from dataclasses import replace

import numpy as np
import pytest

from services.matching.engine.market.flow import solve_flow
from services.matching.engine.market.least_cost import CostsTooLarge
from services.matching.engine.market.network import Network
from services.matching.engine.market.prices import displacing, duals, extra
from services.matching.engine.model import Instance, Mode, Parameters, Point, Practitioner, Request, Slot, Urgency
from services.matching.engine.sameday.costs import cost_of, loads
from services.matching.engine.sameday.recommend import options
from services.matching.engine.sameday.solve import solve
from services.matching.engine.sameday.worth import place_prices
from services.matching.engine.travel import StraightLine

NOW = 1_000_000


def a_slot(name: str, practitioner: str = "g", km: float = 0, starts: int = 3600, places: int = 1) -> Slot:
    return Slot(name, practitioner, Point(45, 4 + km / 78.6), NOW + starts, NOW + starts + 900, places)


def a_request(name: str, urgency: Urgency = Urgency.P3, km: float = 0, **more: object) -> Request:
    asked = Request(name, urgency, Point(45, 4 + km / 78.6), NOW, NOW + 20_000, NOW, NOW)
    return replace(asked, **more)  # type: ignore[arg-type]


def an_instance(requests: list[Request], slots: list[Slot], *people: Practitioner, **parameters: object) -> Instance:
    return Instance(NOW, tuple(requests), tuple(slots), people, Parameters(**parameters))  # type: ignore[arg-type]


def pairs(instance: Instance) -> dict[str, str]:
    return {one.request: one.slot for one in solve(instance).assignments}


def test_the_urgent_one_has_the_only_slot() -> None:
    instance = an_instance([a_request("late", Urgency.P4), a_request("urgent", Urgency.P1, km=12)], [a_slot("s")])
    assert pairs(instance) == {"urgent": "s"}
    assert solve(instance).unmatched[0].taken_by_class == (1, 0, 0, 0)


def test_one_detour_is_accepted_to_serve_two() -> None:
    near_both = a_request("flexible", Urgency.P1, km=0)
    only_near = a_request("captive", Urgency.P4, km=0, max_travel_s=300)
    assert pairs(an_instance([near_both, only_near], [a_slot("near"), a_slot("far", km=15)])) == {
        "captive": "near",
        "flexible": "far",
    }


@pytest.mark.parametrize("nearest_k", [1, 40])
def test_a_long_chain_of_detours_still_serves_one_more(nearest_k: int) -> None:
    # The last one is served only if everybody shifts by one slot: a gap of a few detours would give up, and so would
    # a proof that looks at the nearest slots only.
    requests = [a_request(f"r{n}", Urgency.P1, km=10 * n + 1, max_travel_s=1000) for n in range(60)]
    requests.append(a_request("last", Urgency.P4, km=0, max_travel_s=200))
    slots = [a_slot(f"s{n:02d}", km=10 * n) for n in range(61)]
    requests.append(a_request("out of reach", Urgency.P1, km=-200))
    plan = solve(an_instance(requests, slots, nearest_k=nearest_k, fairness_beta_s=0))
    assert [one.request for one in plan.unmatched] == ["out of reach"]
    assert plan.certified


def test_a_notified_patient_moves_only_for_more_than_kappa_and_is_never_dropped() -> None:
    told = a_request("told", Urgency.P4, notified="far")
    slots = [a_slot("far", km=15), a_slot("near")]
    assert pairs(an_instance([told], slots)) == {"told": "far"}
    assert pairs(an_instance([told], slots, kappa_s=10)) == {"told": "near"}
    urgent = a_request("urgent", Urgency.P1)
    assert pairs(an_instance([told, urgent], slots[:1])) == {"told": "far"}


def test_the_habitual_practitioner_is_worth_a_detour_of_the_bonus() -> None:
    patient = a_request("r", habitual="own")
    slots = [a_slot("near", "other"), a_slot("own", "own", km=8)]
    assert pairs(an_instance([patient], slots)) == {"r": "own"}
    assert pairs(an_instance([patient], slots, habitual_bonus_s=60)) == {"r": "near"}


def test_a_household_stays_together_or_is_not_served() -> None:
    family = a_request("family", Urgency.P2, party=3)
    alone = [a_request(f"alone{n}", Urgency.P3) for n in range(3)]
    plan = solve(an_instance([family, *alone], [a_slot("big", places=3), a_slot("one"), a_slot("two")]))
    assert {one.request: one.slot for one in plan.assignments}["family"] == "big"
    assert len(plan.unmatched) == 1
    small = solve(an_instance([family], [a_slot("one"), a_slot("two"), a_slot("three")]))
    assert [one.request for one in small.unmatched] == ["family"]
    assert small.certified


def test_fairness_sends_to_the_one_who_has_served_less() -> None:
    busy, idle = Practitioner("busy", served_4_weeks=40), Practitioner("idle", served_4_weeks=2)
    slots = [a_slot("near", "busy"), a_slot("farther", "idle", km=5)]
    assert pairs(an_instance([a_request("r")], slots, busy, idle, fairness_beta_s=0)) == {"r": "near"}
    assert pairs(an_instance([a_request("r")], slots, busy, idle)) == {"r": "farther"}


def test_a_new_comer_is_not_flooded() -> None:
    settled, new = Practitioner("settled", 40), Practitioner("new", 0, weeks_since_joining=1)
    instance = an_instance([], [a_slot("a", "settled"), a_slot("b", "new")], settled, new)
    assert loads(instance) == {"settled": 10, "new": 0}


def test_the_week_cap_bounds_all_the_slots_of_a_practitioner() -> None:
    capped = Practitioner("g", served_this_week=18, week_cap=20)
    requests = [a_request(f"r{n}") for n in range(4)]
    plan = solve(an_instance(requests, [a_slot("a", places=2), a_slot("b", places=2)], capped))
    assert len(plan.assignments) == 2


def test_being_seen_nearby_is_preferred_to_a_screen_and_a_screen_to_a_long_journey() -> None:
    both = frozenset({Mode.AMB, Mode.VR})
    request = a_request("r", modes=both)
    near, far = replace(a_slot("near", km=2), modes=both), replace(a_slot("far", km=20), modes=both)
    instance = an_instance([request], [near, far])
    assert cost_of(instance, request, near).tele_s == 0
    assert cost_of(instance, request, far).tele_s == 900
    assert cost_of(instance, request, far).travel_s == 0


def test_the_straight_line_gives_the_known_distance() -> None:
    # Paris to Lyon: 391.5 km over the sphere.
    paris, lyon = Point(48.8566, 2.3522), Point(45.7640, 4.8357)
    seconds = StraightLine(speed_kmh=50, detour=1.3)([paris], [lyon], on_foot=False)
    assert seconds[0, 0] / 3600 * 50 / 1.3 == pytest.approx(391.5, abs=0.5)


def test_a_travel_model_given_is_the_one_used() -> None:
    def uphill(origins: object, destinations: object, *, on_foot: bool) -> np.ndarray:
        return np.array([[700, 20]])

    instance = an_instance([a_request("r")], [a_slot("a"), a_slot("b", km=1)])
    assert [(one.slot, one.cost.travel_s) for one in solve(instance, uphill).assignments] == [("b", 20)]


def test_costs_that_could_overflow_are_refused_before_solving() -> None:
    none = np.zeros(0, dtype=np.int64)
    one = np.array([0])
    network = Network(one, np.array([0, 0]), np.array([0, 1]), np.array([0, 2**61]), np.array([1, 1]), none)
    with pytest.raises(CostsTooLarge):
        solve_flow(network)


def test_prices_tell_the_second_one_what_the_only_slot_costs() -> None:
    none = np.zeros(0, dtype=np.int64)
    network = Network(np.array([0, 1]), np.array([0, 1]), np.array([0, 0]), np.array([5, 9]), np.array([1]), none)
    flow = solve_flow(network)
    assert flow.slot.tolist() == [0, -1]
    assert extra(network, flow, duals(network, flow)).tolist() == [int(flow.penalty[1]) - 9]
    assert displacing(network, flow).price.tolist() == [int(flow.penalty[0]) - 5]


def test_the_option_that_spares_the_rare_slot_comes_first() -> None:
    # The only slot the captive can reach is also the nearest to the one on the phone.
    captive = a_request("captive", Urgency.P3, max_travel_s=300)
    flexible = a_request("phone", Urgency.P3, km=1)
    shown = options(an_instance([captive], [a_slot("rare"), a_slot("common", km=12, starts=5400)]), flexible)
    assert [option.slot for option in shown] == ["common", "rare"]
    assert "spares" in shown[0].tags
    assert shown[1].leaves_out == Urgency.P3
    assert set(shown[1].tags) == {"nearest", "earliest"}


@pytest.mark.parametrize("nearest_k", [1, 40])
def test_the_price_knows_where_the_one_moved_would_go(nearest_k: int) -> None:
    patient, caller = a_request("waiting"), a_request("phone")
    slots = [a_slot("near"), a_slot("next", km=4)]
    instance = an_instance([patient], slots, nearest_k=nearest_k, fairness_beta_s=0)
    shown = {option.slot: option for option in options(instance, caller)}
    moving = cost_of(instance, patient, slots[1]).total - cost_of(instance, patient, slots[0]).total
    assert shown["near"].price == moving
    assert shown["near"].leaves_out is None


def test_the_load_of_a_practitioner_is_a_cost_of_the_option_and_no_harm_to_others() -> None:
    busy, idle = Practitioner("busy", served_4_weeks=10), Practitioner("idle")
    slots = [a_slot("near", "busy"), a_slot("farther", "idle", km=5)]
    shown = {one.slot: one for one in options(an_instance([], slots, busy, idle, fairness_beta_s=22), a_request("r"))}
    assert (shown["near"].cost.fairness, shown["near"].price) == (22 * 21, 0)
    assert (shown["farther"].cost.fairness, shown["farther"].price) == (22, 0)


def test_between_slots_of_the_same_cost_names_decide_nothing() -> None:
    slots = [replace(a_slot(name), wheelchair=ramp) for name, ramp in (("a", True), ("b", False))]
    renamed = [replace(a_slot(name), wheelchair=ramp) for name, ramp in (("b", True), ("a", False))]
    chosen = {one.id: one.wheelchair for one in slots}[pairs(an_instance([a_request("r")], slots))["r"]]
    again = {one.id: one.wheelchair for one in renamed}[pairs(an_instance([a_request("r")], renamed[::-1]))["r"]]
    assert chosen == again


def test_a_place_at_a_full_slot_saves_what_moving_there_saves_load_included() -> None:
    far, near = a_slot("far", "idle", km=15), a_slot("near", "busy")
    people = Practitioner("busy", served_4_weeks=3), Practitioner("idle")
    without = an_instance([a_request("r")], [far, replace(near, places=0)], *people, fairness_beta_s=120)
    saved = {one.slot: one.saves for one in place_prices(replace(without, slots=(far,)), [near])}
    opened = replace(without, slots=(far, near))
    assert saved["near"] == solve(without).cost - solve(opened).cost > 0
