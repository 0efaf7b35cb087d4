"""What a practitioner needs to know of who is coming: minimal, never a national number."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from shared.nir import refuse_nir


class Patient(BaseModel):
    """Who is coming. Held encrypted, shown to the roles involved, each reading logged, erased on schedule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    last_name: str = Field(default="", max_length=80)
    first_name: str = Field(default="", max_length=80)
    phone: str = Field(default="", max_length=30)
    birth_date: date | None = None
    motive: str = Field(default="", max_length=300)

    def refuse_national_numbers(self) -> None:
        """Raise `PatientNumberRefused` when a field holds a NIR or an INS; the answer does not repeat it."""
        for field in ("last_name", "first_name", "phone", "motive"):
            refuse_nir(f"patient.{field}", getattr(self, field))
