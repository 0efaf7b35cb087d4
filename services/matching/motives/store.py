"""The words of motives and of alarms: everyone's rows, and over them those of each CPTS."""

from sqlalchemy import Text, delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.tables import Matching
from shared.db import run

EVERYONE = ""
"""The CPTS of the rows that hold wherever a CPTS says nothing else."""


class Saying(Matching):
    """Some words and what they mean; no meaning: here, these words say nothing."""

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    """The words as they are compared."""
    words: str = Field(sa_type=Text)
    means: str = Field(sa_type=Text)


class MotiveWordRow(Saying, table=True):
    """Words that people use for a motive: they mean its code."""

    __tablename__ = "motive_word"


class AlarmWordRow(Saying, table=True):
    """Words before which one calls the 15: they mean what to do meanwhile, never what it might be."""

    __tablename__ = "alarm_word"


async def set_saying(session: AsyncSession, row: Saying) -> None:
    """What these words mean in a CPTS from now on."""
    values = row.model_dump()
    changed = {name: value for name, value in values.items() if name not in ("cpts_id", "key")}
    statement = insert(type(row)).values(**values)
    await run(session, statement.on_conflict_do_update(index_elements=["cpts_id", "key"], set_=changed))


async def forget_saying(session: AsyncSession, kind: type[Saying], cpts_id: str, key: str) -> None:
    """These words mean in a CPTS what they mean to everyone."""
    await run(session, delete(kind).where(col(kind.cpts_id) == cpts_id, col(kind.key) == key))
