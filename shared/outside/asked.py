"""What may come in: one type for every instant, one for every day, one for every text, used at every door.

`shared.http.doors` looks at whole requests before anything is parsed; these look at each value.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from shared.outside.nir import holds_patient_number

EARLIEST, LATEST = 2000, 2099
"""The years that anything here may be about, both included: far from what no calendar or database can hold."""
NIR_SAID = {"error": "jamais de numéro de sécurité sociale (NIR) ni d'INS ici : retirez-le", "code": "nir_refused"}
LINES = frozenset("\n\t")
_SPACE_FOR_PLUS = re.compile(r"^(\d{4}-\d{2}-\d{2}T[\d:.]+) (\d{2}:?\d{2})$")


def is_national_number(fault: Mapping[str, Any]) -> bool:
    """Whether this is why a form was refused: then its value is repeated to nobody."""
    return bool(fault.get("ctx", {}).get("code") == NIR_SAID["code"])


_Moment = TypeVar("_Moment", datetime, date)


def _with_plus(said: object) -> object:
    """A `+` that stands as such in a URL arrives as a space: many write the offset so."""
    return _SPACE_FOR_PLUS.sub(r"\1+\2", said) if isinstance(said, str) else said


def _within(moment: _Moment) -> _Moment:
    if not EARLIEST <= moment.year <= LATEST:
        raise PydanticCustomError(
            "moment_bounds", "between {first} and {last}", {"first": str(EARLIEST), "last": str(LATEST)}
        )
    return moment


def _in_utc(moment: datetime) -> datetime:
    """The same instant: bounds hold for what is stored, whatever the offset it was written with."""
    return _within(_within(moment).astimezone(UTC))


def legible(text: str, kept: frozenset[str] = frozenset()) -> str:
    """The text composed (NFC), without invisible signs or spaces around it.

    Control characters other than `kept`, lone surrogates and national numbers raise `PydanticCustomError`, which never
    repeats the text.
    """
    signs = [(sign, unicodedata.category(sign)) for sign in unicodedata.normalize("NFC", text.replace("\r\n", "\n"))]
    if any(kind in ("Cc", "Cs") and sign not in kept for sign, kind in signs):
        raise PydanticCustomError("control_characters", "no control characters")
    if holds_patient_number(text):
        raise PydanticCustomError("value_error", "no NIR, no INS identifier", NIR_SAID)
    return "".join(sign for sign, kind in signs if kind != "Cf").strip()


def _one_line(said: object) -> object:
    return legible(said) if isinstance(said, str) else said


def _lines(said: object) -> object:
    return legible(said, LINES) if isinstance(said, str) else said


LINE, NOTE = BeforeValidator(_one_line), BeforeValidator(_lines)
"""After the bounds of a text: what it may hold, on one line or on several."""
Instant = Annotated[AwareDatetime, AfterValidator(_in_utc), BeforeValidator(_with_plus)]
Day = Annotated[date, AfterValidator(_within)]
_PART = r"[^@\s<>,;\x00-\x1f\x7f]+"
Email = Annotated[str, Field(max_length=200, pattern=rf"^{_PART}@{_PART}\.{_PART}$"), LINE]
Insee = Annotated[str, Field(pattern=r"^([0-9]{2}|2[AB])[0-9]{3}$")]
CptsId = Annotated[str, Field(min_length=1, max_length=20), LINE]
"""A CPTS, as a caller names it: whether it is theirs is asked afterwards."""


class Order(BaseModel):
    """Something asked; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
