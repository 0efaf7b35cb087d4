"""Communes by what people type: the start of a name, present or former, or of a postal code."""

import asyncio
import re
import unicodedata
from bisect import bisect_left

from pydantic import BaseModel
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db.tables import CommuneRow

REREAD_AFTER_S = 600.0


class Commune(BaseModel):
    """A commune to choose from; `known_as` is the former name that was typed, if any."""

    insee: str
    name: str
    departement: str
    postal_codes: list[str]
    lat: float
    lon: float
    population: int
    known_as: str = ""


def plain(text: str) -> str:
    """Without accents, capitals, hyphens or apostrophes; « st » reads « saint »."""
    bare = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "OE"))
    words = re.findall(r"[a-z0-9]+", "".join(c for c in bare if not unicodedata.combining(c)).lower())
    return " ".join({"st": "saint", "ste": "sainte"}.get(word, word) for word in words)


class CommuneIndex:
    """All communes in memory (36,000 take about 15 MB), read again every ten minutes: they are imported once a year."""

    def __init__(self) -> None:
        """Nothing is read before the first search."""
        self._keys: list[tuple[str, str, str]] = []
        self._communes: dict[str, Commune] = {}
        self._stale_at_s = 0.0

    async def refresh(self, session: AsyncSession) -> None:
        """Read the list if it was not read lately: before a search, which needs no database then."""
        now_s = asyncio.get_running_loop().time()
        if not self._communes or now_s >= self._stale_at_s:
            await self._read(session)
            self._stale_at_s = now_s + REREAD_AFTER_S

    def knows(self, insee: str) -> bool:
        """Whether a commune with this code is in our list."""
        return insee in self._communes

    def search(self, typed: str, *, limit: int = 10) -> list[Commune]:
        """The communes whose name, former name or postal code starts as typed, the largest first."""
        start = plain(typed)
        found: dict[str, str] = {}
        for key, insee, former in self._keys[bisect_left(self._keys, (start, "", "")) :]:
            if not key.startswith(start):
                break
            found[insee] = "" if found.get(insee) == "" else former
        largest = sorted(found, key=lambda insee: (-self._communes[insee].population, insee))[:limit]
        return [self._communes[insee].model_copy(update={"known_as": found[insee]}) for insee in largest]

    async def _read(self, session: AsyncSession) -> None:
        rows = (await session.exec(select(CommuneRow))).all()
        self._communes = {row.insee: Commune.model_validate(row.model_dump()) for row in rows}
        names = [(plain(row.name), row.insee, "") for row in rows]
        former = [(plain(name), row.insee, name) for row in rows for name in row.former_names]
        codes = [(code, row.insee, "") for row in rows for code in [*row.postal_codes, row.insee.lower()]]
        self._keys = sorted(names + former + codes)
