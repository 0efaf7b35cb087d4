"""What the administration may set, as fields of a form: each with its value, its default and its bounds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pydantic import BaseModel

from services.matching.doctors.app.parameters import AttachmentSettings
from services.matching.sameday.app.parameters import CptsParameters, EscalationStep, Step, Weights

AGES = (60, 65, 70, 75, 80, 85)


@dataclass(frozen=True, slots=True)
class Number:
    """A number to set: `path` in the body, `of` is what it is called, `rank` 1 to 4 when it is said by class."""

    path: str
    of: str
    value: float | str
    default: float | str
    least: float
    most: float
    step: str = "1"
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class StepRow:
    """An automatic step, taken or not."""

    step: Step
    taken: bool
    delays: Sequence[Number]
    travel: Number


def _bounds(model: type[BaseModel]) -> dict[str, tuple[float, float]]:
    """What each number of a form may be, as the form says itself."""
    found = {}
    for name, said in model.model_json_schema()["properties"].items():
        one: Mapping[str, Any] = said.get("prefixItems", [said])[0]
        if "minimum" in one:
            found[name] = (one["minimum"], one["maximum"])
    return found


def numbers(now: BaseModel, default: BaseModel, above: str = "") -> Iterator[Number]:
    """The numbers of a form that have bounds; those by class one by one."""
    for name, (least, most) in _bounds(type(now)).items():
        value, usual = getattr(now, name), getattr(default, name)
        step = "any" if isinstance(usual, float) else "1"
        if isinstance(usual, tuple):
            pairs = enumerate(zip(value, usual, strict=True))
            yield from (Number(f"{above}{name}.{n}", name, *both, least, most, step, n + 1) for n, both in pairs)
        else:
            yield Number(f"{above}{name}", name, value, usual, least, most, step)


def show_parameters(parameters: CptsParameters) -> list[tuple[str, object, object]]:
    """Each parameter with its value and its default."""
    defaults: Mapping[str, object] = CptsParameters().model_dump(mode="json")
    return [(name, value, defaults[name]) for name, value in parameters.model_dump(mode="json").items()]


def answers(now: CptsParameters) -> list[Number]:
    """How long the answers to P1 to P4 may stay provisional; empty: as the policy says."""
    least, most = _bounds(EscalationStep)["after_minutes"]
    said: Sequence[float | str] = now.confirm_after_minutes or ("",) * 4
    usual = [seconds // 60 for seconds in CptsParameters(policy=now.policy).confirm_after_s]
    name = "confirm_after_minutes"
    return [Number(f"{name}.{n}", name, said[n], usual[n], least, most, rank=n + 1) for n in range(4)]


def steps(now: CptsParameters) -> list[StepRow]:
    """The steps that are taken, in their order, then those that are not."""
    usual = {each.step: each for each in CptsParameters().escalation}
    taken = [*now.escalation]
    left = [usual[step] for step in Step if step not in {each.step for each in taken}]
    rows = []
    for each in (*taken, *left):
        *delays, travel = numbers(each, usual[each.step])
        rows.append(StepRow(each.step, each in taken, delays, travel))
    return rows


def weights(now: CptsParameters) -> list[list[Number]]:
    """What the calculation weighs; what is said by class stands together."""
    found = numbers(now.weights, Weights(), "weights.")
    return [list(group) for _, group in groupby(found, lambda each: each.of)]


def of_attachments(now: AttachmentSettings) -> list[Number]:
    """The delays and distances of the rounds of médecin traitant."""
    return list(numbers(now, AttachmentSettings()))


def classes(now: AttachmentSettings) -> list[dict[str, Any]]:
    """Every class that may be chosen: those of now in their order, then the others."""
    ours = [each.model_dump(mode="json") for each in now.classes]
    usual = [each.model_dump(mode="json") for each in AttachmentSettings().classes]
    by_age = [{"code": f"age_{age}", "flag": None, "min_age": age} for age in AGES]
    known = {each["code"] for each in ours}
    left = {each["code"]: each for each in (*usual, *by_age) if each["code"] not in known}
    return [*({**each, "taken": True} for each in ours), *({**each, "taken": False} for each in left.values())]
