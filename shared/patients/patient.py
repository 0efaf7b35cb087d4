"""What a practitioner needs to know of who is coming: minimal, never a national number."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer
from pydantic_core import PydanticCustomError

from shared.outside.asked import LINE, NOTE
from shared.outside.nir import refuse_nir
from shared.refusals import Invalid
from shared.typed.phones import LONGEST, link, read_phone
from shared.typed.texts import tidy

OLDEST = 1900
_FIRST_TO_HAVE_A_DAY = timedelta(hours=14)
_FRENCH = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})", re.ASCII)
_PARTIAL = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)


def read_birth(said: object) -> object:
    """A date of birth as `1951-07-14`, or as much of it as is known: `1951-07`, `1951`; None when empty. For pydantic.

    `14/07/1951` is read too. Numbers of seconds since 1970 are no dates of birth.
    """
    if said is None or (isinstance(said, str) and not tidy(said)):
        return None
    text = tidy(said) if isinstance(said, str) else said.isoformat() if type(said) is date else ""
    if french := _FRENCH.fullmatch(text):
        text = f"{french[3]}-{int(french[2]):02}-{int(french[1]):02}"
    try:
        known = bool(_PARTIAL.fullmatch(text)) and date.fromisoformat((text + "-01-01")[:10]).year >= OLDEST
    except ValueError:
        known = False
    if not known:
        raise PydanticCustomError("birth_date", "a date of birth: 1951-07-14, 1951-07 or 1951")
    return text


def _tidy(said: object) -> object:
    return tidy(said) if isinstance(said, str) else said


class Patient(BaseModel):
    """Who is coming. Held encrypted, shown to the roles involved, each reading logged, erased on schedule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(max_length=120), BeforeValidator(_tidy), LINE] = ""
    phone: Annotated[str, Field(max_length=LONGEST), BeforeValidator(read_phone), LINE] = ""
    address: Annotated[str, Field(max_length=200), BeforeValidator(_tidy), LINE] = ""
    """Where a practitioner who travels finds them."""
    birth_date: Annotated[str | None, Field(max_length=10), BeforeValidator(read_birth), LINE] = None
    note: Annotated[str, Field(max_length=500), NOTE] = ""
    motive: Annotated[str, Field(max_length=80), BeforeValidator(_tidy), LINE] = ""
    """Why they come, in the words of who asks, when no motive of the list says it."""

    @model_serializer(mode="wrap")
    def _serialise(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Nothing of an address where nobody travels, nor of a motive that is in the list."""
        values: dict[str, Any] = dump(self)
        return {name: value for name, value in values.items() if value or name not in ("address", "motive")}

    def refuse_national_numbers(self) -> None:
        """Raise `PatientNumberRefused` when a field holds a NIR or an INS; the answer does not repeat it."""
        for field in ("name", "phone", "address", "note", "motive"):
            refuse_nir(f"patient.{field}", getattr(self, field))

    def refuse_unborn(self, now: datetime) -> None:
        """Raise `Invalid` when the date of birth is to come, wherever on earth it is read."""
        latest = (now + _FIRST_TO_HAVE_A_DAY).date().isoformat()
        if self.birth_date and self.birth_date > latest[: len(self.birth_date)]:
            raise Invalid("La date de naissance est dans l'avenir.", field="patient.birth_date", rule="past")


def initials_of(name: str) -> str:
    """« M. D. » of « Modèle Désirée »; a part joined by a hyphen counts as one."""
    return " ".join(f"{part[0].upper()}." for part in name.split())


def age_of(birth_date: str | None, now: datetime) -> int | None:
    """How old somebody is, in whole years; None unless the whole date is known."""
    if birth_date is None or len(birth_date) < len("1951-07-14"):
        return None
    born, today = date.fromisoformat(birth_date), now.date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def show_patient(patient: Mapping[str, Any]) -> dict[str, Any]:
    """The patient as a page shows them: `call` is where a press on the number leads."""
    call = link(str(patient.get("phone", "")))
    return {**patient, **({"call": call} if call else {})}
