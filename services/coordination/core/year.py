"""What happened in a CPTS, read from its facts: requests, entries of the register, slots, professionals."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

OFFERED = frozenset({"proposed", "held", "confirmed"})
CONFIRMED = "confirmed"
FOR_SAS, WITHDRAWN = "SNP", "withdrawn"
ANSWERED = frozenset({"proposed", "accepted_by_practitioner", "accepted", "confirmed", "refused_by_patient"})
"""States of an entry of the register in which somebody was found for it."""


class FactLike(Protocol):
    """One fact, as it is read back."""

    @property
    def collection(self) -> str:
        """Of which kind the subject is."""

    @property
    def subject(self) -> str:
        """What it is about."""

    @property
    def at(self) -> datetime:
        """When it was so."""

    @property
    def seq(self) -> int:
        """Its place in its stream: which of two of one instant came first."""

    @property
    def body(self) -> Mapping[str, Any]:
        """What was told."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
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


@dataclass(frozen=True, slots=True)
class EntryFacts:
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


@dataclass(frozen=True, slots=True)
class SlotFacts:
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


@dataclass(frozen=True, slots=True)
class MemberFacts:
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
                replace(each, opened=opened[each.id], attached=attached[each.id], insee=where.get(each.id, ""))
                for each in self.members
                if each.joined_at < until
            ),
        )


def read_happened(facts: Iterable[FactLike]) -> Happened:
    """What facts tell together; in whatever order they come, each subject's own are taken by their instant."""
    subjects: dict[tuple[str, str], list[FactLike]] = {}
    for fact in facts:
        subjects.setdefault((fact.collection, fact.subject), []).append(fact)
    for told in subjects.values():
        told.sort(key=lambda each: (each.at, each.seq))
    communes = {subject: told[-1].body["insee"] for (kind, subject), told in subjects.items() if kind == "places"}

    def each(kind: str) -> Iterable[tuple[str, list[FactLike]]]:
        return sorted((subject, told) for (of, subject), told in subjects.items() if of == kind)

    return Happened(
        tuple(_request(subject, told) for subject, told in each("requests")),
        tuple(_entry(subject, told) for subject, told in each("attachments")),
        tuple(_slot(subject, told[-1].body, communes) for subject, told in each("slots")),
        tuple(_member(subject, told[-1].body) for subject, told in each("practitioners")),
    )


def _request(subject: str, told: list[FactLike]) -> RequestFacts:
    last = told[-1].body
    return RequestFacts(
        id=subject,
        submitted_at=datetime.fromisoformat(last["submitted_at"]),
        urgency=last["urgency"],
        insee=last["insee"],
        act=last["act"],
        source=last["source"],
        state=last["state"],
        reason=last["reason"],
        practitioner_id=last["practitioner_id"] or "",
        mode=last["mode"],
        offered_at=_first(told, OFFERED),
        given_at=_first(told, {CONFIRMED}),
    )


def _entry(subject: str, told: list[FactLike]) -> EntryFacts:
    last = told[-1].body
    return EntryFacts(
        id=subject,
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


def _slot(subject: str, last: Mapping[str, Any], communes: Mapping[str, str]) -> SlotFacts:
    return SlotFacts(
        id=subject,
        starts_at=datetime.fromisoformat(last["starts_at"]),
        insee=communes.get(last["place_id"], ""),
        practitioner_id=last["practitioner_id"],
        capacity=last["capacity"],
        taken=last["taken"],
        modes=frozenset(last["modes"]),
        types=frozenset(last["types"]),
        status=last["status"],
    )


def _member(subject: str, last: Mapping[str, Any]) -> MemberFacts:
    return MemberFacts(subject, last["profession"], datetime.fromisoformat(last["joined_at"]))


def _first(told: Iterable[FactLike], states: frozenset[str] | set[str]) -> datetime | None:
    return next((each.at for each in told if each.body["state"] in states), None)
