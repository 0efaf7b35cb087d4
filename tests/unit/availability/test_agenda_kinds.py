"""Agendas as the world writes them: what is wrong with one line costs that line, what is endless ends."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from services.availability.interop.agendas.fetching import https_address
from services.availability.interop.agendas.reading import FeedUnreadable, busy_periods, read_agenda

FROM = datetime(2026, 11, 24, tzinfo=UTC)
TO = FROM + timedelta(days=14)
Times = list[tuple[str, str]]
GOOD_TIME: Times = [("11-25T08:00", "11-25T09:00")]


def lines(*parts: str) -> str:
    return "\r\n".join(parts)


def calendar(*parts: str) -> bytes:
    return lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Essai//FR", *parts, "END:VCALENDAR", "").encode()


def event(*parts: str, uid: str = "a") -> str:
    return lines("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *parts, "END:VEVENT")


GOOD = event("DTSTART:20261125T080000Z", "DTEND:20261125T090000Z", uid="good")


def shown(content: bytes) -> Times:
    found = busy_periods(content, from_at=FROM, to_at=TO)
    return [(f"{period.starts_at:%m-%dT%H:%M}", f"{period.ends_at:%m-%dT%H:%M}") for period in found]


OLD = ("DTSTART:20190101T080000Z", "DTEND:20190101T090000Z")
BAD_BESIDE_GOOD = {
    "a rule whose end is no date": event(*OLD, "RRULE:FREQ=WEEKLY;UNTIL=INVALID DATE"),
    "a rule without a frequency": event(*OLD, "RRULE:INTERVAL=2"),
    "a rule that never moves on": event(*OLD, "RRULE:FREQ=DAILY;INTERVAL=0"),
    "a rule with an unknown day": event(*OLD, "RRULE:FREQ=WEEKLY;BYDAY=XX"),
    "an impossible place of a day": event(*OLD, "RRULE:FREQ=MONTHLY;BYDAY=99MO"),
    "no start": event("SUMMARY:x"),
    "a start that is no date": event("DTSTART:demain"),
    "an end before its start": event("DTSTART:20261126T100000Z", "DTEND:20261126T090000Z"),
    "a length below zero": event("DTSTART:20261126T100000Z", "DURATION:-PT1H"),
    "30 February as a day": event("DTSTART;VALUE=DATE:20260230"),
    "a year nobody lived in": event("DTSTART:00010101T000000Z", "DURATION:PT1H"),
    "an end without a colon": event("DTSTART:20261126T100000Z", "DTEND 20261126T110000Z"),
    "an alarm inside an alarm": event(
        *OLD, "BEGIN:VALARM", "DURATION:", "BEGIN:VALARM", "DTSTART:x", "END:VALARM", "END:VALARM"
    ),
    "an event that never ends": lines("BEGIN:VEVENT", "UID:z", *OLD),
    "the end of something else": lines("BEGIN:VEVENT", "UID:z", *OLD, "END:VTODO"),
    "a task with a broken due date": lines("BEGIN:VTODO", "DTSTART:20261125T100000Z", "DUE:jamais", "END:VTODO"),
    "a busy task": lines("BEGIN:VTODO", "DTSTART:20261126T100000Z", "DURATION:PT1H", "END:VTODO"),
    "a journal": lines("BEGIN:VJOURNAL", "DTSTART:20261126T100000Z", "END:VJOURNAL"),
    "a line outside of any event": "X-WR-CALNAME Essai",
    "a zone that makes no sense": lines("BEGIN:VTIMEZONE", "TZID:Nulle", "BEGIN:STANDARD", "END:STANDARD"),
    "a zone with an endless rule": lines(
        "BEGIN:VTIMEZONE", "TZID:Folle", "BEGIN:STANDARD", "DTSTART:16010101T000000", "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200", "RRULE:FREQ=SECONDLY", "END:STANDARD", "END:VTIMEZONE",
    ),
    "a broken free/busy": lines("BEGIN:VFREEBUSY", "FREEBUSY:bientôt/PT1H", "END:VFREEBUSY"),
    "an availability without a start": lines("BEGIN:VAVAILABILITY", "DTSTART:hier", "END:VAVAILABILITY"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD_BESIDE_GOOD.values(), ids=BAD_BESIDE_GOOD)
@pytest.mark.parametrize("order", ["before", "after"])
def test_one_bad_line_costs_its_own_event_alone(bad: str, order: str) -> None:
    parts = (bad, GOOD) if order == "before" else (GOOD, bad)
    if "an event that never ends" in BAD_BESIDE_GOOD and bad == BAD_BESIDE_GOOD["an event that never ends"]:
        parts = (bad, GOOD)
    assert shown(calendar(*parts)) == GOOD_TIME


def test_what_could_not_be_read_is_counted() -> None:
    broken = event("DTSTART:demain"), event(*OLD, "RRULE:FREQ=PARFOIS", uid="b")
    assert read_agenda(calendar(GOOD, *broken), from_at=FROM, to_at=TO).left_out == 2
    assert read_agenda(calendar(GOOD), from_at=FROM, to_at=TO).left_out == 0


@pytest.mark.parametrize("line", ["EXDATE:", "EXDATE;TZID=Europe/Paris:", "EXDATE: ,", "RDATE:"])
def test_an_empty_list_of_dates_says_nothing(line: str) -> None:
    series = event("DTSTART:20261124T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2", line)
    reading = read_agenda(calendar(series), from_at=FROM, to_at=TO)
    assert (len(reading.periods), reading.left_out) == (2, 0)


def test_an_exception_that_cannot_be_read_leaves_its_series_busy() -> None:
    series = event("DTSTART:20261124T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:hier")
    reading = read_agenda(calendar(series, GOOD), from_at=FROM, to_at=TO)
    assert len(reading.periods) == 3
    assert reading.left_out == 1


@pytest.mark.parametrize(
    "content",
    [
        calendar(GOOD).replace(b"\r\n", b"\n"),
        calendar(GOOD).replace(b"\r\n", b"\r"),
        b"\xef\xbb\xbf" + calendar(GOOD),
        b"\r\n \r\n" + calendar(GOOD),
        calendar(GOOD).decode().encode("utf-16"),
        calendar(GOOD).replace(b"DTSTART", b"dtstart"),
        calendar(event("DTSTART:20261125T080000Z", "DTEND:20261125T090000Z", "SUMMARY:R\xe9union"))
        .decode()
        .encode("latin-1"),
        calendar(event("SUMMARY:é", "DTSTART:20261125T080000Z", "DTEND:20261125T090000Z")).replace(
            "é".encode(), b"\xc3\r\n \xa9"
        ),
        calendar(event("DTSTART:2026112\r\n 5T080000Z", "DTEND:20261125T0900\r\n\t00Z")),
        calendar(event("DTSTART:2026-11-25T08:00:00Z", "DTEND:2026-11-25T09:00:00Z")),
        calendar(event('DTSTART;X-A="a:b;c";TZID="Europe/Paris":20261125T090000', "DURATION:PT60M")),
        b"avant\r\n" + calendar(GOOD) + b"apr\xe8s",
        calendar(event("DTSTART:20191125T080000Z", "DURATION:PT1H")) + calendar(GOOD),
    ],
    ids=[
        "bare LF", "bare CR", "byte order mark", "blank lines", "UTF-16", "small letters", "Latin-1 title",
        "a letter cut by a fold", "a date cut by a fold", "dashes and colons", "quoted parameters", "words around",
        "two calendars",
    ],
)  # fmt: skip
def test_a_file_is_read_however_it_is_written(content: bytes) -> None:
    assert shown(content) == GOOD_TIME


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!doctype html><html><body>Se connecter</body></html>",
        calendar(GOOD)[:-20],
        calendar(GOOD).split(b"END:VEVENT")[0],
        gzip.compress(calendar(GOOD)),
        calendar(event("DTSTART:20261125T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY;INTERVAL=2")),
    ],
    ids=["empty", "a web page", "cut off", "cut within an event", "packed", "nothing but an endless event"],
)
def test_a_file_that_is_cut_off_or_no_agenda_is_refused(content: bytes) -> None:
    with pytest.raises(FeedUnreadable):
        busy_periods(content, from_at=FROM, to_at=TO)


WHOLE = [("11-24T00:00", "12-08T00:00")]
HEAVY = {
    "each second": ("DTSTART:19700101T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY"),
    "each minute since 1970": ("DTSTART:19700101T000000Z", "DURATION:PT1M", "RRULE:FREQ=MINUTELY"),
    "each minute of a month that is not ours": (
        "DTSTART:19700101T000000Z", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    ),
    "a day that never comes": ("DTSTART:20260101T080000Z", "RRULE:FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1"),
    "30 February": ("DTSTART:20260101T080000Z", "DURATION:PT1H", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
    "a place that no set has": ("DTSTART:20260101T080000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;BYSETPOS=300"),
    "a count without end": ("DTSTART:19700101T000000Z", "RRULE:FREQ=SECONDLY;BYSECOND=0,30;COUNT=999999999"),
}  # fmt: skip


@pytest.mark.parametrize("heavy", HEAVY.values(), ids=HEAVY)
def test_an_endless_recurrence_ends_and_the_rest_is_read(heavy: tuple[str, ...]) -> None:
    assert shown(calendar(event(*heavy), GOOD)) in (GOOD_TIME, WHOLE)


def test_further_dates_by_the_hundred_thousand_are_read() -> None:
    further = ",".join(["20300101T000000Z"] * 250_000)
    bomb = event("DTSTART:20261126T100000Z", "DURATION:PT1H", f"RDATE:{further}")
    assert GOOD_TIME[0] in shown(calendar(bomb, GOOD))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("DTSTART:20261125T080000Z", "DTEND:20261125T090000Z", "RRULE:FREQ=DAILY;COUNT=1"), GOOD_TIME),
        (("DTSTART:19700101T080000Z", "DURATION:PT1H", "RRULE:FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=25"), GOOD_TIME),
        (("DTSTART:20200101T080000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;INTERVAL=7;COUNT=361;X-A=1"), GOOD_TIME),
        (("DTSTART;TZID=Europe/Paris:20100106T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU"), "odd"),
        (("DTSTART:20261125T080000Z", "DURATION:PT1H", "rrule:freq=daily;until=20261125"), GOOD_TIME),
        (("DTSTART:20261102T080000Z", "DURATION:PT1H", "RRULE:FREQ=MONTHLY;BYDAY=WE;BYSETPOS=-1"), GOOD_TIME),
        (("DTSTART:20200101T080000Z", "DTEND:20261124T030000Z"), [("01-01T08:00", "11-24T03:00")]),
        (("DTSTART;VALUE=DATE:20261125", "DTEND;VALUE=DATE:20261125"), [("11-24T23:00", "11-25T23:00")]),
        (("DTSTART;VALUE=DATE:20261125", "DURATION:P1D"), [("11-24T23:00", "11-25T23:00")]),
        (("DTSTART:20261125T080000Z", "RDATE;VALUE=PERIOD:20261126T080000Z/PT30M,20261127T080000Z/20261127T090000Z"),
         [("11-26T08:00", "11-26T08:30"), ("11-27T08:00", "11-27T09:00")]),
        (("DTSTART;TZID=Réunion:20261125T090000", "DURATION:PT1H"), GOOD_TIME),
        (("DTSTART:20261125T080000Z", "DURATION:PT1H", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"), []),
        (("DTSTART:20261125T080000Z", "DURATION:PT1H", "STATUS:TENTATIVE"), GOOD_TIME),
        (("DTSTART:20261125T080000Z", "DTEND:20261125T090000Z", "RRULE:FREQ=DAILY;COUNT=2",
          "EXDATE;VALUE=DATE:20261126"), GOOD_TIME),
        (("DTSTART:20261125T080000Z", "DTEND:20261125T090000Z", "RRULE:FREQ=DAILY;COUNT=3",
          "EXDATE:20261126T080000Z,20261127T080000Z"), GOOD_TIME),
        (("DTSTART:20261125T080000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=2", "EXRULE:FREQ=DAILY;COUNT=9"),
         []),
    ],
)  # fmt: skip
def test_what_recurs_is_unrolled_as_written(parts: tuple[str, ...], expected: Times | str) -> None:
    found = shown(calendar(event(*parts)))
    if expected == "odd":
        # Every second week since 6 January 2010: 880 weeks later is 18 November, so 2 December within the window.
        expected = [("12-02T08:00", "12-02T09:00")]
    assert found == expected


@pytest.mark.parametrize(
    ("day", "hours"), [("20270328", 23), ("20261025", 25), ("20261125", 24)], ids=["spring", "autumn", "any day"]
)
def test_a_whole_day_is_as_long_as_the_clocks_make_it(day: str, hours: int) -> None:
    at = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
    content = calendar(event(f"DTSTART;VALUE=DATE:{day}"))
    (found,) = busy_periods(content, from_at=at - timedelta(days=2), to_at=at + timedelta(days=2))
    assert found.ends_at - found.starts_at == timedelta(hours=hours)


def test_an_hour_that_spring_skips_is_the_hour_after() -> None:
    content = calendar(event("DTSTART;TZID=Europe/Paris:20270328T023000", "DURATION:PT30M"))
    at = datetime(2027, 3, 28, tzinfo=UTC)
    (found,) = busy_periods(content, from_at=at, to_at=at + timedelta(days=1))
    assert found.starts_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("Romance Standard Time", "08"), ("(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", "08"),
        ("/citadel.org/20210210_1/Europe/Paris", "08"), ("Reunion Standard Time", "05"), ("Indian/Reunion", "05"),
        ("(UTC+04:00) Port Louis", "05"), ("America/Martinique", "13"), ("GMT+0100", "08"), ("UTC-03:00", "12"),
        ("Nulle part", "08"),
    ],
)  # fmt: skip
def test_a_zone_is_understood_by_any_of_its_names(zone: str, hour: str) -> None:
    found = shown(calendar(event(f'DTSTART;TZID="{zone}":20261125T090000', "DURATION:PT1H")))
    assert [start for start, _ in found] == [f"11-25T{hour}:00"]


def test_what_is_kept_says_the_same_later_and_names_nobody() -> None:
    parts = (
        event(*OLD, "SUMMARY:Mme PATIENTE-FICTIVE", uid="patiente@exemple.invalid"),
        event("DTSTART;TZID=Europe/Paris:20250107T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY",
              "SUMMARY:Mme PATIENTE-FICTIVE", uid="weekly@exemple.invalid"),
        event("RECURRENCE-ID;TZID=Europe/Paris:20261201T090000", "DTSTART;TZID=Europe/Paris:20261201T140000",
              "DURATION:PT1H", "ATTENDEE:mailto:fictive@exemple.invalid", uid="weekly@exemple.invalid"),
    )  # fmt: skip
    whole = calendar(*parts)
    kept = read_agenda(whole, from_at=FROM, to_at=TO).kept
    assert "exemple.invalid" not in kept
    assert "FICTIVE" not in kept
    assert "2019" not in kept
    later = FROM + timedelta(days=5), TO + timedelta(days=60)
    again = busy_periods(kept.encode(), from_at=later[0], to_at=later[1])
    assert again == busy_periods(whole, from_at=later[0], to_at=later[1])
    assert len(again) > 5


def test_an_event_that_its_owner_declined_is_free() -> None:
    declined = event(
        "DTSTART:20261126T080000Z", "DURATION:PT1H", "ATTENDEE;PARTSTAT=DECLINED:mailto:Medecin@exemple.invalid"
    )
    assert shown(calendar("X-WR-CALNAME:medecin@exemple.invalid", declined, GOOD)) == GOOD_TIME
    address = "https://agenda.exemple.invalid/ical/medecin@exemple.invalid/basic.ics"
    assert len(busy_periods(calendar(declined, GOOD), from_at=FROM, to_at=TO, owner=address)) == 1
    assert len(shown(calendar(declined, GOOD))) == 2


@pytest.mark.parametrize("scheme", ["webcal", "webcals", "WEBCAL", "https"])
def test_an_address_to_subscribe_to_is_read_over_https(scheme: str) -> None:
    assert https_address(f" {scheme}://agenda.exemple.invalid/a.ics ") == "https://agenda.exemple.invalid/a.ics"
