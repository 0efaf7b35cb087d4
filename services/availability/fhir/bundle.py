"""The answer to a search: slots that match, then once each what they refer to."""

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from services.availability.fhir import resources, terms
from services.availability.fhir.query import Include, SlotQuery
from services.availability.fhir.resources import Resource
from services.availability.fhir.terms import Ig
from services.availability.fhir.values import CptsValue, SlotValue

_URL_CHARACTERS = "%:/?#[]@!$&'()*+,;=-._~"


def searchset(slots: Sequence[SlotValue], query: SlotQuery, *, base: str, ig: Ig) -> Resource:
    """The bundle for these slots. `base`: the URL of the FHIR interface, without a final slash.

    `total` counts slots only, even beyond `_count`. Without a CPTS among them the bundle does not claim the CPTS
    profile, which demands one. Slots meant for CPTS alone appear in a search by CPTS only.
    """
    visible = [slot for slot in slots if query.by_cpts or slot.types != ("CPTS",)]
    page = visible[: query.count]
    territories = _territories(page) if query.by_cpts else []
    entries = [_entry(base, resources.slot(slot, with_cpts=query.by_cpts), "match") for slot in page]
    entries += [_entry(base, included, "include") for included in _included(page, territories, query, ig)]
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [terms.BUNDLE_CPTS if territories else terms.BUNDLE]},
        "type": "searchset",
        "total": len(visible),
        "link": [{"relation": "self", "url": f"{base}/Slot?{quote(query.raw, safe=_URL_CHARACTERS)}"}],
        **({"entry": entries} if entries else {}),
    }


def _included(
    slots: Sequence[SlotValue], territories: Iterable[CptsValue], query: SlotQuery, ig: Ig
) -> Iterator[Resource]:
    schedules = {slot.schedule.id: slot.schedule for slot in slots}
    if Include.SCHEDULE in query.includes:
        yield from map(resources.schedule, schedules.values())
    if {Include.SCHEDULE, Include.ACTOR} <= query.includes:
        people = {schedule.practitioner.id: schedule.practitioner for schedule in schedules.values()}
        yield from map(resources.practitioner, people.values())
        yield from map(resources.role, schedules.values())
    for cpts in territories:
        yield resources.healthcare_service(cpts)
        if Include.ORGANIZATION in query.includes:
            yield resources.organization(cpts, ig)


def _territories(slots: Iterable[SlotValue]) -> list[CptsValue]:
    return list({cpts.id: cpts for slot in slots if "CPTS" in slot.types for cpts in slot.cpts}.values())


def _entry(base: str, resource: Resource, mode: str) -> Resource:
    url = f"{base}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}
