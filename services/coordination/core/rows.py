"""Rows of dated data, read value by value: what does not fit is remembered as a broken rule, never guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from services.coordination.core.broken import Broken

Kind = TypeVar("Kind", bound=StrEnum)
VERIFIED = "verified"
"""How a row that was read at its source says that it is in force."""


class RowStatus(StrEnum):
    """How sure a dated row is; what is not in force carries a badge on screen."""

    IN_FORCE = "in_force"
    NEGOTIATED = "negotiated"
    EXAMPLE = "example"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Validity:
    """When a row holds (both days included; None: without end on that side), who says so, and how sure it is."""

    status: RowStatus
    source: str
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the row holds that day."""
        return (self.valid_from or day) <= day <= (self.valid_to or day)

    def meets(self, other: "Validity") -> bool:
        """Whether both hold on some day."""
        starts = max(self.valid_from or date.min, other.valid_from or date.min)
        return starts <= min(self.valid_to or date.max, other.valid_to or date.max)


@dataclass(slots=True)
class DataRow:
    """One row being read. `path`: where it stands in what was given."""

    path: str
    values: Mapping[str, Any]
    broken: list[Broken] = field(default_factory=list)

    def wrong(self, name: str, rule: str, **values: object) -> None:
        """Note that a value breaks a rule."""
        self.broken.append(Broken(f"{self.path}.{name}", rule, values))

    def number(self, name: str, *, needed: bool = True) -> Decimal | None:
        """A number, exactly as it is written."""
        value = self.values.get(name)
        if value is None and not needed:
            return None
        found = read_decimal(value)
        if found is None:
            self.wrong(name, "not_a_number", found=value)
        return found

    def whole(self, name: str, *, needed: bool = True) -> int | None:
        """A whole number of at least 0."""
        found = self.number(name, needed=needed)
        if found is not None and (found < 0 or found % 1):
            self.wrong(name, "not_whole", found=found)
            return None
        return None if found is None else int(found)

    def cents(self, name: str) -> int:
        """An amount written in euros."""
        found = self.number(name)
        if found is not None and (found < 0 or found.scaleb(2) % 1):
            self.wrong(name, "not_an_amount", found=found)
        return int((found or Decimal()).scaleb(2))

    def text(self, name: str) -> str:
        """A text that must be there."""
        value = self.values.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.wrong(name, "missing")
        return ""

    def choose(self, name: str, kind: type[Kind], default: Kind) -> Kind:
        """One of the codes of a kind; `default` when it is another, which is noted."""
        value = self.values.get(name)
        if value in {each.value for each in kind}:
            return kind(value)
        self.wrong(name, "not_one_of", found=value, expected=", ".join(kind))
        return default

    def day(self, name: str) -> date | None:
        """A day, or none when nothing is written."""
        value = self.values.get(name)
        try:
            return date.fromisoformat(value) if value is not None else None
        except (TypeError, ValueError):
            self.wrong(name, "not_a_day", found=value)
            return None

    def validity(self) -> Validity:
        """When the row holds, its source and its status: unverified when it says neither."""
        status, source = self.values.get("status"), str(self.values.get("source") or "").strip()
        sure = RowStatus.IN_FORCE if status == VERIFIED else RowStatus.UNVERIFIED
        if status not in (None, VERIFIED):
            sure = self.choose("status", RowStatus, RowStatus.UNVERIFIED)
        if sure in (RowStatus.IN_FORCE, RowStatus.NEGOTIATED) and not source:
            self.wrong("source", "source_missing")
        held = Validity(sure, source, self.day("valid_from"), self.day("valid_to"))
        if held.valid_from and held.valid_to and held.valid_to < held.valid_from:
            self.wrong("valid_to", "validity_reversed", since=held.valid_from, until=held.valid_to)
        return held


def read_decimal(value: object) -> Decimal | None:
    """A number of JSON as it is written; None for anything else, infinities included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < len("999 999 999 999") else None
