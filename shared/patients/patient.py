"""What a practitioner needs to know of who is coming: minimal, never a national number."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.outside.asked import LINE, NOTE, BirthDate
from shared.outside.nir import refuse_nir


class Patient(BaseModel):
    """Who is coming. Held encrypted, shown to the roles involved, each reading logged, erased on schedule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(max_length=120), LINE] = ""
    phone: Annotated[str, Field(max_length=30, pattern=r"^[0-9+ ().-]*$"), LINE] = ""
    birth_date: BirthDate | None = None
    note: Annotated[str, Field(max_length=500), NOTE] = ""

    def refuse_national_numbers(self) -> None:
        """Raise `PatientNumberRefused` when a field holds a NIR or an INS; the answer does not repeat it."""
        for field in ("name", "phone", "note"):
            refuse_nir(f"patient.{field}", getattr(self, field))
