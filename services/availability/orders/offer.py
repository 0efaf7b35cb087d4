"""What every order has in common, and whom a slot is for."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Finess = Annotated[str, Field(pattern=r"^[0-9AB]{9}$")]
Rpps = Annotated[str, Field(pattern=r"^[0-9]{11}$")]
Insee = Annotated[str, Field(pattern=r"^[0-9][0-9AB][0-9]{3}$")]
Code = Annotated[str, Field(min_length=1, max_length=40)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Age = Annotated[int, Field(ge=0, le=130)]
Mode = Literal["AMB", "HH", "VR"]
SlotType = Literal["PUBLIC", "PRO", "SNP", "CPTS"]
Booked = Literal["keep", "cancel"]
Minutes = Annotated[int, Field(ge=5, le=720)]
Notice = Annotated[int, Field(ge=0, le=10080)]
AccessNote = Annotated[str, Field(max_length=200)]
Reason = Annotated[str, Field(min_length=1, max_length=200)]


class Order(BaseModel):
    """Something asked; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    modes: list[Mode] = Field(default=["AMB"], min_length=1)
    types: list[SlotType] = Field(default=["CPTS"], min_length=1)
    audience: list[Finess] = []
    acts: list[Code] = []
    appointment: Literal["ROUTINE", "WALKIN"] = "ROUTINE"
    give_back_minutes: Notice | None = None
