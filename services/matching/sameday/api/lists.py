"""What a form chooses from: communes, addresses."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from services.matching.engine.model import Point
from services.matching.sameday.app.intake import Form
from services.matching.sameday.edges.following import SlotsUnknown, Territories
from services.matching.sameday.edges.geocoder import Geocoder, GeocoderAway
from services.matching.sameday.edges.places import CommuneChoice, CommuneIndex, plain
from shared.http import CallerDep, SessionDep
from shared.http.parts import find_part
from shared.outside.asked import LINE, CptsId

routes = APIRouter(tags=["lists"])


@routes.get("/communes")
async def communes(
    request: Request,
    _caller: CallerDep,
    session: SessionDep,
    q: Annotated[str, Query(min_length=2, max_length=60), LINE],
) -> list[CommuneChoice]:
    """Communes whose name, former name or postal code starts with `q`, the largest first."""
    index = find_part(request, CommuneIndex)
    await index.refresh(session)
    return index.search(q)


class PlaceForm(Form):
    """What somebody typed, in the body: an address has no business in a log of requests."""

    cpts_id: CptsId
    q: Annotated[str, Field(min_length=2, max_length=200), LINE]


class PlaceChoice(BaseModel):
    """Somewhere to choose: a commune (`insee`), or an address with its point, to about 100 m."""

    name: str
    note: str = ""
    insee: str = ""
    lat: float
    lon: float
    address: bool = False


class Places(BaseModel):
    """What fits. `fallback`: nothing fits the whole text, these are the communes that it ends with.

    `addresses` says whether those could be looked for: "off" when no geocoder is configured.
    """

    places: list[PlaceChoice]
    addresses: Literal["on", "off", "away"]
    fallback: bool = False


@routes.post("/places")
async def places(request: Request, form: PlaceForm, caller: CallerDep, session: SessionDep) -> Places:
    """Communes that start with what was typed; when none does, addresses, or the communes that the text ends with."""
    caller.require_cpts(form.cpts_id)
    index = find_part(request, CommuneIndex)
    geocoder = find_part(request, Geocoder)
    territories = find_part(request, Territories)
    state: Literal["on", "off", "away"] = "on" if geocoder.configured else "off"
    await index.refresh(session)
    # Nobody else's answer is waited for with a connection in hand.
    await session.commit()
    if communes := index.search(form.q):
        return Places(places=[_commune(each) for each in communes], addresses=state)
    try:
        found = await geocoder.search(form.q, near=_middle(territories, form.cpts_id))
    except GeocoderAway:
        found, state = [], "away"
    if found:
        known = [each.insee if index.knows(each.insee) else "" for each in found]
        return Places(
            places=[
                PlaceChoice(name=each.label, insee=insee, lat=each.lat, lon=each.lon, address=True)
                for each, insee in zip(found, known, strict=True)
            ],
            addresses=state,
        )
    words = plain(form.q).split()
    for first in range(1, len(words)):
        if communes := index.search(" ".join(words[first:])):
            break
    return Places(places=[_commune(each) for each in communes], addresses=state, fallback=True)


def _commune(each: CommuneChoice) -> PlaceChoice:
    note = " · ".join(filter(None, [each.known_as, each.postal_codes[0] if each.postal_codes else each.departement]))
    return PlaceChoice(name=each.name, note=note, insee=each.insee, lat=each.lat, lon=each.lon)


def _middle(territories: Territories, cpts_id: str) -> Point | None:
    """The middle of a territory's places, to about 1 km: addresses there come first."""
    try:
        there = list(territories[cpts_id].items("places").values())
    except SlotsUnknown:
        there = []
    if not there:
        return None
    return Point(
        round(sum(each["lat"] for each in there) / len(there), 2),
        round(sum(each["lon"] for each in there) / len(there), 2),
    )
