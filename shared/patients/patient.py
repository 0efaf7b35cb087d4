"""What a practitioner needs to know of who is coming: minimal, never a national number."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from shared.outside.asked import LINE, NOTE, BirthDate
from shared.outside.nir import refuse_nir


class Patient(BaseModel):
    """Who is coming. Held encrypted, shown to the roles involved, each reading logged, erased on schedule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(max_length=120), LINE] = ""
    phone: Annotated[str, Field(max_length=30, pattern=r"^[0-9+ ().-]*$"), LINE] = ""
    address: Annotated[str, Field(max_length=200), LINE] = ""
    """Where a practitioner who travels finds them."""
    birth_date: BirthDate | None = None
    note: Annotated[str, Field(max_length=500), NOTE] = ""

    @model_serializer(mode="wrap")
    def _said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Nothing of an address where nobody travels."""
        values: dict[str, Any] = dump(self)
        return values if self.address else {name: value for name, value in values.items() if name != "address"}

    def refuse_national_numbers(self) -> None:
        """Raise `PatientNumberRefused` when a field holds a NIR or an INS; the answer does not repeat it."""
        for field in ("name", "phone", "address", "note"):
            refuse_nir(f"patient.{field}", getattr(self, field))
