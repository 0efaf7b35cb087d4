"""What happened in a CPTS, read from its facts: requests, entries of the register, slots, professionals."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

OFFERED = frozenset({"proposed", "held", "confirmed"})
CONFIRMED = "confirmed"
FOR_SAS, WITHDRAWN = "SNP", "withdrawn"
ANSWERED = frozenset({"proposed", "accepted_by_practitioner", "accepted", "confirmed", "refused_by_patient"})
"""States of an entry of the register in which somebody was found for it."""


class SubjectFacts(NamedTuple):
    """All that was told of one subject: its last word, and when each of its states was told first."""

    collection: str
    subject: str
    last: Mapping[str, Any]
    firsts: Mapping[str, datetime]


class RequestFacts(NamedTuple):
    """A request: when it was made, first offered a place, first confirmed, and where it stands."""

    id: str
    submitted_at: datetime
    urgency: int
    insee: str
    act: str
    source: str
    state: str
    reason: str
    practitioner_id: str
    mode: str
    offered_at: datetime | None
    given_at: datetime | None


class EntryFacts(NamedTuple):
    """Somebody who looks for a médecin traitant: when they came, first had an answer, were attached."""

    id: str
    registered_at: datetime
    insee: str
    priority_class: str
    source: str
    state: str
    reason: str
    practitioner_id: str
    answered_at: datetime | None
    attached_at: datetime | None


class SlotFacts(NamedTuple):
    """A slot as it last was: of whom, where, when, how many places and how many taken."""

    id: str
    starts_at: datetime
    insee: str
    practitioner_id: str
    capacity: int
    taken: int
    modes: frozenset[str]
    types: frozenset[str]
    status: str


class MemberFacts(NamedTuple):
    """A professional of the CPTS, with the slots for the SAS they opened in the period and the patients they took."""

    id: str
    profession: str
    joined_at: datetime
    insee: str = ""
    opened: int = 0
    attached: int = 0


@dataclass(frozen=True, slots=True)
class Happened:
    """All of it. Requests and entries by when they came, slots by when they begin."""

    requests: tuple[RequestFacts, ...] = ()
    entries: tuple[EntryFacts, ...] = ()
    slots: tuple[SlotFacts, ...] = ()
    members: tuple[MemberFacts, ...] = ()

    def between(self, since: datetime, until: datetime) -> "Happened":
        """What belongs to a period (`until` is not in it); professionals who had joined by its end."""
        slots = tuple(each for each in self.slots if since <= each.starts_at < until)
        where = {each.practitioner_id: each.insee for each in slots}
        opened = Counter(each.practitioner_id for each in slots if FOR_SAS in each.types and each.status != WITHDRAWN)
        attached = Counter(
            each.practitioner_id for each in self.entries if each.attached_at and since <= each.attached_at < until
        )
        return Happened(
            tuple(each for each in self.requests if since <= each.submitted_at < until),
            tuple(each for each in self.entries if since <= each.registered_at < until),
            slots,
            tuple(
                each._replace(opened=opened[each.id], attached=attached[each.id], insee=where.get(each.id, ""))
                for each in self.members
                if each.joined_at < until
            ),
        )


def read_happened(told: Iterable[SubjectFacts]) -> Happened:
    """What was told of all subjects, in the order of their ids, whatever theirs."""
    subjects: dict[str, list[SubjectFacts]] = {}
    for each in sorted(told, key=lambda one: one.subject):
        subjects.setdefault(each.collection, []).append(each)
    communes = {each.subject: each.last["insee"] for each in subjects.get("places", ())}
    return Happened(
        tuple(map(_request, subjects.get("requests", ()))),
        tuple(map(_entry, subjects.get("attachments", ()))),
        tuple(_slot(each, communes) for each in subjects.get("slots", ())),
        tuple(map(_member, subjects.get("practitioners", ()))),
    )


def _request(told: SubjectFacts) -> RequestFacts:
    last = told.last
    return RequestFacts(
        id=told.subject,
        submitted_at=datetime.fromisoformat(last["submitted_at"]),
        urgency=last["urgency"],
        insee=last["insee"],
        act=last["act"],
        source=last["source"],
        state=last["state"],
        reason=last["reason"],
        practitioner_id=last["practitioner_id"] or "",
        mode=last.get("mode", ""),  # not in the first version of the event
        offered_at=_first(told, OFFERED),
        given_at=_first(told, {CONFIRMED}),
    )


def _entry(told: SubjectFacts) -> EntryFacts:
    last = told.last
    return EntryFacts(
        id=told.subject,
        registered_at=datetime.fromisoformat(last["registered_at"]),
        insee=last["insee"],
        priority_class=last["priority_class"],
        source=last["source"],
        state=last["state"],
        reason=last["reason"],
        practitioner_id=last["practitioner_id"] or "",
        answered_at=_first(told, ANSWERED),
        attached_at=_first(told, {CONFIRMED}),
    )


def _slot(told: SubjectFacts, communes: Mapping[str, str]) -> SlotFacts:
    last = told.last
    return SlotFacts(
        id=told.subject,
        starts_at=datetime.fromisoformat(last["starts_at"]),
        insee=communes.get(last["place_id"], ""),
        practitioner_id=last["practitioner_id"],
        capacity=last["capacity"],
        taken=last["taken"],
        modes=frozenset(last["modes"]),
        types=frozenset(last["types"]),
        status=last["status"],
    )


def _member(told: SubjectFacts) -> MemberFacts:
    return MemberFacts(told.subject, told.last["profession"], datetime.fromisoformat(told.last["joined_at"]))


def _first(told: SubjectFacts, states: frozenset[str] | set[str]) -> datetime | None:
    return min((at for state, at in told.firsts.items() if state in states), default=None)
