"""A day as it happens: who asks when, which slots appear when, and what goes wrong. Saved as versioned JSON."""

from dataclasses import dataclass, field, replace

from services.matching.engine.model import Instance, Parameters, Practitioner, Request, Slot


@dataclass(frozen=True, slots=True)
class Mishap:
    """What one patient will do: refuse the first proposals, cancel some time after confirmation, or not come."""

    request: str
    refuses: int = 0
    cancels_after_s: int | None = None
    no_show: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one territory. Requests arrive at `submitted_at_s`; `published_at_s` has one instant per slot.

    `withdrawn` gives slots taken back by the practitioner, and when.
    """

    name: str
    opens_at_s: int
    closes_at_s: int
    requests: tuple[Request, ...]
    slots: tuple[Slot, ...]
    published_at_s: tuple[int, ...]
    practitioners: tuple[Practitioner, ...] = ()
    mishaps: tuple[Mishap, ...] = ()
    withdrawn: tuple[tuple[str, int], ...] = ()
    parameters: Parameters = field(default_factory=Parameters)

    @property
    def instance(self) -> Instance:
        """Everything the day will have seen, as one instance dated at its opening."""
        return Instance(self.opens_at_s, self.requests, self.slots, self.practitioners, self.parameters)


class NotADay(ValueError):
    """A stored day needs at least one instance, in order of time, and one place of publication per slot."""


def day_of_instances(name: str, rounds: tuple[Instance, ...]) -> Day:
    """The day that a sequence of captured rounds tells: a slot is published at the first round that shows it.

    The last state of a request wins, what was told or decided for it is forgotten so that it can be decided again.
    Raises NotADay when there is no round or they are not in order.
    """
    instants = [one.now_at_s for one in rounds]
    if not rounds or instants != sorted(instants):
        raise NotADay(NotADay.__doc__)
    slots: dict[str, Slot] = {}
    published: dict[str, int] = {}
    requests: dict[str, Request] = {}
    practitioners: dict[str, Practitioner] = {}
    for one in rounds:
        for slot in one.slots:
            slots.setdefault(slot.id, slot)
            published.setdefault(slot.id, one.now_at_s)
        requests |= {request.id: replace(request, notified="", forced="") for request in one.requests}
        practitioners = {ledger.id: ledger for ledger in one.practitioners} | practitioners
    ends = [slot.ends_at_s for slot in slots.values()] + instants
    return Day(
        name=name,
        opens_at_s=min([instants[0], *(request.submitted_at_s for request in requests.values())]),
        closes_at_s=max(ends),
        requests=tuple(requests.values()),
        slots=tuple(slots.values()),
        published_at_s=tuple(published.values()),
        practitioners=tuple(practitioners.values()),
        parameters=rounds[-1].parameters,
    )
