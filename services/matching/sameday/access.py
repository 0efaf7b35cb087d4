"""Who may see whom directly: motive × profession with its conditions, which are dated data. Pure.

Several rows of one pair are alternatives. What is known of the patient opens a row, closes it, or leaves a question;
what a row wants of who gives the care (training, structure) goes with the profession, as `21+cystitis`: slots tell.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

MOST_QUESTIONS = 3
NEEDS = "+"
"""Between a profession and what is needed of who has it."""


class Condition(StrEnum):
    """Why a row does not hold, in the order in which it is said."""

    DATE = "date"
    DEPARTEMENT = "departement"
    SEX = "sex"
    AGE = "age"
    FLAG = "flagged"


@dataclass(frozen=True, slots=True)
class DirectAccess:
    """One row: a profession may see this motive directly, when all of it holds.

    `flags`: what must not be (fever, pregnancy), each asked, yes or no. Empty `structures`, `departements`: any.
    """

    motive: str
    profession: str
    min_age: int = 0
    max_age: int = 130
    sex: str = ""
    flags: tuple[str, ...] = ()
    training: str = ""
    structures: tuple[str, ...] = ()
    departements: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""

    @property
    def tokens(self) -> tuple[str, ...]:
        """What a request asks for: the profession, with what is needed of who has it."""
        needs = [self.training] if self.training else []
        if not self.structures:
            return (NEEDS.join([self.profession, *needs]),)
        return tuple(NEEDS.join([self.profession, *sorted([*needs, each])]) for each in self.structures)


@dataclass(frozen=True, slots=True)
class KnownPatient:
    """What is known of a patient when somebody asks for them; `answers`: flags by code, yes or no."""

    day: date
    insee: str
    age: int | None = None
    sex: str = ""
    answers: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Closed:
    """A profession that may not see them: the condition that failed and its row; `instead`: the next who may."""

    profession: str
    condition: Condition
    row: DirectAccess
    flag: str = ""
    instead: str = ""


@dataclass(frozen=True, slots=True)
class WhoMay:
    """Who may see a patient now (`tokens`), what must be asked to know of the others, and who may not, with why."""

    tokens: tuple[str, ...]
    questions: tuple[str, ...]
    closed: tuple[Closed, ...]
    undecided: frozenset[str] = frozenset()

    @property
    def professions(self) -> list[str]:
        """The professions among them, in order."""
        return list(dict.fromkeys(each.partition(NEEDS)[0] for each in self.tokens))


def who_may(rows: Sequence[DirectAccess], known: KnownPatient) -> WhoMay:
    """Of the rows of one motive: which hold, what would decide the others, which fail."""
    tokens: list[str] = []
    questions: list[str] = []
    failed: dict[str, tuple[Condition, DirectAccess, str]] = {}
    undecided: set[str] = set()
    for row in rows:
        fault = _fault(row, known)
        if fault is not None:
            failed.setdefault(row.profession, (fault[0], row, fault[1]))
        elif missing := list(_missing(row, known)):
            questions += missing
            undecided.add(row.profession)
        else:
            tokens += row.tokens
    open_now = {each.partition(NEEDS)[0] for each in tokens}
    # Nobody is asked what changes nothing: a profession that is open anyway asks no more.
    if undecided <= open_now:
        questions = []
    instead = next((each.partition(NEEDS)[0] for each in tokens), "")
    closed = [
        Closed(profession, condition, row, flag, instead)
        for profession, (condition, row, flag) in failed.items()
        if profession not in open_now | undecided
    ]
    asked = tuple(dict.fromkeys(questions))[:MOST_QUESTIONS]
    return WhoMay(tuple(dict.fromkeys(tokens)), asked, tuple(closed), frozenset(undecided - open_now))


def _fault(row: DirectAccess, known: KnownPatient) -> tuple[Condition, str] | None:
    """What is known not to hold."""
    if (row.valid_from and known.day < row.valid_from) or (row.valid_to and known.day > row.valid_to):
        return Condition.DATE, ""
    if row.departements and _departement(known.insee) not in row.departements:
        return Condition.DEPARTEMENT, ""
    if row.sex and known.sex and known.sex != row.sex:
        return Condition.SEX, ""
    if known.age is not None and not row.min_age <= known.age <= row.max_age:
        return Condition.AGE, ""
    flag = next((each for each in row.flags if known.answers.get(each)), "")
    return (Condition.FLAG, flag) if flag else None


def _missing(row: DirectAccess, known: KnownPatient) -> Iterator[str]:
    if known.age is None and (row.min_age, row.max_age) != (0, 130):
        yield "age"
    if row.sex and not known.sex:
        yield "sex"
    yield from (each for each in row.flags if each not in known.answers)


def _departement(insee: str) -> str:
    return insee[:3] if insee.startswith("97") else insee[:2]


def qualify(profession: str, qualifications: Iterable[str]) -> frozenset[str]:
    """The tokens that somebody of this profession answers to, besides the profession itself: one need, or two."""
    has = sorted(set(qualifications))
    pairs = [(one, other) for at, one in enumerate(has) for other in has[at + 1 :]]
    return frozenset(NEEDS.join([profession, *each]) for each in [*((one,) for one in has), *pairs])


def answers_to(tokens: Iterable[str], profession: str, qualifications: Iterable[str]) -> bool:
    """Whether somebody of this profession, so qualified, serves a request that asks for these tokens."""
    return not {profession, *qualify(profession, qualifications)}.isdisjoint(tokens)
