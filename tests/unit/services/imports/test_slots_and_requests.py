"""Slots and requests from a spreadsheet."""

import io
from datetime import UTC, datetime, timedelta

import pytest

from services.files.requests import RequestLine, read_requests
from services.files.slots import SlotLine, read_slots
from services.files.table import BadRow

TWO_PM = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
ASKED = "reference;cpts;commune;avant;urgence;des;profession;transport;motif;note\n"


def slots(text: str) -> list[SlotLine | BadRow]:
    return list(read_slots(io.BytesIO(text.encode())))


def requests(text: str) -> list[RequestLine | BadRow]:
    return list(read_requests(io.BytesIO(text.encode())))


def bad_columns(rows: list[SlotLine | BadRow] | list[RequestLine | BadRow]) -> list[tuple[int, str]]:
    return [(row.line, row.column) for row in rows if isinstance(row, BadRow)]


def test_three_slots_of_fifteen_minutes_take_one_line() -> None:
    found = slots("rpps;debut;nombre;duree_min\n10000000001;23/11/2026 14:00;3;15\n")
    starts = [row.starts_at for row in found if isinstance(row, SlotLine)]
    assert starts == [TWO_PM, TWO_PM + timedelta(minutes=15), TWO_PM + timedelta(minutes=30)]


def test_a_short_line_gets_the_usual_values() -> None:
    [slot] = slots("rpps,debut\n810000000001,2026-11-23T14:00\n")
    assert isinstance(slot, SlotLine)
    assert (slot.rpps, slot.ends_at - slot.starts_at) == ("10000000001", timedelta(minutes=15))
    assert (slot.capacity, slot.modes, slot.types, slot.with_appointment, slot.give_back_min) == (
        1,
        ("AMB",),
        ("CPTS",),
        True,
        15,
    )


def test_lists_and_french_words_become_codes() -> None:
    [slot] = slots(
        "RPPS;Début;Fin;Modes;Types\n10000000001;23/11/2026 14:00;23/11/2026 14:20;cabinet, téléconsultation;SNP|CPTS\n"
    )
    assert isinstance(slot, SlotLine)
    assert (slot.modes, slot.types) == (("AMB", "VR"), ("CPTS", "SNP"))


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("123;23/11/2026 14:00;;;;;", "rpps"),
        ("10000000001;lundi;;;;;", "debut"),
        ("10000000001;23/11/2026 14:00;23/11/2026 13:00;;;;", "fin"),
        ("10000000001;23/11/2026 14:00;23/11/2026 15:00;15;;;", "fin"),
        ("10000000001;23/11/2026 14:00;;600;;;", "duree_min"),
        ("10000000001;23/11/2026 14:00;;;18;12;", "age_max"),
        ("10000000001;23/11/2026 14:00;;;;;fusée", "modes"),
    ],
)
def test_a_slot_that_cannot_be_names_the_column_to_change(line: str, column: str) -> None:
    found = slots(f"rpps;debut;fin;duree_min;age_min;age_max;modes\n{line}\n")
    assert bad_columns(found) == [(2, column)]


def test_a_request_needs_a_reference_a_place_an_urgency_and_a_motive() -> None:
    [request] = requests(ASKED + "D-1;130000001;13214;23/11/2026 18:00;P2;;10, 60;non;skin;\n")
    assert isinstance(request, RequestLine)
    assert (request.reference, request.urgency, request.professions, request.on_foot) == ("D-1", 2, ("10", "60"), True)
    assert (request.max_travel_minutes, request.source, request.age, request.earliest_at) == (30, "other", None, None)


def test_every_column_that_does_not_fit_is_reported_at_once() -> None:
    found = requests(ASKED + ";13;marseille;demain;P9;;;;eczema aigu;\n")
    assert [column for _, column in bad_columns(found)] == ["reference", "avant", "cpts", "commune", "urgence", "motif"]


def test_a_reference_used_twice_is_refused_the_second_time() -> None:
    line = "D-1;130000001;13214;23/11/2026 18:00;P2;;;;skin;\n"
    first, second = requests(ASKED + line + line)
    assert isinstance(first, RequestLine)
    assert isinstance(second, BadRow)
    assert (second.line, second.column) == (3, "reference")


@pytest.mark.parametrize("number", ["260058815400233", "2 60 05 88 154 002 33", "2.60.05.88.154.002.33"])
@pytest.mark.parametrize("column", ["reference", "note"])
def test_a_line_that_holds_a_social_security_number_is_refused_and_never_shown(number: str, column: str) -> None:
    values = {"reference": "D-1", "note": ""} | {column: f"dossier {number}"}
    found = requests(ASKED + f"{values['reference']};130000001;13214;23/11/2026 18:00;P2;;;;skin;{values['note']}\n")
    [bad] = found
    assert isinstance(bad, BadRow)
    assert "sécurité sociale" in bad.change
    assert number not in bad.value


def test_a_line_that_cannot_be_read_shows_nothing_of_what_it_holds() -> None:
    [bad] = requests(ASKED + '"D-1;260058815400233\n')
    assert isinstance(bad, BadRow)
    assert bad.value == ""


def test_a_request_must_end_after_it_starts() -> None:
    found = requests(ASKED + "D-1;130000001;13214;23/11/2026 14:00;P2;23/11/2026 15:00;;;skin;\n")
    assert bad_columns(found) == [(2, "avant")]
