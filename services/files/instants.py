"""Dates and hours as people and spreadsheets write them, read in the time of the place. Pure."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.typed.texts import plain, tidy
from shared.typed.zones import PARIS

DATE_RULE = "une date et une heure, comme 2026-11-21T14:00 ou 21/11/2026 14:00"
_MONTHS = ("janv", "fevr", "mars", "avr", "mai", "juin", "juil", "aout", "sept", "oct", "nov", "dec")
_DAY = r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{4}|[0-9]{2})"
FRENCH = re.compile(
    rf"(?:[a-z]+\.? )?{_DAY}(?:,? (?:à )?|T)([0-9]{{1,2}}) ?[:h] ?([0-9]{{2}})?(?::([0-9]{{2}}))?(?: ?min)?",
    re.IGNORECASE,
)
_WORDED = re.compile(r"([0-9]{1,2})(?:er)? ([a-zéûà.]+) ([0-9]{4}|[0-9]{2})", re.IGNORECASE)
_SERIAL = re.compile(r"([3-6][0-9]{4})[.,]([0-9]{1,12})")
_SERIALS_BEGIN = datetime(1899, 12, 30)  # noqa: DTZ001  a spreadsheet counts days of no zone
DATE_ALONE = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|{_DAY}")


def read_instant(value: str, zone: ZoneInfo = PARIS) -> datetime | str:
    """The instant (UTC) written in ISO 8601, the French way or as a spreadsheet's number, else the rule it breaks.

    Without an offset it is the time in `zone`.
    """
    try:
        read = _read(_number_month(tidy(value)), zone)
        if read is None:
            return DATE_RULE
        if not 2000 <= read.year <= 2100:
            return "une année entre 2000 et 2100"
        in_utc = read.astimezone(UTC)
    except (ValueError, OverflowError):
        return DATE_RULE
    # Twice a year the clocks change: an hour that was skipped comes back as another one.
    if read.tzinfo is zone and in_utc.astimezone(zone).replace(tzinfo=None, fold=0) != read.replace(
        tzinfo=None, fold=0
    ):
        return "cette heure n'existe pas à Paris ce jour-là (passage à l'heure d'été)"
    return in_utc


def _read(text: str, zone: ZoneInfo) -> datetime | None:
    if french := FRENCH.fullmatch(text):
        day, month, year, hour, minute, second = (int(part or 0) for part in french.groups())
        return datetime(year + 2000 if year < 100 else year, month, day, hour, minute, second, tzinfo=zone)
    if serial := _SERIAL.fullmatch(text):
        seconds = round(86400 * float(f"{serial[1]}.{serial[2]}"))
        return (_SERIALS_BEGIN + timedelta(seconds=seconds)).replace(tzinfo=zone)
    if ":" not in text:
        return None
    read = datetime.fromisoformat(re.sub(r"^([0-9]{4})/([0-9]{2})/", r"\1-\2-", text))
    return read if read.tzinfo else read.replace(tzinfo=zone)


def _number_month(text: str) -> str:
    """The month in figures: « 21 novembre 2026 » reads 21/11/2026."""
    found = _WORDED.search(text)
    month = next((at for at, name in enumerate(_MONTHS, 1) if found and plain(found[2]).startswith(name)), 0)
    return f"{text[: found.start()]}{found[1]}/{month}/{found[3]}{text[found.end() :]}" if found and month else text
