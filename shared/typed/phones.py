"""Phone numbers as people write them, read as one can call them. The one place that knows numbers.

France has one plan of ten digits, whose first four tell the départements overseas; elsewhere a number is read by the
country it is written in. `insee` is the commune of the place: it decides where the digits alone do not.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType
from pydantic_core import PydanticCustomError

from shared.typed.texts import tidy

LONGEST = 60
_OVERSEAS = {
    "971": "GP", "972": "MQ", "973": "GF", "974": "RE", "975": "PM", "976": "YT",
    "977": "BL", "978": "MF", "986": "WF", "987": "PF", "988": "NC",
}  # fmt: skip
_BY_START = {
    "0590": "GP", "0690": "GP", "0691": "GP", "0596": "MQ", "0696": "MQ", "0697": "MQ", "0594": "GF", "0694": "GF",
    "0262": "RE", "0263": "RE", "0692": "RE", "0693": "RE", "0269": "YT", "0639": "YT",
}  # fmt: skip
_OTHERS = ("FR", "RE", "YT", "GP", "MQ", "GF")
_MAINLAND = 33
_OF_FRANCE = frozenset({33, 262, 508, 590, 594, 596, 681, 687, 689})
"""Country codes of France: the mainland and overseas."""
_SHORT = re.compile(r"1[5-9]|11[0-9]|196|191|197|114|116\d{3}|118\d{3}|10\d\d|3[0-9]\d\d", re.ASCII)
"""What one calls in three to six digits: 15, 112, 114, 116 117, 3114, 3646."""
_BETWEEN = re.compile(r"[^\d+()./\-\s]+|(?<=\d)\s*/\s*(?=(?:\+|0)[\d\s.()\-]{8,})")
_ENDINGS = re.compile(r"(?<=\d{2})(?:\s*/\s*\d{1,2})+$")


def e164(written: str, insee: str = "") -> str:
    """The first number there as `+33491000000`; empty when there is none that exists."""
    found = _first(written, insee)
    return phonenumbers.format_number(found, PhoneNumberFormat.E164) if found else ""


def mobile(written: str, insee: str = "") -> str:
    """The same, empty also for a number that no SMS reaches."""
    found = _first(written, insee)
    reached = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return e164(written, insee) if found and phonenumbers.number_type(found) in reached else ""


def french(written: str, insee: str = "") -> str:
    """The same, empty also for a number of another country than France, overseas included."""
    found = _first(written, insee)
    return e164(written, insee) if found and found.country_code in _OF_FRANCE else ""


def digits(written: str, insee: str = "") -> str:
    """The first number as one dials it in France (`0491000000`), else as `+3225551212`; empty when there is none."""
    found = _first(written, insee)
    if found is None:
        return _short(written) or _as_written(written)
    in_plan = found.country_code in {33, 262, 590, 594, 596}
    return f"0{found.national_number}" if in_plan else phonenumbers.format_number(found, PhoneNumberFormat.E164)


def link(written: str, insee: str = "") -> str:
    """Where a press on the number leads: `tel:+33491000000`, `tel:15`; empty when it leads nowhere.

    Ten digits of the mainland are dialled as they are written, and so is a number that no list knows.
    """
    number = e164(written, insee)
    if number and re.sub(r"\D", "", tidy(written)) == number.replace(f"+{_MAINLAND}", "0", 1):
        return f"tel:{number.replace(f'+{_MAINLAND}', '0', 1)}"
    number = number or _short(written) or _as_written(written)
    return f"tel:{number}" if number else ""


def read_phone(written: object) -> object:
    """What a person typed as a phone, made plain; refuses a text that holds no number one could call. For pydantic."""
    if not isinstance(written, str):
        return written
    text = re.sub(r"^(?:tel|tél)\.?\s*:?\s*", "", tidy(written), flags=re.IGNORECASE)
    if text and not link(text):
        raise PydanticCustomError("phone_number", "a phone number of ten digits, or with + and its country")
    return text


@lru_cache(maxsize=20_000)
def _first(written: str, insee: str) -> PhoneNumber | None:
    return next((found for part in _parts(written) if (found := _number(part, insee))), None)


def _parts(written: str) -> Iterator[str]:
    """The pieces of a text that may each be a number: digits, with a plus in front or not."""
    text = re.sub(r"\.0$", "", tidy(written))
    for piece in _BETWEEN.split(text):
        whole = re.sub(r"\D", "", piece)
        short = _ENDINGS.sub("", piece)
        kept = short if len(re.sub(r"\D", "", short)) >= 9 and len(whole) > 9 else piece
        for one in re.split(r"(?=\+)", kept):
            number = ("+" if "+" in one else "") + re.sub(r"\D", "", one)
            if len(number) >= 4:
                yield number


def _number(number: str, insee: str) -> PhoneNumber | None:
    """The number that these digits are; of two numbers without anything between them, the first."""
    if found := _read(number, insee):
        return found
    for length in range(min(len(number) - 4, 16), 7, -1):
        rest = number[length:]
        if (found := _read(number[:length], insee)) and (_SHORT.fullmatch(rest) or _read(rest, insee)):
            return found
    return None


def _read(number: str, insee: str) -> PhoneNumber | None:
    here = _OVERSEAS.get(insee[:3], "FR")
    number = re.sub(r"^0?(?=(?:33|262|590|594|596)0?[1-9]\d{8}$)", "+", number)
    if here == "PM":
        number = re.sub(r"^0?508(?=\d{6}$)", "+508", number)
    if found := _of_the_plan(number):
        return found
    found = next((found for region in (here, *_OTHERS) if (found := _parse(number, region))), None)
    if found and found.country_code == _MAINLAND:
        return _of_the_plan(f"0{found.national_number}") or found
    return found


def _of_the_plan(number: str) -> PhoneNumber | None:
    """A number of ten digits whose first four name a département overseas, also when it was written with +33."""
    number = re.sub(r"^(?:\+|00)33(?=0?[1-9]\d{8}$)0?", "0", number)
    region = _BY_START.get(number[:4]) if re.fullmatch(r"0[1-9]\d{8}", number) else None
    return _parse(number, region, valid=False) if region else None


def _parse(number: str, region: str, *, valid: bool = True) -> PhoneNumber | None:
    try:
        found = phonenumbers.parse(number, region)
    except NumberParseException:
        return None
    exists = phonenumbers.is_valid_number(found) if valid else phonenumbers.is_possible_number(found)
    return found if exists else None


def _short(written: str) -> str:
    number = re.sub(r"[\s.\-]", "", tidy(written))
    return number if _SHORT.fullmatch(number) else ""


def _as_written(written: str) -> str:
    """Blocks of numbers are opened faster than lists of them: ten digits are a number, or enough of them after +."""
    return next((part for part in _parts(written) if re.fullmatch(r"0[1-9]\d{8}|\+[1-9]\d{7,14}", part)), "")
