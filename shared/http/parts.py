"""What the handlers of an application work with: one value of each class, put together where the application is built.

Nothing else is kept on an application: `app.state` is read and written here only.
"""

from types import MappingProxyType
from typing import TypeVar, cast

from fastapi import FastAPI
from starlette.requests import HTTPConnection

Part = TypeVar("Part")


class Parts:
    """One value of each class, found by its class; never changed."""

    __slots__ = ("_by_class",)

    def __init__(self, *values: object) -> None:
        """These values; raises `ValueError` when two are of one class."""
        by_class = {type(value): value for value in values}
        if len(by_class) < len(values):
            raise ValueError("two parts of one class")
        self._by_class = MappingProxyType(by_class)

    def __getitem__(self, kind: type[Part]) -> Part:
        """The value of this class; raises `KeyError` when there is none."""
        return cast(Part, self._by_class[kind])

    @property
    def classes(self) -> frozenset[type]:
        """The classes that are there."""
        return frozenset(self._by_class)

    def replace(self, *values: object) -> "Parts":
        """The same, with these values in the place of those of their classes."""
        replaced = {type(value) for value in values}
        return Parts(*(value for kind, value in self._by_class.items() if kind not in replaced), *values)


def give_parts(app: FastAPI, *values: object) -> None:
    """Let the handlers of `app` work with these values; those of other classes that were given before stay."""
    app.state.parts = read_parts(app).replace(*values) if hasattr(app.state, "parts") else Parts(*values)


def read_parts(app: FastAPI) -> Parts:
    """What the handlers of `app` work with."""
    return cast(Parts, app.state.parts)


def find_part(connection: HTTPConnection, kind: type[Part]) -> Part:
    """The value of this class, for the handler of this request or socket."""
    return read_parts(connection.app)[kind]
