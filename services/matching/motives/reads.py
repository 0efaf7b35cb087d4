"""The motives with the words in force: what a CPTS says goes before what everyone says."""

from collections import defaultdict

from pydantic import BaseModel
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.motives.store import EVERYONE, AlarmWordRow, MotiveWordRow, Saying
from services.matching.sameday.reads import Motive, read_access
from services.matching.sameday.store.tables import DirectAccessRow, MotiveRow


class NamedMotive(Motive):
    """A motive with the words that people use for it."""

    synonyms: list[str] = []


class Alarm(BaseModel):
    """Words before which one calls the 15, and what to do meanwhile."""

    advice: str
    words: list[str]


async def labels(session: AsyncSession) -> dict[str, str]:
    """What each motive is called."""
    return {row.code: row.label for row in await session.exec(select(MotiveRow))}


async def motives(session: AsyncSession, cpts_id: str = EVERYONE) -> list[NamedMotive]:
    """The list of motives, by label, with the words of a CPTS."""
    words = defaultdict[str, list[str]](list)
    for saying in await sayings(session, MotiveWordRow, cpts_id):
        words[saying.means].append(saying.words)
    access = defaultdict[str, list[DirectAccessRow]](list)
    for each in await read_access(session):
        access[each.motive].append(each)
    rows = await session.exec(select(MotiveRow).order_by(MotiveRow.label))
    return [NamedMotive.of(row, access[row.code], synonyms=words[row.code]) for row in rows]


async def alarms(session: AsyncSession, cpts_id: str) -> list[Alarm]:
    """The words of a CPTS that say « appelez le 15 », by advice."""
    words = defaultdict[str, list[str]](list)
    for row in await sayings(session, AlarmWordRow, cpts_id):
        if row.means:
            words[row.means].append(row.words)
    return [Alarm(advice=advice, words=each) for advice, each in words.items()]


async def sayings(session: AsyncSession, kind: type[Saying], cpts_id: str) -> list[Saying]:
    """The rows in force in a CPTS, silenced ones too, by words."""
    query = select(kind).where(col(kind.cpts_id).in_({EVERYONE, cpts_id})).order_by(col(kind.cpts_id))
    return sorted({row.key: row for row in await session.exec(query)}.values(), key=lambda row: row.key)
