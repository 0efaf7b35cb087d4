"""What a practitioner needs to know of who is coming: minimal, never a national number."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from shared.patients.nir import refuse_nir


class Patient(BaseModel):
    """Who is coming. Held encrypted, shown to the roles involved, each reading logged, erased on schedule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="", max_length=120)
    phone: str = Field(default="", max_length=30, pattern=r"^[0-9+ ().-]*$")
    birth_date: date | None = None
    note: str = Field(default="", max_length=500)

    def refuse_national_numbers(self) -> None:
        """Raise `PatientNumberRefused` when a field holds a NIR or an INS; the answer does not repeat it."""
        for field in ("name", "phone", "note"):
            refuse_nir(f"patient.{field}", getattr(self, field))
