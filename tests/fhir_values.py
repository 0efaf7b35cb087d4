"""Builders of FHIR values for tests."""

from datetime import UTC, datetime, timedelta

from services.availability.interop.fhir.values import CptsValue, PlaceValue, PractitionerValue, ScheduleValue, SlotValue

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NORTH = CptsValue(id="990000011", finess="990000011", name="CPTS Fictive Nord", phone="0102030405")
SOUTH = CptsValue(id="990000029", finess="990000029", name="CPTS Fictive Sud")


def schedule(number: int = 1, place: int = 1, **changes: str) -> ScheduleValue:
    """An agenda of an invented practitioner at an invented place."""
    practitioner = PractitionerValue(
        id=f"practitioner-{number}", rpps=f"1000000{number:04}", family="Essai", given=f"Prénom{number}", phone=""
    )
    fields = {
        "line": f"{place} rue de l'Essai",
        "postal_code": "31000",
        "city": "Toulouse",
        "phone": "05 61 00 00 00",
        "finess": f"99{place:07}",
        **changes,
    }
    return ScheduleValue(f"schedule-{number}-{place}", practitioner, PlaceValue(id=f"place-{place}", **fields))


def slot(
    number: int = 1,
    *,
    of: ScheduleValue | None = None,
    types: tuple[str, ...] = ("PUBLIC",),
    modes: tuple[str, ...] = ("AMB",),
    cpts: tuple[CptsValue, ...] = (),
    specialty: str = "SM54",
) -> SlotValue:
    """The `number`th slot of an agenda: 20 minutes each, from an hour after `NOW`."""
    starts_at = NOW + timedelta(hours=1, minutes=20 * number)
    return SlotValue(
        id=f"slot-{number}",
        schedule=of or schedule(),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=20),
        types=types,
        modes=modes,
        agenda_url="https://exemple.invalid/rendez-vous?praticien=10000000001",
        specialty=specialty,
        cpts=cpts,
    )
