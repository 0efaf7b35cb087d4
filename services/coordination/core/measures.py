"""The names that a formula may say: each is a count of things that happened in a period, and the list behind it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.coordination.core.year import Happened, MemberFacts

Keep = Callable[[Any], bool]
SERVED = frozenset({"confirmed", "honoured", "no_show"})
ENDED, NOT_ASKED = frozenset({"cancelled", "withdrawn"}), frozenset({"mistake", "duplicate"})
HALF_AN_HOUR, TWO_DAYS = timedelta(minutes=30), timedelta(hours=48)
GENERAL_PRACTITIONER = "10"
REMOTE = "VR"
CHRONIC = "ald"


@dataclass(frozen=True, slots=True)
class Measure:
    """One name: of which things (a field of `Happened`), which of them it keeps, and what each counts for."""

    name: str
    of: str
    keep: Keep
    counts: Callable[[Any], int] = lambda _each: 1

    def list(self, happened: Happened) -> list[Any]:
        """The things that are counted, in the order of their ids."""
        return [each for each in getattr(happened, self.of) if self.keep(each)]

    def count(self, things: Iterable[Any]) -> int:
        """How many they are."""
        return sum(self.counts(each) for each in things)


def _asked(each: Any) -> bool:
    return not (each.state in ENDED and each.reason in NOT_ASKED)


def _is(name: str, value: object) -> Keep:
    return lambda each: bool(getattr(each, name) == value)


def _served(each: Any) -> bool:
    return each.state in SERVED


def _within(start: str, end: str, length: timedelta) -> Keep:
    def keep(each: Any) -> bool:
        since, until = getattr(each, start), getattr(each, end)
        return until is not None and until - since <= length

    return keep


def _both(*conditions: Keep) -> Keep:
    return lambda each: all(condition(each) for condition in conditions)


def _requests(name: str, *conditions: Keep) -> Measure:
    return Measure(name, "requests", _both(_asked, *conditions))


def _entries(name: str, *conditions: Keep) -> Measure:
    return Measure(name, "entries", _both(_asked, *conditions))


def _slots(name: str, *conditions: Keep) -> Measure:
    return Measure(
        name, "slots", _both(lambda each: each.status != "withdrawn", *conditions), lambda each: each.capacity
    )


def _is_general(each: MemberFacts) -> bool:
    return each.profession == GENERAL_PRACTITIONER


MEASURES: Mapping[str, Measure] = {
    each.name: each
    for each in (
        _requests("requests"),
        *(_requests(f"requests_p{n}", _is("urgency", n)) for n in range(1, 5)),
        *(
            _requests(f"requests_{each}", _is("source", each))
            for each in ("sas", "pharmacy", "practice", "nurse", "ehpad")
        ),
        _requests("served", _served),
        _requests("honoured", lambda each: each.state == "honoured"),
        _requests("no_shows", lambda each: each.state == "no_show"),
        _requests("unserved", lambda each: each.state == "unserved"),
        _requests("served_sas", _served, lambda each: each.source == "sas"),
        _requests("honoured_sas", lambda each: each.source == "sas" and each.state == "honoured"),
        _requests("no_shows_sas", lambda each: each.source == "sas" and each.state == "no_show"),
        _requests("served_within_48_h", _served, _within("submitted_at", "given_at", TWO_DAYS)),
        _requests("offered_within_30_min", _within("submitted_at", "offered_at", HALF_AN_HOUR)),
        _requests("served_remotely", _served, lambda each: each.mode == REMOTE),
        _entries("entries"),
        _entries("entries_ald", lambda each: each.priority_class == CHRONIC),
        _entries("answered", lambda each: each.answered_at is not None),
        _entries("answered_within_30_days", _within("registered_at", "answered_at", timedelta(days=30))),
        _entries("answered_within_90_days", _within("registered_at", "answered_at", timedelta(days=90))),
        _entries("attached", lambda each: each.attached_at is not None),
        _entries("attached_ald", lambda each: each.attached_at is not None and each.priority_class == CHRONIC),
        _slots("places_opened"),
        _slots("places_opened_sas", lambda each: "SNP" in each.types),
        _slots("places_remote", lambda each: REMOTE in each.modes),
        Measure("places_taken", "slots", lambda each: each.taken > 0, lambda each: each.taken),
        Measure("general_practitioners", "members", _is_general),
        Measure("general_practitioners_sas", "members", lambda each: _is_general(each) and each.opened > 0),
        Measure("volunteer_general_practitioners", "members", lambda each: _is_general(each) and each.attached > 0),
        Measure("professionals", "members", lambda _each: True),
    )
}
