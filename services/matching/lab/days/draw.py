"""One day of a territory, drawn: requests with a morning peak, slots known at opening or published late, mishaps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine.model import Mode, Parameters, Request, Slot, Urgency
from services.matching.lab.days.day import Day, Mishap
from services.matching.lab.days.territory import DrawnTerritory, TerritorySetting, draw_territory, modes_of, move

Ints = npt.NDArray[np.int64]

HOUR_S = 3600
MIDNIGHT_AT_S = 1_772_406_000
"""Monday 2 March 2026, 00:00 in Paris; every drawn day bears this date."""
SPECIAL_ACT = "special"


@dataclass(frozen=True, slots=True)
class DaySetting:
    """What a day draws. Shares and counts of a day of a whole territory; hours are of the clock in Paris."""

    load: float = 1.0
    """Requests per slot."""
    slots: int = 600
    known_share: float = 0.60
    notice_min: tuple[int, int] = (30, 240)
    opens_h: int = 7
    last_request_h: int = 19
    slot_hours: tuple[int, int] = (8, 20)
    by_hour: tuple[int, ...] = (16, 15, 11, 9, 6, 5, 6, 6, 7, 8, 6, 5)
    """Requests by hour from opening to the last request, in relative numbers."""
    by_class: tuple[float, float, float, float] = (0.10, 0.30, 0.40, 0.20)
    window_h: tuple[int, int] = (3, 6)
    """How long P1 and P2 can wait; P3 and P4 until the last slot of the day."""
    mobility_km: tuple[int, int, int] = (8, 20, 40)
    mobility_share: tuple[float, float, float] = (0.25, 0.50, 0.25)
    tele_accepted: float = 0.25
    home_visit: float = 0.03
    special: float = 0.05
    slot_s: int = 900


@dataclass(frozen=True, slots=True)
class MishapSetting:
    """How often things go wrong. Shares of requests, except `withdrawn` and `late` (of slots)."""

    refusal: float = 0.06
    cancellation: float = 0.05
    no_show: float = 0.026
    withdrawn: float = 0.02
    late: float = 0.05
    """Slots added with less than half an hour of notice, on top of the others."""


CALM = MishapSetting(0.0, 0.0, 0.0, 0.0, 0.0)


def draw_seeded_territory(seed: int, setting: TerritorySetting | None = None) -> DrawnTerritory:
    """The territory of a seed."""
    return draw_territory(np.random.default_rng([seed, 0]), setting)


def draw_day(
    seed: int,
    territory: DrawnTerritory,
    setting: DaySetting | None = None,
    mishaps: MishapSetting = CALM,
    number: int = 0,
) -> Day:
    """Day `number` of the territory of a seed; the same arguments give the same day, mishaps do not change the rest."""
    of = setting or DaySetting()
    slots, published = _slots(np.random.default_rng([seed, 1, number]), territory, of)
    requests = _requests(np.random.default_rng([seed, 2, number]), territory, of)
    rng = np.random.default_rng([seed, 3, number])
    late, late_published = _slots(rng, territory, of, round(mishaps.late * of.slots))
    return Day(
        name=f"seed {seed}, day {number}, load {of.load:g}",
        opens_at_s=MIDNIGHT_AT_S + of.opens_h * HOUR_S,
        closes_at_s=MIDNIGHT_AT_S + of.slot_hours[1] * HOUR_S,
        requests=requests,
        slots=slots + late,
        published_at_s=published + late_published,
        practitioners=territory.practitioners,
        mishaps=_mishaps(rng, requests, mishaps),
        withdrawn=_withdrawn(rng, slots, published, mishaps),
        parameters=Parameters(),
    )


def _slots(
    rng: np.random.Generator, territory: DrawnTerritory, of: DaySetting, late: int | None = None
) -> tuple[tuple[Slot, ...], tuple[int, ...]]:
    """Slots and when each is published; `late` draws that many at the last moment instead of the day's own."""
    count = of.slots if late is None else late
    gps = (
        np.arange(count) % len(territory.practices)
        if late is None
        else rng.integers(0, len(territory.practices), count)
    )
    quarters = rng.integers(of.slot_hours[0] * 4, of.slot_hours[1] * 4, count)
    starts = MIDNIGHT_AT_S + quarters * (HOUR_S // 4)
    opens = MIDNIGHT_AT_S + of.opens_h * HOUR_S
    if late is None:
        notice = rng.integers(of.notice_min[0], of.notice_min[1] + 1, count) * 60
        known = rng.random(count) < of.known_share
    else:
        notice, known = rng.integers(10, 30, count) * 60, np.zeros(count, np.bool_)
    published = np.where(known, opens, np.maximum(opens, starts - notice))
    remote = territory.tele[gps] & (rng.random(count) < 0.5)
    prefix = "slot" if late is None else "late"
    drawn = tuple(
        Slot(
            id=f"{prefix}-{i:04d}",
            practitioner=territory.practitioners[gp].id,
            point=territory.practices[gp],
            starts_at_s=int(start),
            ends_at_s=int(start) + of.slot_s,
            modes=modes_of(territory, int(gp), bool(remote[i])),
            acts=frozenset() if territory.special[gp] else frozenset({"ordinary"}),
        )
        for i, (gp, start) in enumerate(zip(gps, starts, strict=True))
    )
    return drawn, tuple(int(at) for at in published)


def _requests(rng: np.random.Generator, territory: DrawnTerritory, of: DaySetting) -> tuple[Request, ...]:
    """Requests in order of arrival: hour, class, commune, mobility, capability, window."""
    count = rng.poisson(of.load * of.slots)
    shares = np.array(of.by_hour, np.float64)
    hours = rng.choice(len(shares), count, p=shares / shares.sum())
    submitted = np.sort(MIDNIGHT_AT_S + (of.opens_h + hours) * HOUR_S + rng.integers(0, HOUR_S, count))
    urgency = rng.choice(4, count, p=of.by_class)
    commune = rng.choice(len(territory.communes), count, p=territory.weight)
    offset = rng.normal(0.0, 1.0, (count, 2)) * territory.spread_km[commune, None]
    km = rng.choice(of.mobility_km, count, p=of.mobility_share)
    draws = rng.random((count, 3))
    last = MIDNIGHT_AT_S + of.slot_hours[1] * HOUR_S
    windows = [of.window_h[0] * HOUR_S, of.window_h[1] * HOUR_S, 24 * HOUR_S, 24 * HOUR_S]
    parameters = Parameters()
    seconds_per_km = 3600 * parameters.detour / parameters.speed_kmh
    return tuple(
        Request(
            id=f"request-{i:04d}",
            urgency=Urgency(int(urgency[i]) + 1),
            point=move(territory.communes[commune[i]], *offset[i]),
            earliest_at_s=int(at),
            deadline_at_s=min(last, int(at) + windows[urgency[i]]),
            submitted_at_s=int(at),
            answer_by_at_s=int(at) + parameters.confirm_after_s[urgency[i]],
            modes=_draw_modes(draws[i, 0], draws[i, 1], of),
            act=SPECIAL_ACT if draws[i, 2] < of.special else "",
            max_travel_s=round(float(km[i]) * seconds_per_km),
        )
        for i, at in enumerate(submitted)
    )


def _draw_modes(tele: float, home: float, of: DaySetting) -> frozenset[Mode]:
    if home < of.home_visit:
        return frozenset({Mode.HH})
    return frozenset({Mode.AMB, Mode.VR}) if tele < of.tele_accepted else frozenset({Mode.AMB})


def _mishaps(rng: np.random.Generator, requests: tuple[Request, ...], of: MishapSetting) -> tuple[Mishap, ...]:
    """Only the requests to which something happens."""
    count = len(requests)
    refuses = rng.geometric(1.0 - of.refusal, count) - 1
    cancels = rng.random(count) < of.cancellation
    after = rng.integers(5, 180, count) * 60
    absent = rng.random(count) < of.no_show
    return tuple(
        Mishap(request.id, int(refuses[i]), int(after[i]) if cancels[i] else None, bool(absent[i]))
        for i, request in enumerate(requests)
        if refuses[i] or cancels[i] or absent[i]
    )


def _withdrawn(
    rng: np.random.Generator, slots: tuple[Slot, ...], published: tuple[int, ...], of: MishapSetting
) -> tuple[tuple[str, int], ...]:
    """Slots taken back between publication and start."""
    gone, part = rng.random(len(slots)) < of.withdrawn, rng.random(len(slots))
    return tuple(
        (slot.id, published[i] + int(part[i] * (slot.starts_at_s - published[i])))
        for i, slot in enumerate(slots)
        if gone[i]
    )
