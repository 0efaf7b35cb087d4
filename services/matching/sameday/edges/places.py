"""Communes by what people type: the start of a name, present or former, or of a postal code."""

import asyncio
import re
from bisect import bisect_left
from collections.abc import Iterator

from pydantic import BaseModel
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db.tables import CommuneRow
from shared.typed.texts import plain, tidy

__all__ = ["CommuneChoice", "CommuneIndex", "plain"]

REREAD_AFTER_S = 600.0


class CommuneChoice(BaseModel):
    """A commune to choose from; `known_as` is the former name that was typed, if any."""

    insee: str
    name: str
    departement: str
    postal_codes: list[str]
    lat: float
    lon: float
    population: int
    known_as: str = ""


_ARTICLES = frozenset({"l", "le", "la", "les", "aux"})
_NUMBERED = re.compile(r"\b0*(\d{1,2})(?:er|ere|re|e|eme|nd|nde)?(?: arr(?:ondissement|dt|t)?| ardt)?(?= |$)", re.ASCII)
_CODE = re.compile(r"(?:\d{2}|2[ab])\s?\d{3}", re.ASCII)
Key = tuple[str, str, str]
"""What is compared, the commune, the former name if it is one."""


def _compact(name: str) -> str:
    """A name to compare: one word, an arrondissement by its number (« 1er », « 01 », « 1er arrondissement »)."""
    return _NUMBERED.sub(r"\1", name).replace(" ", "")


def _split_typed(typed: str) -> tuple[str, str]:
    """The name that was typed, to compare, and the code beside it: postal, INSEE, or a département in brackets."""
    text = re.sub(r"\bs\s*/", "sur ", tidy(typed).lower())
    bare = re.sub(r"\bcedex(?: \d{1,2})?\b|\bfrance$", "", plain(text)).strip()
    if re.fullmatch(r"\d[\dab ]*", bare, re.ASCII):
        return bare.replace(" ", ""), ""
    if found := re.search(rf"(?:^|\s)({_CODE.pattern})(?=\s|$)", bare):
        return _compact(f"{bare[: found.start()]} {bare[found.end() :]}"), found[1].replace(" ", "")
    if found := re.search(r"\((\d{2,3}|2[ab])\)$|\s(9[78]\d|2[ab]|20)$", text):
        return _compact(plain(text[: found.start()])), found[1] or found[2]
    return _compact(bare), ""


class CommuneIndex:
    """All communes in memory (36,000 take about 15 MB), read again every ten minutes: they are imported once a year."""

    def __init__(self) -> None:
        """Nothing is read before the first search."""
        self._keys: list[Key] = []
        self._compact: list[Key] = []
        self._made_of: list[Key] | None = None
        self._codes: set[str] = set()
        self._communes: dict[str, CommuneChoice] = {}
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

    def search(self, typed: str, *, limit: int = 10) -> list[CommuneChoice]:
        """The communes whose name, former name or postal code starts as typed: the very name first, then the largest.

        Articles, hyphens and spaces count for nothing; a code beside the name narrows it.
        """
        start, code = _split_typed(typed)
        keys, found = self._sort(), dict[str, str]()
        for key, insee, former in keys[bisect_left(keys, (start, "", "")) :] if start else ():
            if not key.startswith(start):
                break
            found[insee] = "" if found.get(insee) == "" else former
        exact = {
            insee for key, insee, _ in keys[bisect_left(keys, (start, "", "")) : bisect_left(keys, (start + "\0",))]
        }
        kept = [insee for insee in found if self._fits(insee, code)]
        ranked = sorted(kept, key=lambda each: (each not in exact, -self._communes[each].population, each))[:limit]
        return [self._communes[each].model_copy(update={"known_as": found[each]}) for each in ranked]

    def _fits(self, insee: str, code: str) -> bool:
        """Whether a commune has the code; one that no commune has, of a CEDEX, says at least the département."""
        commune = self._communes[insee]
        if not code or code in commune.postal_codes or code == insee.lower():
            return True
        starts = {insee[:2].lower(), insee[:3].lower(), *(postal[:2] for postal in commune.postal_codes)}
        return (len(code) < 5 or code not in self._codes) and code[: min(len(code), 2)] in starts

    def _sort(self) -> list[Key]:
        """The names to compare, with and without their article; made again when the list of names is another."""
        if self._made_of is not self._keys:
            compact = [(_compact(key), insee, former) for key, insee, former in self._keys]
            bare = [(_compact(rest), insee, former) for rest, insee, former in _without_article(self._keys)]
            self._compact, self._made_of = sorted({*compact, *bare}), self._keys
            self._codes = {
                code for each in self._communes.values() for code in [*each.postal_codes, each.insee.lower()]
            }
        return self._compact

    async def _read(self, session: AsyncSession) -> None:
        rows = (await session.exec(select(CommuneRow))).all()
        self._communes = {row.insee: CommuneChoice.model_validate(row.model_dump()) for row in rows}
        names = [(plain(row.name), row.insee, "") for row in rows]
        former = [(plain(name), row.insee, name) for row in rows for name in row.former_names]
        codes = [(code, row.insee, "") for row in rows for code in [*row.postal_codes, row.insee.lower()]]
        self._keys = sorted(names + former + codes)
        self._sort()


def _without_article(keys: list[Key]) -> Iterator[Key]:
    for key, insee, former in keys:
        first, _, rest = key.partition(" ")
        if rest and first in _ARTICLES:
            yield rest, insee, former
