"""What a practitioner needs to know of who is coming: minimal, never a national number."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.nir import PatientNumberRefused, refuse_nir


def _no_nir(text: str) -> str:
    try:
        refuse_nir("patient", text)
    except PatientNumberRefused as refused:
        raise ValueError(refused.detail) from None
    return text


FreeText = Annotated[str, Field(max_length=300), AfterValidator(_no_nir)]


class Patient(BaseModel):
    """Who is coming. Held encrypted, shown to the roles involved, each reading logged, erased on schedule."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    last_name: FreeText = ""
    first_name: FreeText = ""
    phone: FreeText = ""
    birth_date: date | None = None
    motive: FreeText = ""
