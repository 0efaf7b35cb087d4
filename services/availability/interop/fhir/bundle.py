"""The answer to a search: slots that match, then once each what they refer to.

A bundle is bytes made of entries already written: the same slot is asked for again and again, unchanged, so each entry
is remembered by the values it says. Written anew each time, a search of 100 slots takes twice as long.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from urllib.parse import quote

from services.availability.interop.fhir import resources, terms
from services.availability.interop.fhir.query import Include, SlotQuery
from services.availability.interop.fhir.resources import Resource
from services.availability.interop.fhir.terms import Ig
from services.availability.interop.fhir.values import CptsValue, ScheduleValue, SlotValue

_NOT_OF_A_URL = re.compile(r"[^\w%:/?#\[\]@!$&'()*+,;=.~-]", re.ASCII)
_REMEMBERED = 20_000


def searchset(slots: Sequence[SlotValue], query: SlotQuery, *, base: str, ig: Ig) -> bytes:
    """The bundle for these slots, as JSON in UTF-8. `base`: the URL of the FHIR interface, without a final slash.

    `total` counts slots only, even beyond `_count`. Without a CPTS among them the bundle does not claim the CPTS
    profile, which demands one. Slots meant for CPTS alone appear in a search by CPTS only.
    """
    by_cpts = query.by_cpts
    visible = slots if by_cpts else [slot for slot in slots if slot.types != ("CPTS",)]
    page = visible[: query.count]
    territories = _territories(page) if by_cpts else []
    frame = {
        "resourceType": "Bundle",
        "meta": {"profile": [terms.BUNDLE_CPTS if territories else terms.BUNDLE]},
        "type": "searchset",
        "total": len(visible),
        "link": [{"relation": "self", "url": f"{base}/Slot?{_as_url(query.raw)}"}],
    }
    entries = [_slot(slot, base, by_cpts) for slot in page]
    entries += _iterate_included(page, territories, query, base, ig)
    if not entries:
        return _json(frame)
    return b'%b,"entry":[%b]}' % (_json(frame)[:-1], b",".join(entries))


def _iterate_included(
    slots: Sequence[SlotValue], territories: Iterable[CptsValue], query: SlotQuery, base: str, ig: Ig
) -> Iterator[bytes]:
    schedules = {slot.schedule.id: slot.schedule for slot in slots}
    people = {schedule.practitioner.id: schedule for schedule in schedules.values()}
    if Include.SCHEDULE in query.includes:
        yield from (_schedule(schedule, base) for schedule in schedules.values())
    if {Include.SCHEDULE, Include.ACTOR} <= query.includes:
        yield from (_practitioner(schedule, base) for schedule in people.values())
        yield from (_role(schedule, base) for schedule in schedules.values())
    for cpts in territories:
        yield _entry(base, resources.healthcare_service(cpts), "include")
        if Include.ORGANIZATION in query.includes:
            yield _entry(base, resources.organization(cpts, ig), "include")


def _territories(slots: Iterable[SlotValue]) -> list[CptsValue]:
    return list({cpts.id: cpts for slot in slots if "CPTS" in slot.types for cpts in slot.cpts}.values())


@lru_cache(_REMEMBERED)
def _slot(value: SlotValue, base: str, with_cpts: bool) -> bytes:
    return _entry(base, resources.slot(value, with_cpts=with_cpts), "match")


@lru_cache(_REMEMBERED)
def _schedule(value: ScheduleValue, base: str) -> bytes:
    return _entry(base, resources.schedule(value), "include")


@lru_cache(_REMEMBERED)
def _practitioner(value: ScheduleValue, base: str) -> bytes:
    return _entry(base, resources.practitioner(value.practitioner), "include")


@lru_cache(_REMEMBERED)
def _role(value: ScheduleValue, base: str) -> bytes:
    return _entry(base, resources.role(value), "include")


def _entry(base: str, resource: Resource, mode: str) -> bytes:
    url = f"{base}/{resource['resourceType']}/{resource['id']}"
    return _json({"fullUrl": url, "resource": resource, "search": {"mode": mode}})


def _as_url(raw: str) -> str:
    return _NOT_OF_A_URL.sub(lambda found: quote(found[0]), raw)


def _json(value: Resource) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
