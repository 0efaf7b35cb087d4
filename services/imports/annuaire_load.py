"""Brings a CPTS's people from the Annuaire Santé: all of them, or what changed since; again changes nothing.

A full load goes structure by structure, each batch in a transaction that also notes how far it went.
"""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.store import directory as store
from services.availability.tables import (
    DirectoryLoadRow,
    MembershipRow,
    PlaceRow,
    PractitionerRow,
    SlotRow,
)
from services.files.annuaire import Ended, Wrong, activity_of, place_of, professionals_of
from services.files.outcome import Transaction, one_by_one, open_scoped
from services.files.professionals import PracticePlace, Professional
from services.files.table import BadRow
from services.imports.annuaire_client import Annuaire, AnnuaireSettings
from services.imports.bringing import ImportTally, show
from services.imports.into_availability import communes_of, middles_of, write_professional
from services.installation.starting import install
from shared.db import database_now
from shared.db.tables import CommuneRow
from shared.embedded.place import CannotStart
from shared.outside.trust import authorities
from shared.wiring import Wiring, running, wire

DELTA_WITHIN = timedelta(days=30)
OVERLAP = timedelta(hours=1)
"""A delta asks for a little more than is missing: the directory's clock is not ours."""
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class LoadScope:
    """Which part of the directory: a CPTS and, narrower, some of its communes."""

    cpts: str
    communes: Collection[str] = ()
    departement: str = ""

    def holds(self, commune: CommuneRow) -> bool:
        """Whether a commune of the CPTS is asked for."""
        return (not self.communes or commune.insee in self.communes) and (
            not self.departement or commune.departement == self.departement
        )

    @property
    def whole(self) -> bool:
        """Whether nothing is left out; only then the next time needs but what changed."""
        return not self.communes and not self.departement


@dataclass(slots=True)
class Report:
    """What a load did: counts, what was refused, and who works where no more, with their slots still to come."""

    tally: ImportTally = field(default_factory=ImportTally)
    full: bool = True
    ended: list[tuple[Ended, int]] = field(default_factory=list)


class Load:
    """One load of one CPTS."""

    def __init__(self, annuaire: Annuaire, transaction: Transaction, scope: LoadScope, progress: Progress) -> None:
        """`transaction` may touch the CPTS."""
        self._annuaire, self._transaction, self._scope, self._progress = annuaire, transaction, scope, progress
        self._report = Report()
        self._middles: dict[str, tuple[float, float]] = {}
        self._lines = 0

    async def run(self, *, full: bool = False) -> Report:
        """Load; `full` even if only what changed would do. CannotStart says what is in the way."""
        async with self._transaction() as session:
            communes = [each for each in await communes_of(session, self._scope.cpts) if self._scope.holds(each)]
            now = await database_now(session)
            state = await session.get(DirectoryLoadRow, self._scope.cpts)
        if not communes:
            raise CannotStart("Aucune commune de la CPTS ne correspond à --communes ou --department.")
        self._middles = middles_of(communes)
        places = await self._places(communes)
        since = state.since if state and not state.began_at and self._scope.whole and not full else None
        if since is not None and now - since <= DELTA_WITHIN:
            await self._delta(places, since - OVERLAP, now)
        else:
            await self._full(places, state, now)
        return self._report

    async def _places(self, communes: Sequence[CommuneRow]) -> dict[str, tuple[PracticePlace, bool]]:
        """The structures of these communes, by reference."""
        codes = sorted({code for commune in communes for code in commune.postal_codes})
        places: dict[str, tuple[PracticePlace, bool]] = {}
        for some in self._track("structures", codes):
            async for page in self._annuaire.pages("Organization", {"address-postalcode:exact": ",".join(some)}):
                for resource in page:
                    self._lines += 1
                    try:
                        place, is_open = place_of(resource)
                    except Wrong as wrong:
                        self._wrong("Organization", wrong)
                        continue
                    if place.insee in self._middles:
                        places[f"Organization/{resource.get('id')}"] = (place, is_open)
        return places

    async def _full(
        self, places: Mapping[str, tuple[PracticePlace, bool]], state: DirectoryLoadRow | None, now: datetime
    ) -> None:
        began_at, settled = now, set[str]()
        if self._scope.whole:
            if state and state.began_at and now - state.began_at <= timedelta(days=1):
                began_at, settled = state.began_at, set(state.settled)
            await self._note(began_at=began_at, settled=sorted(settled), since=None)
        left = [name for name, (place, _) in places.items() if place.key("") not in settled]
        for some in self._track("professionnels", left):
            asked = {"organization": ",".join(some), "_include": "PractitionerRole:practitioner"}
            settled |= {places[name][0].key("") for name in some}
            await self._bring(await self._all("PractitionerRole", asked), {name: places[name] for name in some})
            if self._scope.whole:
                await self._note(began_at=began_at, settled=sorted(settled), since=None)
        if self._scope.whole:
            await self._note(began_at=None, settled=[], since=began_at)

    async def _delta(self, places: Mapping[str, tuple[PracticePlace, bool]], since: datetime, now: datetime) -> None:
        self._report.full = False
        recent = {"_lastUpdated": f"ge{since.isoformat(timespec='seconds')}"}
        people: set[str] = set()
        for some in self._track("activités", list(places)):
            for resource in await self._all("PractitionerRole", {"organization": ",".join(some), **recent}):
                self._lines += 1
                try:
                    people.add(activity_of(resource).person)
                except Wrong as wrong:
                    self._wrong("PractitionerRole", wrong)
        for some in self._track("identités", await self._read_known()):
            numbers = ",".join(f"https://rpps.esante.gouv.fr|{rpps}" for rpps in some)
            found = await self._all("Practitioner", {"identifier": numbers, **recent})
            people |= {f"Practitioner/{each.get('id')}" for each in found}
        for some in self._track("professionnels", sorted(people)):
            names = ",".join(each.partition("/")[2] for each in some)
            asked = {"practitioner": names, "_include": "PractitionerRole:practitioner"}
            await self._bring(await self._all("PractitionerRole", asked), places)
        await self._note(began_at=None, settled=[], since=now)

    async def _read_known(self) -> list[str]:
        """The RPPS numbers of the CPTS's members."""
        members = select(PractitionerRow.rpps).join(
            MembershipRow, col(MembershipRow.practitioner_id) == col(PractitionerRow.id)
        )
        async with self._transaction() as session:
            mine = members.where(MembershipRow.cpts_id == self._scope.cpts).order_by(col(PractitionerRow.rpps))
            return list((await session.exec(mine)).all())

    async def _all(self, kind: str, asked: Mapping[str, str]) -> list[Mapping[str, Any]]:
        return [resource async for page in self._annuaire.pages(kind, asked) for resource in page]

    async def _bring(
        self, resources: Sequence[Mapping[str, Any]], places: Mapping[str, tuple[PracticePlace, bool]]
    ) -> None:
        """Write what these resources say, in one transaction."""
        found = list(professionals_of(resources, places, self._lines + 1))
        self._lines += len(resources)
        people = [each for each in found if isinstance(each, Professional)]
        self._report.tally.bad += [each for each in found if isinstance(each, BadRow)]
        async with self._transaction() as session:
            people = [replace(each, phone=await _phone(session, each.rpps)) for each in people]
            write = partial(write_professional, self._scope.cpts, self._middles)
            self._report.tally.count(await one_by_one(write, session, people))
            for ended in found:
                if isinstance(ended, Ended) and await store.close(session, ended.rpps, ended.place, self._scope.cpts):
                    self._report.tally.changed += 1
                    self._report.ended.append((ended, await _slots_to_come(session, ended)))

    async def _note(self, **values: Any) -> None:
        async with self._transaction() as session:
            await store.upsert(session, DirectoryLoadRow, {"cpts_id": self._scope.cpts}, values)

    def _wrong(self, kind: str, wrong: Wrong) -> None:
        self._report.tally.bad.append(BadRow(self._lines, f"{kind} {wrong.element}", wrong.value, wrong.change))

    def _track(self, what: str, names: Sequence[str]) -> Iterator[Sequence[str]]:
        """A few at a time, with a bar that shows how far it is."""
        parts = [names[at : at + AT_ONCE] for at in range(0, len(names), AT_ONCE)]
        yield from self._progress.track(parts, description=what)


async def _phone(session: AsyncSession, rpps: str) -> str:
    """The number that is known: a person with several places keeps it, whichever place comes first."""
    found = await session.exec(select(PractitionerRow.phone).where(PractitionerRow.rpps == rpps))
    return found.one_or_none() or ""


async def _slots_to_come(session: AsyncSession, ended: Ended) -> int:
    """How many published slots someone still has at a place where they work no more."""
    count = (
        select(func.count())
        .select_from(SlotRow)
        .join(PractitionerRow, col(PractitionerRow.id) == col(SlotRow.practitioner_id))
        .join(PlaceRow, col(PlaceRow.id) == col(SlotRow.place_id))
        .where(PractitionerRow.rpps == ended.rpps, PlaceRow.key == ended.place, SlotRow.status == "published")
        .where(col(SlotRow.starts_at) > await database_now(session))
    )
    return int((await session.exec(count)).one())


async def load(
    wiring: Wiring, settings: AnnuaireSettings, scope: LoadScope, progress: Progress, *, full: bool
) -> Report:
    """Load a CPTS from the directory that the settings name."""
    async with httpx.AsyncClient(follow_redirects=False, verify=authorities()) as client:
        return await Load(Annuaire(settings, client), open_scoped(wiring), scope, progress).run(full=full)


async def bring_annuaire(scope: LoadScope, *, full: bool, data_dir: Path) -> int:
    """The command: load, show, and answer 1 when something was refused."""
    console = Console()
    async with install(data_dir, join=True) as here, running(wire("availability", here.settings)) as wiring:
        with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
            report = await load(wiring, AnnuaireSettings(), scope, progress, full=full)
    console.print("Chargement complet." if report.full else "Ce qui a changé depuis la dernière fois.")
    for ended, slots in report.ended:
        said = f"N'exerce plus : RPPS {ended.rpps}, {ended.place}."
        console.print(
            f"{said} {slots} créneaux à venir restent publiés : à retirer par une personne." if slots else said
        )
    show(console, report.tally, kept=True)
    return 1 if report.tally.bad else 0
