"""The pairs of a whole day as arrays, from the engine's own table: what each costs, until when it can be decided."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine.ahead.lookahead import NEVER, best_plan, until_at_s
from services.matching.engine.ahead.policies import leave_by_at_s
from services.matching.engine.model import Instance
from services.matching.engine.sameday.rules import AT_HOME, Lifted, Side
from services.matching.engine.sameday.table import NOT_ALLOWED, Table
from services.matching.lab.days.day import Day

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Requests in rows, slots in columns. `until_at_s` is the last instant at which a pair can be decided, `NEVER` for
    a pair the rules forbid: the start of the slot, minus the journey of a patient who has to come. `leave_by_at_s` is
    when the patient has to leave, as the pair is charged."""

    cost: Ints
    until_at_s: Ints
    leave_by_at_s: Ints
    travel_s: Ints
    starts_at_s: Ints
    published_at_s: Ints
    submitted_at_s: Ints
    deadline_at_s: Ints
    rank: Ints
    party: Ints
    places: Ints


def pairs_of(day: Day) -> Pairs:
    """Compute every pair of a day once; costs do not depend on the instant of the decision."""
    return pairs_between(day.instance, np.array(day.published_at_s, np.int64))


def pairs_between(instance: Instance, published_at_s: Ints) -> Pairs:
    """The pairs of an instance whose slots appear at these instants."""
    table = Table(instance)
    rows = np.arange(len(instance.requests))
    starts = _ints([slot.starts_at_s for slot in instance.slots])
    block = table.block(rows)
    return Pairs(
        cost=block.cost,
        until_at_s=until_at_s(table, block),
        leave_by_at_s=_leave_by(table, rows, block.travel_s, starts),
        travel_s=block.travel_s,
        starts_at_s=starts,
        published_at_s=published_at_s,
        submitted_at_s=_ints([request.submitted_at_s for request in instance.requests]),
        deadline_at_s=_ints([request.deadline_at_s for request in instance.requests]),
        rank=_ints([request.urgency - 1 for request in instance.requests]),
        party=_ints([request.party for request in instance.requests]),
        places=_ints([slot.places for slot in instance.slots]),
    )


def _leave_by(table: Table, rows: Ints, travel_s: Ints, starts: Ints) -> Ints:
    if not travel_s.size:
        return travel_s
    charged = table.terms_rows(rows, travel_s, table.ways_rows(rows, travel_s)).travel_s
    at_home = Lifted(Side(AT_HOME, table.slots, table.offer.practitioners), table.requests).rows(rows)
    return np.asarray(leave_by_at_s(starts[None, :], charged, at_home=at_home), np.int64)


def servable(pairs: Pairs) -> npt.NDArray[np.bool_]:
    """Which requests some slot of the day could have served, had it been theirs: the others no policy can serve."""
    in_time = pairs.until_at_s >= np.maximum(pairs.submitted_at_s[:, None], pairs.published_at_s[None, :])
    return np.asarray(in_time.any(axis=1))


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


__all__ = ["NEVER", "NOT_ALLOWED", "Pairs", "best_plan", "pairs_between", "pairs_of", "servable"]
