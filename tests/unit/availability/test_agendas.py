"""Reading other agendas, and writing ours."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.availability.interop.agendas.reading import BusyTime, FeedUnreadable, busy_periods, merge
from services.availability.interop.agendas.writing import ShownSlot, agenda

FROM = datetime(2026, 10, 19, 0, 0, tzinfo=UTC)
TO = FROM + timedelta(days=14)


def calendar(*lines: str, kind: str = "VEVENT") -> bytes:
    body = [f"BEGIN:{kind}", "UID:essai-1", "DTSTAMP:20260101T000000Z", *lines, f"END:{kind}"]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Essai//FR", *body, "END:VCALENDAR", ""]).encode()


def read(content: bytes) -> list[tuple[str, str]]:
    found = busy_periods(content, from_at=FROM, to_at=TO)
    return [(f"{period.starts_at:%m-%dT%H:%M}", f"{period.ends_at:%m-%dT%H:%M}") for period in found]


ONE = [("10-20T08:00", "10-20T09:00")]


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART:20261020T080000Z", "DTEND:20261020T090000Z"),
        ("DTSTART;TZID=Europe/Paris:20261020T100000", "DTEND;TZID=Europe/Paris:20261020T110000"),
        ("DTSTART:20261020T100000", "DTEND:20261020T110000"),
        ("DTSTART;TZID=America/Montreal:20261020T040000", "DURATION:PT1H"),
        ("DTSTART;TZID=Romance Standard Time:20261020T100000", "DURATION:PT1H"),
    ],
)
def test_an_event_is_busy_in_whatever_zone_it_is_written(lines: tuple[str, ...]) -> None:
    assert read(calendar(*lines)) == ONE


def test_a_zone_that_only_the_agenda_defines_is_followed() -> None:
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Cabinet\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0400\r\n"
        "TZOFFSETTO:+0400\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    content = calendar("DTSTART;TZID=Cabinet:20261020T120000", "DURATION:PT1H").decode()
    assert read(content.replace("BEGIN:VEVENT", f"{zone}BEGIN:VEVENT").encode()) == ONE


def test_an_event_that_began_long_ago_is_still_busy() -> None:
    assert read(calendar("DTSTART:20261001T080000Z", "DTEND:20261020T090000Z")) == [("10-01T08:00", "10-20T09:00")]


@pytest.mark.parametrize("line", ["STATUS:CANCELLED", "TRANSP:TRANSPARENT", "UID:slot@aiguillage"])
def test_what_takes_no_time_is_not_busy(line: str) -> None:
    content = calendar("DTSTART:20261020T080000Z", "DTEND:20261020T090000Z", line)
    if line.startswith("UID"):
        content = content.replace(b"UID:essai-1\r\n", b"")
    assert read(content) == []


def test_a_whole_day_is_a_day_in_paris() -> None:
    assert read(calendar("DTSTART;VALUE=DATE:20261020")) == [("10-19T22:00", "10-20T22:00")]


def test_a_weekly_event_keeps_its_hour_when_the_clocks_change() -> None:
    lines = (
        "DTSTART;TZID=Europe/Paris:20260105T090000",
        "DTEND;TZID=Europe/Paris:20260105T100000",
        "RRULE:FREQ=WEEKLY",
    )
    assert read(calendar(*lines)) == [("10-19T07:00", "10-19T08:00"), ("10-26T08:00", "10-26T09:00")]


def test_an_exception_and_a_moved_occurrence_are_followed() -> None:
    content = calendar(
        "DTSTART:20261019T080000Z",
        "DTEND:20261019T090000Z",
        "RRULE:FREQ=DAILY;COUNT=4",
        "EXDATE:20261020T080000Z",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "UID:essai-1",
        "DTSTAMP:20260101T000000Z",
        "RECURRENCE-ID:20261021T080000Z",
        "DTSTART:20261021T140000Z",
        "DTEND:20261021T150000Z",
    )
    assert read(content) == [
        ("10-19T08:00", "10-19T09:00"),
        ("10-21T14:00", "10-21T15:00"),
        ("10-22T08:00", "10-22T09:00"),
    ]


def test_a_cancelled_occurrence_of_a_series_is_free() -> None:
    content = calendar(
        "DTSTART:20261019T080000Z",
        "DTEND:20261019T090000Z",
        "RRULE:FREQ=DAILY;COUNT=2",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "UID:essai-1",
        "DTSTAMP:20260101T000000Z",
        "RECURRENCE-ID:20261019T080000Z",
        "DTSTART:20261019T080000Z",
        "DTEND:20261019T090000Z",
        "STATUS:CANCELLED",
    )
    assert read(content) == [("10-20T08:00", "10-20T09:00")]


def test_free_busy_periods_are_read_but_for_the_free_ones() -> None:
    content = calendar(
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261020T080000Z/PT1H,20261021T080000Z/20261021T083000Z",
        "FREEBUSY;FBTYPE=FREE:20261022T080000Z/PT1H",
        kind="VFREEBUSY",
    )
    assert read(content) == [*ONE, ("10-21T08:00", "10-21T08:30")]


def test_outside_of_declared_availability_is_busy() -> None:
    content = calendar(
        "DTSTART:20261020T000000Z",
        "DTEND:20261022T000000Z",
        "BEGIN:AVAILABLE",
        "UID:essai-2",
        "DTSTART:20261001T080000Z",
        "DTEND:20261001T120000Z",
        "RRULE:FREQ=DAILY",
        "END:AVAILABLE",
        kind="VAVAILABILITY",
    )
    assert read(content) == [
        ("10-20T00:00", "10-20T08:00"),
        ("10-20T12:00", "10-21T08:00"),
        ("10-21T12:00", "10-22T00:00"),
    ]


def test_overlapping_events_are_one_busy_time() -> None:
    at = [FROM + timedelta(hours=hour) for hour in range(6)]
    assert merge([BusyTime(at[2], at[4]), BusyTime(at[0], at[1]), BusyTime(at[1], at[3]), BusyTime(at[5], at[5])]) == [
        BusyTime(at[0], at[4])
    ]


BROKEN = [
    b"",
    b"<html>Se connecter</html>",
    b"\xff\xfe\x00",
    b"BEGIN:VEVENT\r\nEND:VEVENT\r\n",
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
    b"x" * 5_000_001,
]


@pytest.mark.parametrize("content", BROKEN)
def test_what_is_no_agenda_is_refused(content: bytes) -> None:
    with pytest.raises(FeedUnreadable):
        busy_periods(content, from_at=FROM, to_at=TO)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_a_damaged_agenda_is_read_or_refused_and_nothing_else(place: int, noise: bytes) -> None:
    whole = calendar(
        "DTSTART;TZID=Europe/Paris:20261020T100000",
        "DTEND;TZID=Europe/Paris:20261020T110000",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20261231T000000Z",
        "EXDATE;TZID=Europe/Paris:20261027T100000",
    )
    with suppress(FeedUnreadable):
        busy_periods(whole[:place] + noise + whole[place:], from_at=FROM, to_at=TO)


@pytest.mark.reference
def test_every_reference_agenda_is_read(reference: Path) -> None:
    files = sorted((reference / "icalendar").rglob("*.ics"))
    assert len(files) == 5
    for file in files:
        content = file.read_bytes()
        if not content.startswith(b"BEGIN:VCALENDAR"):
            content = b"BEGIN:VCALENDAR\r\n" + content + b"END:VCALENDAR\r\n"
        window = (datetime(1997, 1, 1, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC))
        assert busy_periods(content, from_at=window[0], to_at=window[1]), file.name


def test_our_agenda_shows_places_and_names_nobody() -> None:
    slots = [
        ShownSlot("a", FROM, FROM + timedelta(minutes=15), "Cabinet fictif", 0, 1, FROM, 1),
        ShownSlot("b", TO, TO + timedelta(minutes=15), "Cabinet fictif", 1, 1, FROM, 3),
    ]
    events = icalendar.Calendar.from_ical(agenda(slots)).walk("VEVENT")
    assert [str(event["SUMMARY"]) for event in events] == ["Créneau libre", "Réservé (1/1)"]
    assert [str(event["TRANSP"]) for event in events] == ["TRANSPARENT", "OPAQUE"]
    assert busy_periods(agenda(slots), from_at=FROM, to_at=TO + timedelta(days=1)) == []
