"""What every order has in common, and whom a slot is for."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.outside.asked import LINE, Insee, Order
from shared.typed.phones import LONGEST, read_phone

Finess = Annotated[str, Field(pattern=r"^[0-9AB]{9}$")]
Rpps = Annotated[str, Field(pattern=r"^[0-9]{11}$")]
Code = Annotated[str, Field(min_length=1, max_length=40), LINE]
Name = Annotated[str, Field(min_length=1, max_length=120), LINE]
Age = Annotated[int, Field(ge=0, le=130)]
Mode = Literal["AMB", "HH", "VR"]
SlotType = Literal["PUBLIC", "PRO", "SNP", "CPTS"]
Booked = Literal["keep", "cancel"]
Minutes = Annotated[int, Field(ge=5, le=720)]
Notice = Annotated[int, Field(ge=0, le=10080)]
AccessNote = Annotated[str, Field(max_length=200), LINE]
Reason = Annotated[str, Field(min_length=1, max_length=200), LINE]
Phone = Annotated[str, Field(max_length=LONGEST), BeforeValidator(read_phone), LINE]
PhoneAsWritten = Annotated[str, Field(max_length=LONGEST), LINE]
"""As a file or a directory has it: whoever dials reads it again."""
Audience = Annotated[list[Finess], Field(max_length=50)]
Acts = Annotated[list[Code], Field(max_length=50)]
Modes = Annotated[list[Mode], Field(min_length=1, max_length=3)]
SlotTypes = Annotated[list[SlotType], Field(min_length=1, max_length=4)]
Communes = Annotated[list[Insee], Field(max_length=1000)]


class Ages(Order):
    """From which age to which age, in years, both included."""

    min_age: Age = 0
    max_age: Age = 130

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """The youngest comes first."""
        if self.min_age > self.max_age:
            raise PydanticCustomError("ages_in_order", "min_age must not exceed max_age")
        return self


class Offer(Ages):
    """Whom a slot is for. `audience`: CPTS it is shown to besides its own; `acts` empty: all of the profession."""

    practitioner_id: UUID
    place_id: UUID
    minutes: Minutes = 15
    capacity: int = Field(default=1, ge=1, le=50)
    modes: Modes = ["AMB"]
    types: SlotTypes = ["CPTS"]
    audience: Audience = []
    acts: Acts = []
    appointment: Literal["ROUTINE", "WALKIN"] = "ROUTINE"
    give_back_minutes: Notice | None = None
