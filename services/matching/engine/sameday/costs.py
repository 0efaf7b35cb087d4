"""What we minimise, term by term, in whole seconds of travel. The same lines serve one pair and arrays of pairs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.matching.engine.model import Cost, Instance, Parameters, Practitioner, Request, Slot
from services.matching.engine.sameday.rules import AT_HOME, IN_OFFICE, NO_RAMP, REMOTE, Ways, ways
from services.matching.engine.travel import Travel, travel_model

WEEKS_OF_LEDGER = 4
LONGEST_TRAVEL_S = 4 * 3600


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of many pairs, as arrays of one shape."""

    travel_s: Any
    tele_s: Any
    wait: Any
    continuity: Any
    stability: Any

    @property
    def total(self) -> Any:
        """Their sum."""
        return self.travel_s + self.tele_s + self.wait + self.continuity + self.stability


def terms(parameters: Parameters, travel_s: Any, pair: Ways, wait_s: Any, weight_milli: Any, flags: Any) -> Terms:
    """Cost every pair. `flags` is (habitual practitioner, moved after notice), broadcast with the rest.

    Who may meet both ways is charged the cheaper one. A promised pair is charged its journey whatever the rules say.
    """
    habitual, moved = flags
    remote = pair.remote & (~pair.by_sight | (parameters.tele_s < travel_s))
    return Terms(
        travel_s=np.where(remote, 0, travel_s),
        tele_s=np.where(remote, parameters.tele_s, 0),
        wait=np.maximum(wait_s, 0) * weight_milli // 1000,
        continuity=np.where(habitual, -parameters.habitual_bonus_s, 0),
        stability=np.where(moved, parameters.kappa_s, 0),
    )


def cost_of(instance: Instance, request: Request, slot: Slot, travel: Travel | None = None, fairness: int = 0) -> Cost:
    """What this slot costs this request; `fairness` is the marginal cost of the place, known only within a plan."""
    travel_s = travel_model(instance, travel)([request.point], [slot.point], on_foot=request.on_foot).squeeze()
    modes = tuple(
        np.array(rule.forbids(rule.of_request(request), rule.of_slot(slot, Practitioner(""))))
        for rule in (REMOTE, AT_HOME, IN_OFFICE, NO_RAMP)
    )
    asked = (request.earliest_at_s, request.deadline_at_s, request.max_travel_s)
    pair = ways(instance.now_at_s, asked, np.int64(slot.starts_at_s), travel_s, modes)  # type: ignore[arg-type]
    flags = (bool(request.habitual) and request.habitual == slot.practitioner, moved(request, slot))
    weight = instance.parameters.wait_weight_milli[request.urgency - 1]
    found = terms(instance.parameters, travel_s, pair, slot.starts_at_s - request.earliest_at_s, weight, flags)
    return Cost(
        travel_s=int(found.travel_s),
        wait=int(found.wait),
        continuity=int(found.continuity),
        fairness=fairness,
        stability=int(found.stability),
        tele_s=int(found.tele_s),
    )


def dearest(instance: Instance) -> int:
    """More than a slot of this round could cost someone not in it yet, or under other rules."""
    parameters = instance.parameters
    last = max((slot.starts_at_s for slot in instance.slots), default=instance.now_at_s)
    wait = (last - instance.now_at_s) * max(parameters.wait_weight_milli) // 1000
    return LONGEST_TRAVEL_S + max(0, wait) + parameters.kappa_s


def moved(request: Request, slot: Slot) -> bool:
    """Whether the patient was told another slot."""
    return bool(request.notified) and request.notified != slot.id


def load(practitioner: Practitioner, mean: int) -> int:
    """The load of the last 4 weeks; a new-comer counts as having worked at the mean before coming, so ramps up."""
    missing = max(0, WEEKS_OF_LEDGER - practitioner.weeks_since_joining)
    return practitioner.served_4_weeks + mean * missing // WEEKS_OF_LEDGER


def loads(instance: Instance) -> dict[str, int]:
    """The load of every practitioner with a slot, above the least loaded one."""
    known = {one.id: one for one in instance.practitioners}
    present = [known.get(name, Practitioner(name)) for name in sorted({slot.practitioner for slot in instance.slots})]
    settled = [one.served_4_weeks for one in present if one.weeks_since_joining >= WEEKS_OF_LEDGER]
    mean = sum(settled) // len(settled) if settled else 0
    found = {one.id: load(one, mean) for one in present}
    least = min(found.values(), default=0)
    return {name: value - least for name, value in found.items()}


def fairness_of_place(beta_s: int, load_before: int, place: int) -> int:
    """The marginal cost of the n-th place taken (from 1): the growth of beta times the square of the load."""
    return beta_s * (2 * (load_before + place) - 1)
