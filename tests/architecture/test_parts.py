"""What handlers work with: asked for by class only, and given to every application that has the handler."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from services.installation import together
from shared.http.parts import Parts, give_parts, read_parts
from tests.architecture.rooms import modules
from tests.conftest import settings_for

UNTYPED = re.compile(r"\b(app|pages|fhir|psc|service)\.state\b")
HANDLERS = {
    "/matching": ("services.matching.", "services.matching.web."),
    "/availability": ("services.availability.", "services.availability.web.", "services.availability.interop.sas."),
    "/availability/fhir": ("services.availability.interop.sas.",),
    "/psc": ("services.people.psc.",),
    "": ("shared.web.", "shared.web.metrics."),
}
"""Where each application's handlers stand, and which of those there are another's."""
PAGES = ("services.matching.web.", "services.availability.web.", "services.people.notices.", "services.people.access")
EVERYWHERE = ("shared.http.",)


def applications(app: FastAPI, at: str = "") -> Iterator[tuple[str, FastAPI]]:
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            yield at + route.path, route.app
            yield from applications(route.app, at + route.path)


def asked(path: Path) -> set[str]:
    """The classes that the handlers of a module ask for."""
    return {
        ast.unparse(node.args[-1])
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"find_part", "find"}
    }


def stand(name: str, rooms: tuple[str, ...], others: tuple[str, ...] = ()) -> bool:
    return f"{name}.".startswith(rooms) and not f"{name}.".startswith(others or ("-",))


def test_nothing_else_is_kept_on_an_application() -> None:
    crossing = [name for name, path in modules().items() if UNTYPED.search(path.read_text("utf-8"))]
    assert crossing == ["shared.http.parts"]


def test_every_part_that_handlers_ask_for_is_given() -> None:
    apps = dict(
        applications(together.build(settings_for("postgresql+asyncpg://nobody@127.0.0.1/x", "redis://127.0.0.1")))
    )
    assert set(apps) >= set(HANDLERS)
    missing = {}
    for at, (room, *others) in HANDLERS.items():
        rooms = (room, *EVERYWHERE, *(PAGES if not at else ()))
        wanted = {
            kind for name, path in modules().items() if stand(name, rooms, tuple(others)) for kind in asked(path)
        } - {"kind"}
        assert wanted
        if lost := wanted - {kind.__name__ for kind in read_parts(apps[at]).classes}:
            missing[at] = lost
    assert missing == {}


def test_a_part_is_found_by_its_class_and_replaced_by_another_of_it() -> None:
    app = FastAPI()
    give_parts(app, 1, "one")
    before = read_parts(app)
    give_parts(app, 2)
    assert (read_parts(app)[int], read_parts(app)[str], before[int]) == (2, "one", 1)
    with pytest.raises(KeyError):
        read_parts(app)[float]
    with pytest.raises(ValueError, match="two parts"):
        Parts(1, 2)
