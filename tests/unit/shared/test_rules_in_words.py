"""What a form refuses is said in the reader's language, for every rule that our forms can break."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.routing import BaseRoute

from services.availability.orders import Ages, NewAbsence
from services.installation.together import build
from shared.wording.labels import LANGUAGES, Wording, wording
from tests.conftest import settings_for

WRONG: list[Any] = [
    None, "", True, "x", "x" * 20_000, "\ud800", -(10**12), 10**12, 1.5, float("inf"), "1.5", "9" * 5_000, "2026-02-30",
    "2026-02-03T04:05:06", "25:00", [], ["x"], [None] * 2_000, {}, {"unheard_of": 1},
]  # fmt: skip
"""Between them they break every rule that a field of ours may have."""
BETWEEN: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (NewAbsence, {"starts_at": "2026-11-24T09:00:00Z", "ends_at": "2026-11-24T08:00:00Z"}),
    (Ages, {"min_age": 9, "max_age": 3}),
]
"""What two fields say of each other."""
BY_FASTAPI = {"json_invalid": {"line": 2, "column": 12}}
"""Raised before a field is looked at, and said with its place."""


def every_route(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        inside = getattr(route, "original_router", None) or getattr(route, "app", None)
        yield from every_route(getattr(inside, "routes", []))


def fields_of(dependant: Dependant) -> Iterator[Any]:
    yield from (*dependant.body_params, *dependant.query_params, *dependant.path_params, *dependant.header_params)
    for each in dependant.dependencies:
        yield from fields_of(each)


def forms_in(annotation: Any, known: set[type[BaseModel]]) -> None:
    """Collect a form and the forms inside it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in known:
        known.add(annotation)
        for field in annotation.model_fields.values():
            forms_in(field.annotation, known)
    for part in get_args(annotation):
        forms_in(part, known)


def faults(form: type[BaseModel], value: Any) -> list[ErrorDetails]:
    try:
        form.model_validate(value)
    except ValidationError as error:
        return error.errors()
    return []


@pytest.fixture(scope="module")
def broken() -> dict[str, dict[str, Any]]:
    """Every rule that something wrong breaks somewhere in our two services, with the values of one case."""
    app = build(settings_for("postgresql+asyncpg://nobody@nowhere/nothing", "redis://nowhere"))
    found: dict[str, dict[str, Any]] = dict(BY_FASTAPI)
    forms: set[type[BaseModel]] = set()
    for route in every_route(app.routes):
        for field in fields_of(route.dependant):
            forms_in(field.field_info.annotation, forms)
            several = (field.validate(value, {}, loc=())[1] for value in WRONG)
            found |= {fault["type"]: fault.get("ctx", {}) for some in several for fault in some}
    for form, values in BETWEEN:
        found |= {fault["type"]: fault.get("ctx", {}) for fault in faults(form, values)}
    for form in forms:
        for name in form.model_fields:
            several = (faults(form, {name: value}) for value in WRONG)
            found |= {fault["type"]: fault.get("ctx", {}) for some in several for fault in some}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_that_a_form_can_break_is_said_and_no_other(
    broken: dict[str, dict[str, Any]], language: str
) -> None:
    words = wording(language)
    written = {key.split(".")[1] for key in words.texts if key.startswith("rule.")}
    assert written - {"fix", "broken", "or", "other"} == broken.keys()
    for kind, values in broken.items():
        said = words.rule(kind, values)
        assert said
        assert "{" not in said.replace(str(values.get("pattern", "")), "")


def french() -> Wording:
    return wording("fr")


def test_bounds_and_choices_are_said_with_their_values() -> None:
    assert french().rule("less_than_equal", {"le": 4}) == "au plus 4"
    assert french().rule("literal_error", {"expected": "'keep' or 'cancel'"}).endswith("'keep' ou 'cancel'")


def test_lengths_are_counted_as_one_says_them() -> None:
    assert french().rule("string_too_short", {"min_length": 1}) == "au moins 1 caractère"
    assert french().rule("string_too_long", {"max_length": 40}) == "au plus 40 caractères"
    assert wording("en").rule("too_short", {"min_length": 1}) == "at least 1 item"


def test_a_field_is_called_as_the_screen_calls_it_wherever_it_stands_in_a_form() -> None:
    assert french().field("age") == "Âge"
    assert french().field("classes.0.min_age") == "Âge au moins"
    assert french().field("weights.detour") == "Détour par la route"
    assert french().field("Idempotency-Key") == "Idempotency-Key"


def test_a_rule_that_nobody_foresaw_is_still_said_in_words() -> None:
    assert french().rule("url_scheme", {"expected_schemes": "https"}) == "cette valeur ne convient pas"
