"""What is kept of an event: what a figure needs, and nothing else; no person, no account, no free text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KEPT: Mapping[str, tuple[str, ...]] = {
    "requests": (
        "state", "urgency", "insee", "act", "source", "submitted_at", "deadline_at", "practitioner_id", "starts_at",
        "mode", "reason",
    ),
    "attachments": ("state", "insee", "priority_class", "source", "registered_at", "practitioner_id", "reason"),
    "slots": (
        "practitioner_id", "place_id", "starts_at", "ends_at", "capacity", "taken", "overbooked", "modes", "types",
        "status", "origin",
    ),
    "practitioners": ("profession", "paused", "joined_at"),
    "places": ("insee",),
    "cpts": ("name", "size", "communes"),
}  # fmt: skip
"""Of each collection of the live streams, the fields that are kept. A reason is a code, never a person's sentence."""
CODES = frozenset("abcdefghijklmnopqrstuvwxyz_0123456789")
LONGEST_CODE = 40


@dataclass(frozen=True, slots=True)
class KeptFact:
    """One thing that one stream told: where it stands there (`seq`), when it was, of which subject, and what."""

    seq: int
    at: str
    type: str
    collection: str
    subject: str
    body: Mapping[str, Any]


def keep_event(event: Mapping[str, Any]) -> KeptFact | None:
    """What is kept of an event; None when no figure needs it. What is gone was told before: its facts stay."""
    if event["value"] is None or event["collection"] not in KEPT:
        return None
    body = keep_value(event["collection"], event["value"])
    return KeptFact(event["seq"], event["at"], event["type"], event["collection"], event["id"], body)


def keep_state(state: Mapping[str, Mapping[str, Any]], seq: int, at: datetime) -> list[KeptFact]:
    """What a whole state says, as facts of the instant it was read: when each came to be is not known."""
    return [
        KeptFact(seq, at.isoformat(), "seen.v1", collection, subject, keep_value(collection, value))
        for collection in KEPT
        for subject, value in state.get(collection, {}).items()
    ]


def keep_value(collection: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a value that are kept; words that a person may have typed are left out."""
    kept = {name: value[name] for name in KEPT[collection] if name in value}
    if "reason" in kept and not is_code(str(kept["reason"])):
        kept["reason"] = ""
    return kept


def is_code(text: str) -> bool:
    """Whether a text is a code of ours."""
    return len(text) <= LONGEST_CODE and set(text) <= CODES
