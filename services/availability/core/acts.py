"""What an act done in a slot is paid as: a supplement (SNP), one's own patient sent by the regulation (MRT), or none.

The rule is dated data (`SupplementRule`), days and weeks are those of the place. Nothing here limits who is seen: the
limit of the week is one on money.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo


class ActKind(StrEnum):
    """What an act counts as."""

    SNP = "snp"
    MRT = "mrt"
    NONE = "none"


class ActReason(StrEnum):
    """Why."""

    PAID = "paid"
    OVER_THE_LIMIT = "over_the_limit"
    OWN_PATIENT = "own_patient"
    NOT_SENT = "not_sent"
    TOO_LATE = "too_late"
    ON_CALL = "on_call"
    NO_RULE = "no_rule"


@dataclass(frozen=True, slots=True)
class SupplementRule:
    """What is paid from a day on, for acts of these professions.

    On-call hours are not paid: outside `day_from` to `day_to`, Saturday from `saturday_to`, Sundays, public holidays.
    `evening_cents` come on top from `evening_from` to `evening_to`.
    """

    valid_from: date
    professions: frozenset[str]
    cents: int
    weekly_limit: int
    within_hours: int
    day_from: time
    day_to: time
    saturday_to: time
    evening_from: time
    evening_to: time
    evening_cents: int


@dataclass(frozen=True, slots=True)
class Act:
    """A patient seen, or booked to be: when, where, and how they came."""

    booking_id: UUID
    starts_at: datetime
    zone: ZoneInfo
    holidays: Collection[date]
    own_patient: bool
    regulated_at: datetime | None

    @property
    def local(self) -> datetime:
        """When, by the clocks of the place."""
        return self.starts_at.astimezone(self.zone)

    @property
    def week(self) -> date:
        """The Monday of its week, there."""
        day = self.local.date()
        return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Counted:
    """An act with what it counts as, why, and what it pays on top."""

    act: Act
    kind: ActKind
    reason: ActReason
    cents: int = 0


def statement(acts: Iterable[Act], profession: str, rules: Sequence[SupplementRule]) -> Iterator[Counted]:
    """Each act in order of time with what it counts as; whole weeks of the place must be given."""
    paid: Counter[date] = Counter()
    for act in sorted(acts, key=lambda each: (each.starts_at, each.booking_id)):
        counted = _one(act, profession, rules, paid[act.week])
        paid[act.week] += counted.reason is ActReason.PAID
        yield counted


def _one(act: Act, profession: str, rules: Sequence[SupplementRule], paid: int) -> Counted:
    rule = _rule_of(act, profession, rules)
    if rule is None:
        return Counted(act, ActKind.NONE, ActReason.NO_RULE)
    if act.regulated_at is None:
        return Counted(act, ActKind.NONE, ActReason.NOT_SENT)
    if _on_call(act, rule):
        return Counted(act, ActKind.NONE, ActReason.ON_CALL)
    if act.starts_at - act.regulated_at > timedelta(hours=rule.within_hours):
        return Counted(act, ActKind.NONE, ActReason.TOO_LATE)
    if act.own_patient:
        return Counted(act, ActKind.MRT, ActReason.OWN_PATIENT)
    if paid >= rule.weekly_limit:
        return Counted(act, ActKind.SNP, ActReason.OVER_THE_LIMIT)
    evening = rule.evening_from <= act.local.time() < rule.evening_to
    return Counted(act, ActKind.SNP, ActReason.PAID, rule.cents + evening * rule.evening_cents)


def _rule_of(act: Act, profession: str, rules: Sequence[SupplementRule]) -> SupplementRule | None:
    known = [rule for rule in rules if rule.valid_from <= act.local.date() and profession in rule.professions]
    return max(known, key=lambda rule: rule.valid_from, default=None)


def _on_call(act: Act, rule: SupplementRule) -> bool:
    local = act.local
    if local.isoweekday() == 7 or local.date() in act.holidays:
        return True
    closes = rule.saturday_to if local.isoweekday() == 6 else rule.day_to
    return not rule.day_from <= local.time() < closes
