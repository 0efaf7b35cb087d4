"""The best slots for one request, now: for the person on the phone. Nothing is stored."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from services.matching.engine.model import Option, Unmatched
from services.matching.sameday.access import Closed, Condition
from services.matching.sameday.app.foreign import ElsewhereView
from services.matching.sameday.app.round.deciding import cost_of, reasons_of
from shared.contracts import RelaxationView


class OptionView(BaseModel):
    """One slot: what it costs this patient term by term, what it costs everybody else (`price`), why it stands out.

    `leaves_out`: the class of who would be left without a slot if this one were taken.
    """

    slot_id: str
    practitioner_id: str
    place_id: str
    starts_at: str
    ends_at: str
    modes: list[str]
    travel_s: int
    cost: dict[str, int]
    price: int
    tags: list[str]
    leaves_out: int | None


class ClosedView(BaseModel):
    """A profession that may not see this patient directly: which condition failed, its bounds, and who may instead."""

    profession: str
    condition: Condition
    flag: str
    min_age: int
    max_age: int
    instead: str

    @classmethod
    def of(cls, each: Closed) -> "ClosedView":
        """As the screen says it."""
        row = each.row
        bounds = {"min_age": row.min_age, "max_age": row.max_age}
        return cls(profession=each.profession, condition=each.condition, flag=each.flag, instead=each.instead, **bounds)


class Options(BaseModel):
    """The best slots, the best first; when there is none, what blocks and what would serve.

    `elsewhere`: slots that other editors publish, to be booked on their own agendas.
    `questions`: at most three, whose answers decide who else may see the patient; `closed`: who may not, and why.
    `askable`: how many practitioners could be asked for one more patient. `deadline_at`: until when to search.
    """

    options: list[OptionView]
    blockers: dict[str, int] = {}
    relaxations: list[RelaxationView] = []
    askable: int = 0
    travel: str
    elsewhere: list[ElsewhereView] = []
    deadline_at: datetime
    questions: list[str] = []
    closed: list[ClosedView] = []


def advice(
    options: Iterable[Option],
    why: Unmatched | None,
    live: dict[str, Any],
    *,
    travel: str,
    askable: int,
    deadline_at: datetime,
) -> Options:
    """Options as the screen shows them; a slot that left the replica meanwhile is not shown."""
    reasons = reasons_of(why) if why else None
    return Options(
        options=[_view(option, live[option.slot]) for option in options if option.slot in live],
        blockers=reasons.blockers if reasons else {},
        relaxations=[RelaxationView.model_validate(each) for each in reasons.relaxations] if reasons else [],
        askable=askable,
        travel=travel,
        deadline_at=deadline_at,
    )


def _view(option: Option, slot: dict[str, Any]) -> OptionView:
    return OptionView(
        slot_id=option.slot,
        practitioner_id=slot["practitioner_id"],
        place_id=slot["place_id"],
        starts_at=slot["starts_at"],
        ends_at=slot["ends_at"],
        modes=slot["modes"],
        travel_s=option.cost.travel_s,
        cost=cost_of(option.cost),
        price=option.price,
        tags=list(option.tags),
        leaves_out=None if option.leaves_out is None else int(option.leaves_out),
    )
