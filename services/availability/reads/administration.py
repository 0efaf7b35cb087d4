"""What administrators read of this service: whose communes, and which agendas are followed. Never writes."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import CptsRow
from shared.db import run
from shared.db.tables import CommuneRow

FEEDS = text(
    """
    select distinct practitioner.first_name || ' ' || practitioner.last_name as who, feed.read_at, feed.error
    from availability.agenda_feed feed
    join availability.practitioner on practitioner.id = feed.practitioner_id
    join availability.membership on membership.practitioner_id = practitioner.id
    where membership.cpts_id = :cpts
    order by feed.error desc, who
    """
)


class Claim(BaseModel):
    """A commune on the map: ours, claimed by another CPTS too, or nobody's."""

    insee: str
    name: str
    lat: float
    lon: float
    kind: Literal["ours", "overlap", "hole"]


class Claims(BaseModel):
    """Whose communes, as CPTS say it: `codes` are ours, of which some have no name here."""

    codes: list[str]
    communes: list[Claim]


class FollowedAgenda(BaseModel):
    """An agenda that is read for somebody: when it was read last, and what went wrong if it did."""

    who: str
    read_at: datetime | None
    error: str


async def claims(session: AsyncSession, cpts_id: str) -> Claims:
    """A commune belongs to one CPTS, and to one at least: what says otherwise. The session sees every CPTS."""
    owners: dict[str, list[str]] = defaultdict(list)
    for finess, communes in (await session.exec(select(CptsRow.finess, CptsRow.communes))).all():
        for insee in communes:
            owners[insee].append(finess)
    ours = {insee for insee, finess in owners.items() if cpts_id in finess}
    # Where a territory is made of arrondissements, they are communes of their own and the city is none.
    divided = select(CommuneRow.parent).where(col(CommuneRow.insee).in_(owners), col(CommuneRow.parent).is_not(None))
    split = set((await session.exec(divided.distinct())).all())
    here = (col(CommuneRow.parent).is_(None) & ~col(CommuneRow.insee).in_(split)) | col(CommuneRow.parent).in_(split)
    known = (await session.exec(select(CommuneRow).where(here).order_by(col(CommuneRow.name)))).all()
    return Claims(codes=sorted(ours), communes=list(_read_claimed(known, owners, ours)))


def _read_claimed(
    known: Sequence[CommuneRow], owners: Mapping[str, Sequence[str]], ours: Collection[str]
) -> Sequence[Claim]:
    departements = {each.departement for each in known if each.insee in ours}
    found = []
    for each in known:
        kind: Literal["ours", "overlap", "hole"] = "hole"
        if each.insee in ours:
            kind = "overlap" if len(owners[each.insee]) > 1 else "ours"
        elif each.insee in owners or each.departement not in departements:
            continue
        found.append(Claim(insee=each.insee, name=each.name, lat=each.lat, lon=each.lon, kind=kind))
    return found


async def read_followed_agendas(session: AsyncSession, cpts_id: str) -> list[FollowedAgenda]:
    """The agendas followed in a CPTS, the troubled ones first."""
    rows = (await run(session, FEEDS, cpts=cpts_id)).all()
    return [FollowedAgenda(who=row.who, read_at=row.read_at, error=row.error) for row in rows]
