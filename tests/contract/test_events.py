"""Every version of an event ever published still means what it meant: fields are only ever added.

`events/COLLECTION.vN.json` holds a value as it was published, with all its fields, and never changes. A field that is
added gets a default; one that must change its meaning is a new version, with a file of its own.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.coordination.core.facts import keep_event
from services.coordination.core.year import SubjectFacts, read_happened
from shared.contracts import CptsView, PlaceView, PractitionerView, RequestView, SlotView
from shared.contracts.events import Contract, Event, apply
from shared.contracts.overbooking import OverbookingAskView
from shared.contracts.register import AttachmentView

VALUES: dict[str, type[Contract]] = {
    "slots": SlotView,
    "practitioners": PractitionerView,
    "places": PlaceView,
    "cpts": CptsView,
    "requests": RequestView,
    "attachments": AttachmentView,
    "overbooking_asks": OverbookingAskView,
}
LONG_AGO, FAR_AHEAD = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
GOLDEN = sorted((Path(__file__).parent / "events").glob("*.json"))


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_every_collection_has_its_published_values() -> None:
    assert {read(path)["collection"] for path in GOLDEN} == set(VALUES)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_value_once_published_is_still_read_as_it_was_written(path: Path) -> None:
    golden = read(path)
    value = VALUES[golden["collection"]].model_validate(golden["value"])
    again = json.loads(value.model_dump_json(include=set(golden["value"])))
    assert again == golden["value"]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_an_event_that_carries_it_is_applied_by_who_follows(path: Path) -> None:
    golden = read(path)
    said = {"type": "x.v1", "at": "2026-11-24T08:00:00Z", "collection": golden["collection"], "id": "1"}
    event = Event.model_validate({**said, "value": golden["value"]})
    state: dict[str, dict[str, Any]] = {}
    apply(state, event.model_dump(mode="json"))
    assert state == {golden["collection"]: {"1": golden["value"]}}


@pytest.mark.parametrize("model", VALUES.values(), ids=lambda model: model.__name__)
def test_a_field_that_came_later_has_a_default(model: type[Contract]) -> None:
    """A value written before it existed must still be read."""
    collection = next(name for name, each in VALUES.items() if each is model)
    first = read(Path(__file__).parent / "events" / f"{collection}.v1.json")["value"]
    assert not [name for name, field in model.model_fields.items() if name not in first and field.is_required()]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_fact_is_kept_and_read_of_a_value_as_it_was_first_published(path: Path) -> None:
    """What logs held before an update, without the fields that came later, counts in figures all the same."""
    golden = read(path)
    said = {"seq": 1, "type": "x.v1", "at": "2026-11-24T08:00:00Z", "collection": golden["collection"], "id": "1"}
    fact = keep_event({**said, "value": golden["value"]})
    if fact is not None:
        told = SubjectFacts(fact.collection, fact.subject, fact.body, {})
        assert read_happened([told]).between(LONG_AGO, FAR_AHEAD) is not None
