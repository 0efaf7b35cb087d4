"""The contract of the live streams: one envelope, and one value per kind of thing.

An event names a fact (`slot_held.v1`) and carries the whole public state of what changed, so that applying it is
"replace, or remove". Fields are only ever added; a changed meaning is a new version. Nothing here names a person:
ids, times, counts, codes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

State = dict[str, dict[str, Any]]
"""Collections of values by id: what a snapshot holds and what events change."""


class Contract(BaseModel):
    """Writers forbid what they do not know; readers (`read`) ignore it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Event(Contract):
    """One fact: `value` is the new state of `collection`/`id`, or None when it is gone."""

    type: str
    at: datetime
    collection: str
    id: str
    value: dict[str, Any] | None
    detail: dict[str, str | int | bool | None] = {}


def apply(state: State, event: Mapping[str, Any]) -> None:
    """Change `state` as the event says. Applying it twice is applying it once."""
    items = state.setdefault(event["collection"], {})
    if event["value"] is None:
        items.pop(event["id"], None)
    else:
        items[event["id"]] = event["value"]
