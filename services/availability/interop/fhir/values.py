"""What the FHIR edge reads from the base: plain frozen values, unprefixed identifiers, aware instants.

A schedule and a slot are compared by identity: what is written about them is remembered by them.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PractitionerValue:
    """Who gives the care. `rpps`: 11 digits; an unknown phone is empty."""

    id: str
    rpps: str
    family: str = ""
    given: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class PlaceValue:
    """Where. Unknown identifiers are empty; `rpps_rank`: the 14 digits of a practice known by its owner's RPPS."""

    id: str
    line: str
    postal_code: str
    city: str
    phone: str = ""
    finess: str = ""
    siret: str = ""
    rpps_rank: str = ""
    name: str = ""
    insee: str = ""


@dataclass(frozen=True, slots=True)
class CptsValue:
    """A CPTS as the SAS knows it. `finess`: 9 characters."""

    id: str
    finess: str
    name: str
    phone: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ScheduleValue:
    """One practitioner at one place."""

    id: str
    practitioner: PractitionerValue
    place: PlaceValue


@dataclass(frozen=True, slots=True, eq=False)
class SlotValue:
    """A free slot. `types` and `modes` are the SAS's codes; `cpts`: those it is shown to when it has the type CPTS."""

    id: str
    schedule: ScheduleValue
    starts_at: datetime
    ends_at: datetime
    types: tuple[str, ...]
    modes: tuple[str, ...]
    agenda_url: str
    appointment: str = "ROUTINE"
    specialty: str = ""
    reasons: tuple[str, ...] = ()
    cpts: tuple[CptsValue, ...] = ()
