"""What a CPTS may set for its médecin traitant rounds, with the defaults it starts from."""

from calendar import monthrange
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.store.register import AttachmentParametersRow
from services.matching.doctors.store.rounds import put_settings
from services.matching.engine.doctors.model import DEFAULT_CLASSES, AttachmentParameters, PriorityClass
from services.matching.sameday.app.parameters import Plain
from services.people.changes import record_change
from shared.auth import Caller, Role
from shared.db import database_now

Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
OF_THE_DEFAULTS = frozenset(of.flag for of in DEFAULT_CLASSES if of.flag)

DAYS_A_YEAR = 365.25


class ClassOfPatients(Plain):
    """A class served before the next: who has the flag, who is at least so old, or everybody when neither is said."""

    code: Code
    flag: Code | None = None
    min_age: int | None = Field(default=None, ge=0, le=130)


CLASSES = tuple(ClassOfPatients(code=of.code, flag=of.flag or None, min_age=of.min_age) for of in DEFAULT_CLASSES)


class AttachmentSettings(Plain):
    """The parameters of one CPTS."""

    classes: tuple[ClassOfPatients, ...] = Field(default=CLASSES, min_length=1, max_length=20)
    max_travel_minutes: int = Field(default=30, ge=1, le=240)
    first_band_months: int = Field(default=12, ge=0, le=120)
    """Within a class, those who have waited so long come first, wherever they live; 0: no band."""
    second_band_months: int = Field(default=6, ge=0, le=120)
    """The next band; 0: no band."""
    day_price_s: int = Field(default=10, ge=0, le=3600)
    """Within a band, what a day waited more is worth, in seconds of travel."""
    nearest_k: int = Field(default=20, ge=1, le=200)
    answer_days: int = Field(default=15, ge=1, le=90)
    """How long a practitioner, then the patient, may take to answer; then the person waits again."""
    revalidate_months: int = Field(default=6, ge=1, le=36)
    """After so long, someone asks whether the person still looks for a médecin traitant."""
    expire_days: int = Field(default=60, ge=1, le=365)
    """How long that question may stay without answer before the entry is closed."""
    archive_days: int = Field(default=90, ge=0, le=3650)
    """How long a closed entry stays on the screens."""

    @model_validator(mode="after")
    def codes_are_distinct(self) -> Self:
        """Figures are published by class: two classes cannot share a code."""
        if len({of.code for of in self.classes}) < len(self.classes):
            raise ValueError("two classes have the same code")
        return self

    @property
    def ranked(self) -> tuple[PriorityClass, ...]:
        """The classes as the core takes them."""
        return tuple(PriorityClass(of.code, of.flag or "", of.min_age) for of in self.classes)

    @property
    def flags(self) -> frozenset[str]:
        """What may be said of a patient: what the classes ask about, and what practitioners' criteria do."""
        return OF_THE_DEFAULTS | {of.flag for of in self.classes if of.flag}

    @property
    def core(self) -> AttachmentParameters:
        """As the core takes them."""
        bands = sorted({months for months in (self.first_band_months, self.second_band_months) if months}, reverse=True)
        return AttachmentParameters(
            max_travel_s=60 * self.max_travel_minutes,
            nearest_k=self.nearest_k,
            seniority_days=tuple(round(months * DAYS_A_YEAR / 12) for months in bands),
            day_price_s=self.day_price_s,
        )


def months_later(at: datetime, months: int) -> datetime:
    """The same day so many months later, or the last of its month when there is no such day."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


async def attachment_settings(session: AsyncSession, cpts_id: str) -> AttachmentSettings:
    """What this CPTS set, over the defaults."""
    row = await session.get(AttachmentParametersRow, cpts_id)
    return AttachmentSettings.model_validate(row.body if row else {})


async def set_attachment_settings(
    session: AsyncSession, caller: Caller, cpts_id: str, wanted: AttachmentSettings
) -> AttachmentSettings:
    """Set them all, for who runs the CPTS; entries keep the dates they already have."""
    caller.require(Role.COORDINATOR, Role.ADMIN)
    caller.require_cpts(cpts_id)
    before = await attachment_settings(session, cpts_id)
    body = wanted.model_dump(mode="json", exclude_defaults=True)
    values = {"body": body, "changed_at": await database_now(session), "changed_by": caller.id}
    await put_settings(session, cpts_id, values)
    await record_change(
        session,
        caller,
        cpts_id=cpts_id,
        what="attachment_parameters",
        object_id=cpts_id,
        before=before.model_dump(mode="json"),
        after=wanted.model_dump(mode="json"),
    )
    return wanted
