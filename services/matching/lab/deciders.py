"""What each way of deciding does at an instant of a simulated day: rows and columns to tell now."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.matching.engine.ahead.lookahead import ballot_columns, elect
from services.matching.engine.ahead.policies import UNSERVED, Policy, SlotFinding, answer_by_at_s, firm_at_s
from services.matching.lab.life import NONE, Decide, Life
from services.matching.lab.pairs import NEVER, Pairs, best_plan

Ints = npt.NDArray[np.int64]
Told = list[tuple[int, int]]

TIE_BITS = 24


class NotASimulatedWay(ValueError):
    """Hindsight is not lived instant by instant: ask `hindsight` for it."""


def decider(policy: Policy, pairs: Pairs, practices: Sequence[str], futures: Sequence[Pairs] = ()) -> Decide:
    """The decision function of a policy on one day. `practices` gives the practitioner of each column.

    `futures` are sampled rest-of-days for policies that vote: their first rows and columns are those of the day.
    """
    if policy.way == SlotFinding.EARLIEST:
        # Among slots of the same minute the peer takes the cheapest: a person would, and it must be a fair peer.
        earliest = (pairs.starts_at_s[None, :] << TIE_BITS) + np.clip(pairs.cost, 0, (1 << TIE_BITS) - 1)
        return lambda life: _first_come(life, earliest)
    if policy.way == SlotFinding.CHEAPEST:
        return lambda life: _first_come(life, pairs.cost)
    if policy.way == SlotFinding.NEAREST_PRACTICES:
        return lambda life: _calls(life, policy.calls, np.array(practices))
    if policy.way == SlotFinding.VOTES:
        return lambda life: _votes(life, policy, futures)
    if policy.way == SlotFinding.PLAN and policy.kappa_s is not None:
        return lambda life: _stable(life, policy)
    if policy.way == SlotFinding.PLAN:
        return lambda life: _plan(life, policy)
    raise NotASimulatedWay(NotASimulatedWay.__doc__)


def hindsight(pairs: Pairs) -> Ints:
    """The column of each row when everything is known in advance; NONE for those left out."""
    in_time = pairs.until_at_s >= np.maximum(pairs.submitted_at_s[:, None], pairs.published_at_s[None, :])
    return best_plan(pairs.cost, in_time, pairs.rank, pairs.places)


def _first_come(life: Life, key: Ints) -> Told:
    """Serve in order of arrival: a new request looks at every free slot, an older one only at what is new."""
    told: Told = []
    room = life.places.copy()
    free, new = life.free(), set(life.fresh_requests)
    fresh = np.array(sorted(set(life.fresh_slots) & set(free.tolist())), np.int64)
    for row in life.waiting().tolist():
        columns = free if row in new else fresh
        fits = columns[(life.until_at_s[row, columns] >= life.now_at_s) & (room[columns] >= life.pairs.party[row])]
        if fits.size:
            column = int(fits[np.argmin(key[row, fits])])
            room[column] -= life.pairs.party[row]
            told.append((row, column))
    return told


def _calls(life: Life, calls: int, practices: npt.NDArray[np.str_]) -> Told:
    """Each new patient calls the nearest practices once and takes the earliest slot that suits, or gives up."""
    told: Told = []
    room = life.places.copy()
    free = life.free()
    for row in life.fresh_requests:
        nearest = life.pairs.travel_s[row]
        called = list(dict.fromkeys(practices[np.argsort(nearest, kind="stable")]))[:calls]
        fits = free[(life.until_at_s[row, free] >= life.now_at_s) & (room[free] >= life.pairs.party[row])]
        fits = fits[np.isin(practices[fits], called)]
        if fits.size:
            column = int(fits[np.argmin(life.pairs.starts_at_s[fits])])
            room[column] -= life.pairs.party[row]
            told.append((row, column))
    return told


def _plan(life: Life, policy: Policy) -> Told:
    """Plan for everybody who waits when something changed, then tell what is due."""
    if life.fresh_slots or life.fresh_requests:
        rows, columns = life.waiting(), life.free()
        life.provisional = _as_columns(rows, columns, _best(life, rows, columns, _allow(life, rows, columns)))
    return [(row, column) for row, column in life.provisional.items() if _due(life, policy, row, column)]


def _best(life: Life, rows: Ints, columns: Ints, allowed: npt.NDArray[np.bool_]) -> Ints:
    """The plan of these rows and columns. Households, no flow, go first to their cheapest slot with room."""
    cost, places = life.pairs.cost[np.ix_(rows, columns)], life.places[columns].copy()
    chosen = np.full(rows.size, NONE, np.int64)
    for n in np.flatnonzero(life.pairs.party[rows] > 1):
        party = life.pairs.party[rows[n]]
        fits = np.flatnonzero(allowed[n] & (places >= party))
        if fits.size:
            chosen[n] = fits[np.argmin(cost[n, fits])]
            places[chosen[n]] -= party
    single = np.flatnonzero(life.pairs.party[rows] == 1)
    chosen[single] = best_plan(cost[single], allowed[single], life.pairs.rank[rows[single]], places)
    return chosen


def _as_columns(rows: Ints, columns: Ints, chosen: Ints) -> dict[int, int]:
    return {int(rows[n]): int(columns[chosen[n]]) for n in np.flatnonzero(chosen >= 0)}


def _due(life: Life, policy: Policy, row: int, column: int) -> bool:
    """Whether a provisional choice is firm now, by the rule that the service's rounds follow."""
    leave_by = int(life.pairs.leave_by_at_s[row, column])
    return life.now_at_s >= firm_at_s(_answer_by(life, policy, row), leave_by, policy.notice_s)


def _answer_by(life: Life, policy: Policy, row: int) -> int:
    pairs = life.pairs
    delay = policy.confirm_after_s[pairs.rank[row]]
    return answer_by_at_s(int(pairs.submitted_at_s[row]), int(pairs.deadline_at_s[row]), delay)


def _stable(life: Life, policy: Policy) -> Told:
    """Tell at once who a free slot serves; once somebody urgent has waited long enough, move people told for them.

    Nobody told is dropped, moved twice, or moved when they soon have to leave; each move costs kappa.
    """
    waiting, free = life.waiting(), life.free()
    stuck = _long_without(life, policy, waiting)
    if not (life.fresh_slots or life.fresh_requests or stuck.size):
        return []
    simple = _as_columns(waiting, free, _best(life, waiting, free, _allow(life, waiting, free)))
    if all(int(row) in simple for row in stuck):
        return list(simple.items())
    moves = _moving(life, policy, stuck)
    used, moved = {column for _, column in moves}, {row for row, _ in moves}
    return moves + [(row, column) for row, column in simple.items() if row not in moved and column not in used]


def _long_without(life: Life, policy: Policy, waiting: Ints) -> Ints:
    """Those of the urgent classes who have waited as long as their class waits before others are moved."""
    urgent = waiting[life.pairs.rank[waiting] < len(policy.moves_after_s)]
    patience = np.array(policy.moves_after_s, np.int64)[life.pairs.rank[urgent]]
    return urgent[life.now_at_s - life.pairs.submitted_at_s[urgent] >= patience]


def _moving(life: Life, policy: Policy, waiting: Ints) -> Told:
    """The plan of who waits and of who was told a slot that can still change, which costs kappa."""
    held = np.flatnonzero((life.told != NONE) & ~life.gone & ~life.was_moved & (life.pairs.party == 1))
    held = held[life.pairs.leave_by_at_s[held, life.told[held]] - policy.notice_s > life.now_at_s]
    rows = np.concatenate([held, waiting[life.pairs.party[waiting] == 1]])
    room = life.places.copy()
    np.add.at(room, life.told[held], 1)
    columns = np.flatnonzero(life.published & (room > 0) & (life.pairs.starts_at_s >= life.now_at_s))
    cost = life.pairs.cost[np.ix_(rows, columns)]
    own = life.told[rows][:, None] == columns[None, :]
    notified = np.arange(rows.size) < held.size
    cost = np.where(notified[:, None] & ~own, cost + (policy.kappa_s or 0), cost)
    # Rank -1: whoever was told comes before P1, and their own slot is always open to them, so nobody is dropped.
    rank = np.where(notified, -1, life.pairs.rank[rows])
    chosen = _as_columns(rows, columns, best_plan(cost, _allow(life, rows, columns), rank, room[columns]))
    return for_somebody(life, {row: column for row, column in chosen.items() if life.told[row] != column})


def for_somebody(life: Life, changes: dict[int, int]) -> Told:
    """The changes that serve who waits, each with the moves that make room for it, these first.

    A move that frees no place for anybody is left out: it would only please the one moved, who was promised otherwise.
    """
    leavers: dict[int, list[int]] = {}
    for row in changes:
        leavers.setdefault(int(life.told[row]), []).append(row)
    room = life.places.copy()
    kept: dict[int, int] = {}
    for row in leavers.pop(NONE, []):
        chain = [row]
        while room[place := changes[chain[-1]]] <= 0:
            chain.append(leavers[place].pop())
        room[place] -= 1
        kept |= {one: changes[one] for one in reversed(chain)}
    return list(kept.items())


def _allow(life: Life, rows: Ints, columns: Ints) -> npt.NDArray[np.bool_]:
    return np.asarray(life.until_at_s[np.ix_(rows, columns)] >= life.now_at_s)


def _votes(life: Life, policy: Policy, futures: Sequence[Pairs]) -> Told:
    """Solve who waits together with each sampled future; tell what is due and agreed, hold the rest."""
    rows, columns = life.waiting(), life.free()
    if not rows.size or not (policy.past_answer or _something_due(life, policy, rows)):
        return []
    ballots = np.array([_ballot(life, rows, columns, future) for future in futures], np.int64)
    chosen = elect(ballots, life.pairs.rank[rows], life.places[columns])
    told = {int(rows[n]): int(columns[chosen[n]]) for n in np.flatnonzero(chosen != UNSERVED)}
    if not policy.past_answer:
        told |= _promise(life, policy, rows, columns, told)
    return [(row, column) for row, column in told.items() if _due(life, policy, row, column)]


def _something_due(life: Life, policy: Policy, rows: Ints) -> bool:
    """Whether somebody must know now and could be given something, or may soon have to leave for some slot.

    Else there is nothing to vote on.
    """
    if life.fresh_slots or life.fresh_requests:
        life.provisional = {}
    columns = life.free()
    late = np.array([row for row in rows.tolist() if _must_know(life, policy, row)], np.int64)
    if _allow(life, late, columns).any():
        return True
    if not life.provisional:
        life.provisional = _as_columns(rows, columns, _best(life, rows, columns, _allow(life, rows, columns)))
    return any(_due(life, policy, row, column) for row, column in life.provisional.items())


def _must_know(life: Life, policy: Policy, row: int) -> bool:
    return life.now_at_s >= _answer_by(life, policy, row)


def _promise(life: Life, policy: Policy, rows: Ints, columns: Ints, told: dict[int, int]) -> dict[int, int]:
    """Who must know now and got no majority: the best plan of everybody else who waits gives them what it has."""
    late = [row for row in rows.tolist() if row not in told and _must_know(life, policy, row)]
    if not late:
        return {}
    others = np.array([row for row in rows.tolist() if row not in told], np.int64)
    room = life.places.copy()
    np.subtract.at(room, list(told.values()), life.pairs.party[list(told)])
    free = columns[room[columns] > 0]
    cost, allowed = life.pairs.cost[np.ix_(others, free)], _allow(life, others, free)
    allowed &= room[free][None, :] >= life.pairs.party[others][:, None]
    plan = _as_columns(others, free, best_plan(cost, allowed, life.pairs.rank[others], room[free]))
    return {row: plan[row] for row in late if row in plan}


def _ballot(life: Life, rows: Ints, columns: Ints, future: Pairs) -> Ints:
    """The position in `columns` given to each waiting row when this future is known; UNSERVED for none of them."""
    requests, slots = life.asked.size, life.published.size
    to_come = np.flatnonzero(future.submitted_at_s > life.now_at_s)
    to_open = np.flatnonzero(future.published_at_s > life.now_at_s)
    all_rows = np.concatenate([rows, to_come[to_come >= requests]])
    all_columns = np.concatenate([columns, to_open[to_open >= slots]])
    until = future.until_at_s[np.ix_(all_rows, all_columns)]
    until[: rows.size, : columns.size] = life.until_at_s[np.ix_(rows, columns)]
    decided = np.maximum(future.submitted_at_s[all_rows][:, None], future.published_at_s[all_columns][None, :])
    allowed = (until >= decided) & (until >= life.now_at_s) & (until != NEVER)
    cost = future.cost[np.ix_(all_rows, all_columns)]
    places = np.concatenate([life.places[columns], np.ones(all_columns.size - columns.size, np.int64)])
    return ballot_columns(cost, allowed, future.rank[all_rows], places, (rows.size, columns.size))
