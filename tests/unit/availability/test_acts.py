"""What each act counts as, on weeks made by hand."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.availability.core.acts import Act, ActKind, ActReason, SupplementRule, statement
from shared.db.clock import PARIS

GP, NURSE = "10", "60"
OLD = SupplementRule(
    date(2023, 4, 1), frozenset({GP}), 1500, 20, 48, time(8), time(20), time(12), time(19), time(21), 0
)
NEW = replace(OLD, valid_from=date(2024, 12, 22), evening_cents=500)
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=PARIS)


def an_act(number: int, at: datetime, *, asked: timedelta | None = timedelta(hours=3), own: bool = False) -> Act:
    zone = at.tzinfo
    assert isinstance(zone, ZoneInfo)
    holidays = {date(2026, 11, 11), date(2026, 12, 25)}
    return Act(UUID(int=number), at, zone, holidays, own, None if asked is None else at - asked)


def counted(acts: list[Act], profession: str = GP) -> list[tuple[ActKind, ActReason, int]]:
    return [(each.kind, each.reason, each.cents) for each in statement(acts, profession, (OLD, NEW))]


PAID = (ActKind.SNP, ActReason.PAID, 1500)
OVER = (ActKind.SNP, ActReason.OVER_THE_LIMIT, 0)
MRT = (ActKind.MRT, ActReason.OWN_PATIENT, 0)
NOT_SENT = (ActKind.NONE, ActReason.NOT_SENT, 0)
ON_CALL = (ActKind.NONE, ActReason.ON_CALL, 0)


def test_a_week_of_25_patients_of_the_sas_own_patients_and_a_pharmacists() -> None:
    sas = [an_act(n, MONDAY + timedelta(days=n // 5, minutes=15 * (n % 5))) for n in range(25)]
    own = [an_act(100 + n, MONDAY + timedelta(days=n, hours=2), own=True) for n in range(4)]
    sent_by_a_pharmacist = [an_act(200, MONDAY + timedelta(hours=3), asked=None)]
    own_by_a_pharmacist = [an_act(201, MONDAY + timedelta(hours=4), asked=None, own=True)]
    found = counted([*sas, *own, *sent_by_a_pharmacist, *own_by_a_pharmacist])
    assert [found.count(each) for each in (PAID, OVER, MRT, NOT_SENT)] == [20, 5, 4, 2]
    # It is the last five of the week that are not paid, and the next week begins anew.
    assert counted(sas)[20:] == [OVER] * 5
    assert counted([*sas, an_act(300, MONDAY + timedelta(days=7))])[-1] == PAID


def test_on_call_hours_late_patients_and_other_professions_are_paid_nothing() -> None:
    sunday, saturday = MONDAY + timedelta(days=6), MONDAY + timedelta(days=5)
    assert counted([an_act(1, sunday)]) == [ON_CALL]
    assert counted([an_act(1, saturday.replace(hour=11, minute=45)), an_act(2, saturday.replace(hour=12))]) == [
        PAID, ON_CALL,
    ]  # fmt: skip
    assert counted([an_act(1, datetime(2026, 11, 11, 10, 0, tzinfo=PARIS))]) == [ON_CALL]
    assert counted([an_act(1, MONDAY.replace(hour=20)), an_act(2, MONDAY.replace(hour=7, minute=59))]) == [ON_CALL] * 2
    exactly, later = timedelta(hours=48), timedelta(hours=48, seconds=1)
    assert counted([an_act(1, MONDAY, asked=exactly), an_act(2, MONDAY, asked=later)]) == [
        PAID, (ActKind.NONE, ActReason.TOO_LATE, 0),
    ]  # fmt: skip
    assert counted([an_act(1, MONDAY)], NURSE) == [(ActKind.NONE, ActReason.NO_RULE, 0)]


def test_an_evening_pays_more_since_its_own_date_only() -> None:
    evening = datetime(2024, 12, 20, 19, 15, tzinfo=PARIS)
    assert [counted([an_act(1, each)])[0][2] for each in (evening, evening + timedelta(days=3))] == [1500, 2000]
    assert counted([an_act(1, datetime(2023, 3, 31, 10, 0, tzinfo=PARIS))])[0][1] is ActReason.NO_RULE


def test_days_and_weeks_are_those_of_the_place() -> None:
    island = ZoneInfo("America/Guadeloupe")
    # Sunday 22 November 23:30 over there is Monday in Paris, and still on call; 19:30 there is past midnight in Paris.
    assert counted([an_act(1, datetime(2026, 11, 22, 23, 30, tzinfo=island))]) == [ON_CALL]
    friday = datetime(2026, 11, 27, 19, 30, tzinfo=island)
    assert counted([an_act(1, friday)]) == [(ActKind.SNP, ActReason.PAID, 2000)]
    week = [an_act(n, datetime(2026, 11, 23, 8, n, tzinfo=island)) for n in range(20)]
    assert counted([*week, an_act(30, friday)])[-1] == OVER
