"""What a CPTS may set for its matching, with the defaults it starts from."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.ahead.outlook import LEAST_DAYS
from services.matching.engine.ahead.policies import DEFAULT_POLICY, NOTICE_S, RUNNABLE, parameters_under, policy_named
from services.matching.engine.model import Parameters
from services.matching.sameday.store.parameters import put_parameters
from services.matching.sameday.store.requests import door
from services.matching.sameday.store.tables import ParametersRow
from shared.db import database_now, ring_after_commit

HISTORY_TOO_SHORT = "history_too_short"


class Step(StrEnum):
    """What happens by itself to a request that nobody serves."""

    WIDEN = "widen"
    ASK_OVERBOOKING = "ask_overbooking"
    CALL_BACK = "call_back"


class Plain(BaseModel):
    """Values set by a person: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Delay = Annotated[int, Field(ge=0, le=10_080)]
"""Minutes, a week at most."""
Delays = tuple[Delay, Delay, Delay, Delay]
Milli = Annotated[int, Field(ge=0, le=10_000)]


class EscalationStep(Plain):
    """One step: so many minutes after the request was made, by class P1 to P4; `WIDEN` adds minutes of travel."""

    step: Step
    after_minutes: Delays
    travel_minutes: int = Field(default=0, ge=0, le=120)


ESCALATION = (
    EscalationStep(step=Step.WIDEN, after_minutes=(10, 30, 120, 240), travel_minutes=15),
    EscalationStep(step=Step.ASK_OVERBOOKING, after_minutes=(20, 60, 240, 480), travel_minutes=15),
    EscalationStep(step=Step.CALL_BACK, after_minutes=(40, 120, 480, 960)),
)


UNSET = Parameters()


class Weights(Plain):
    """The fields of `core.model.Parameters` that a CPTS may set, in the units their names say.

    One that stands at its default leaves the policy's own value.
    """

    speed_kmh: float = Field(default=UNSET.speed_kmh, ge=5, le=130)
    foot_kmh: float = Field(default=UNSET.foot_kmh, ge=1, le=10)
    detour: float = Field(default=UNSET.detour, ge=1, le=3)
    wait_weight_milli: tuple[Milli, Milli, Milli, Milli] = UNSET.wait_weight_milli
    habitual_bonus_s: int = Field(default=UNSET.habitual_bonus_s, ge=0, le=7_200)
    tele_s: int = Field(default=UNSET.tele_s, ge=0, le=14_400)
    kappa_s: int = Field(default=UNSET.kappa_s, ge=0, le=86_400)
    fairness_beta_s: int = Field(default=UNSET.fairness_beta_s, ge=0, le=3_600)
    nearest_k: int = Field(default=UNSET.nearest_k, ge=1, le=500)


class CptsParameters(Plain):
    """The parameters of one CPTS.

    `confirm_after_minutes`: how long the answer to P1 to P4 may stay provisional when nobody said; None: as the policy
    says.
    """

    policy: Annotated[str, Field(max_length=40)] = DEFAULT_POLICY
    """One of `RUNNABLE`, by name."""
    confirm_after_minutes: Delays | None = None
    hold_minutes: int = Field(default=3, ge=1, le=30)
    notice_minutes: int = Field(default=NOTICE_S // 60, ge=0, le=240)
    """A provisional slot is confirmed at least so long before the patient must leave for it."""
    escalation: tuple[EscalationStep, ...] = Field(default=ESCALATION, max_length=10)
    weights: Weights = Weights()

    @field_validator("policy")
    @classmethod
    def runnable(cls, given: str) -> str:
        """The other policies are peers and bounds of the simulation, or need what a round does not keep."""
        if given not in RUNNABLE:
            raise ValueError(f"one of {', '.join(RUNNABLE)}")
        return given

    @property
    def core(self) -> Parameters:
        """As the core takes them."""
        under = parameters_under(policy_named(self.policy), Parameters())
        changed: dict[str, Any] = self.weights.model_dump(exclude_defaults=True)
        return replace(under, confirm_after_s=self.confirm_after_s, **changed)

    @property
    def confirm_after_s(self) -> tuple[int, int, int, int]:
        """How long the answers to P1 to P4 may stay provisional."""
        if self.confirm_after_minutes is None:
            return policy_named(self.policy).confirm_after_s
        p1, p2, p3, p4 = self.confirm_after_minutes
        return 60 * p1, 60 * p2, 60 * p3, 60 * p4

    def next_step(self, *, submitted_at: datetime, urgency: int, level: int) -> datetime | None:
        """When the step after `level` is due; None when there is none left."""
        if level >= len(self.escalation):
            return None
        return submitted_at + timedelta(minutes=self.escalation[level].after_minutes[urgency - 1])


def running(parameters: CptsParameters, known_days: int) -> tuple[str, str]:
    """The policy that rounds run with so many past days known, and why not the one that was chosen (empty: it is)."""
    if policy_named(parameters.policy).scenarios and known_days < LEAST_DAYS:
        return DEFAULT_POLICY, HISTORY_TOO_SHORT
    return parameters.policy, ""


async def parameters_of(session: AsyncSession, cpts_id: str) -> CptsParameters:
    """What this CPTS set, over the defaults; a session reads it once."""
    read: dict[str, CptsParameters] = session.info.setdefault("parameters", {})
    if cpts_id not in read:
        row = await session.get(ParametersRow, cpts_id)
        read[cpts_id] = CptsParameters.model_validate(row.body if row else {})
    return read[cpts_id]


async def set_parameters(session: AsyncSession, cpts_id: str, given: CptsParameters, *, by: str) -> ParametersRow:
    """Set what differs from the defaults, and ring for a round."""
    values = {
        "body": given.model_dump(mode="json", exclude_defaults=True),
        "changed_at": await database_now(session),
        "changed_by": by,
    }
    session.info.pop("parameters", None)
    ring_after_commit(session, door(cpts_id))
    return await put_parameters(session, cpts_id, values)
