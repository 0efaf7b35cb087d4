"""What is known of the slots: one replica per CPTS of the availability service's live state, and its core slots."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import httpx
import structlog

from services.matching.engine.model import Mode, Point, Practitioner, Slot, SlotType
from services.matching.sameday.access import qualify
from services.matching.sameday.app.round.reconciling import LiveBooking
from services.matching.sameday.store.history import Seen
from shared.contracts import BookingState
from shared.live.follow import Replica, follow
from shared.refusals import Refusal
from shared.running.background import Background, Start

log = structlog.get_logger()
LOOK_AGAIN_S = 10.0
OPENED_AT_ONCE = 8
"""Streams: with hundreds of CPTS, all at once would wait for each other until they time out."""
WEEK_S = 7 * 86400
OF_PRACTITIONER = ("profession", "specialty", "qualifications")
"""What a core slot has of its practitioner: it is rebuilt when one of these changes, not with every patient served."""
NOTED = ("starts_at", "ends_at", "capacity", "modes", "types", "acts", "min_age", "max_age", "status")


class SlotsUnknown(Refusal):
    """Les créneaux ne sont pas encore connus ici : réessayez dans quelques secondes."""

    code = "slots_unknown"
    status = 503


def at_s(instant: str) -> int:
    """An instant of a live value, in whole seconds since the epoch."""
    return int(datetime.fromisoformat(instant).timestamp())


@dataclass(slots=True)
class Territory:
    """The replica of one CPTS. Values are replaced, never changed: a core slot is rebuilt only when its value is."""

    replica: Replica
    _slots: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...], Slot]] = field(default_factory=dict)

    def items(self, collection: str) -> dict[str, Any]:
        """One collection of the state, by id."""
        return self.replica.state.get(collection, {})

    def slots(self, now_at_s: int) -> list[Slot]:
        """The published slots that have not begun, in a fixed order; a hold that lapsed takes no place any more."""
        live = self.items("slots")
        for gone in self._slots.keys() - live.keys():
            del self._slots[gone]
        found = [self._slot(value, now_at_s) for value in live.values() if is_offered(value)]
        return sorted(
            (slot for slot in found if slot is not None and slot.starts_at_s > now_at_s), key=lambda slot: slot.id
        )

    def _slot(self, value: dict[str, Any], now_at_s: int) -> Slot | None:
        place = self.items("places").get(value["place_id"])
        practitioner = self.items("practitioners").get(value["practitioner_id"])
        if place is None or practitioner is None:
            return None
        known = self._slots.get(value["id"])
        who = tuple(str(practitioner.get(name)) for name in OF_PRACTITIONER)
        if known is None or known[0] is not value or known[1] is not place or known[2] != who:
            known = self._slots[value["id"]] = (value, place, who, core_slot(value, place, practitioner))
        slot, lapsed = known[3], count_lapsed_holds(value, now_at_s)
        return replace(slot, places=slot.places + lapsed) if lapsed else slot

    def news(self, noted: Mapping[str, Any]) -> tuple[list[Seen], dict[str, Any]]:
        """The slots that are not what was noted of them, and what to note now: whatever a booking does not change."""
        found, now = [], {}
        for key, value in sorted(self.items("slots").items()):
            slot, said = self._slot(value, 0), tuple(value[name] for name in NOTED)
            if slot is None:
                continue
            now[key] = said
            if noted.get(key) != said:
                opened = datetime.fromisoformat(value["fresh_at"])
                found.append(Seen(replace(slot, places=value["capacity"]), opened, closed=not is_offered(value)))
        return found, now

    def bookings(self) -> dict[str, LiveBooking]:
        """Every live booking, by id."""
        return {
            booking["id"]: LiveBooking(booking, slot)
            for slot in self.items("slots").values()
            for booking in slot["bookings"]
        }

    def practitioners(self, now_at_s: int) -> list[Practitioner]:
        """The ledgers and limits of the practitioners."""
        return [
            Practitioner(
                id=value["id"],
                served_4_weeks=value["served_4_weeks"],
                served_this_week=value["served_this_week"],
                week_cap=value["week_cap"],
                weeks_since_joining=max(0, (now_at_s - at_s(value["joined_at"])) // WEEK_S),
                paused=value["paused"],
                on_top_this_week=value.get("on_top_this_week", 0),
                on_top_limit=value.get("on_top_limit"),
            )
            for value in self.items("practitioners").values()
        ]


def is_offered(value: dict[str, Any]) -> bool:
    """Whether a slot may still be booked, by its status."""
    return bool(value["status"] == "published")


def count_lapsed_holds(value: dict[str, Any], now_at_s: int) -> int:
    """How many places of a slot are held past their time: the next hold frees them."""
    held = (booking["held_until"] for booking in value["bookings"] if booking["state"] == BookingState.HELD)
    return sum(until is not None and at_s(until) < now_at_s for until in held)


def core_slot(value: dict[str, Any], place: dict[str, Any], practitioner: dict[str, Any]) -> Slot:
    """A live slot as the core takes it."""
    return Slot(
        id=value["id"],
        practitioner=value["practitioner_id"],
        point=Point(place["lat"], place["lon"]),
        starts_at_s=at_s(value["starts_at"]),
        ends_at_s=at_s(value["ends_at"]),
        places=value["capacity"] - value["taken"],
        profession=practitioner["profession"],
        qualified=qualify(practitioner["profession"], practitioner.get("qualifications", ())),
        specialty=practitioner["specialty"],
        modes=frozenset(Mode(mode) for mode in value["modes"]),
        acts=frozenset(value["acts"]),
        min_age=value["min_age"],
        max_age=value["max_age"],
        types=frozenset(SlotType(kind) for kind in value["types"]),
        cpts=frozenset(value["audience"]),
        wheelchair=place["wheelchair"],
    )


class Territories:
    """Every CPTS that the availability service knows, followed."""

    def __init__(self, client: httpx.AsyncClient, background: Background, on_change: Callable[[str], None]) -> None:
        """`on_change` is told the CPTS whose slots changed."""
        self._client, self._background, self._on_change = client, background, on_change
        self._known: dict[str, Territory] = {}
        self._started: set[str] = set()
        self._turns = asyncio.Semaphore(OPENED_AT_ONCE)

    def __getitem__(self, cpts_id: str) -> Territory:
        """A CPTS whose slots are known; raises `SlotsUnknown`."""
        territory = self._known.get(cpts_id)
        if territory is None or not territory.replica.ready.is_set():
            raise SlotsUnknown(field="cpts_id", value=cpts_id)
        return territory

    def known(self, cpts_id: str) -> bool:
        """Whether the slots of a CPTS are known."""
        territory = self._known.get(cpts_id)
        return territory is not None and territory.replica.ready.is_set()

    def late(self, at_s: float) -> list[str]:
        """The CPTS whose slots may have changed unheard."""
        return sorted(key for key, each in self._known.items() if each.replica.late(at_s))

    def all_known(self) -> list[str]:
        """The CPTS whose slots are known by now."""
        return sorted(cpts_id for cpts_id, each in self._known.items() if each.replica.ready.is_set())

    @asynccontextmanager
    async def running(self, start: Callable[[str], None]) -> AsyncIterator["Territories"]:
        """Follow every CPTS while the context is open; `start` is told each one once its slots are known."""
        async with self._background.running() as begin:
            begin("territories", partial(self._look, begin, start))
            yield self

    async def _look(self, begin: Start, start: Callable[[str], None]) -> None:
        while True:
            for cpts_id in await self._list():
                if cpts_id not in self._known:
                    replica = Replica(cpts_id)
                    self._known[cpts_id] = Territory(replica)
                    note = partial(self._note_change, start)
                    begin(f"slots of {cpts_id}", partial(follow, self._client, replica, note, turns=self._turns))
            await asyncio.sleep(LOOK_AGAIN_S if self._known else 0.2)

    async def _list(self) -> list[str]:
        try:
            answer = (await self._client.get("/cpts")).raise_for_status().json()
        except (httpx.HTTPError, OSError) as error:
            log.info("territories_wait", error=type(error).__name__)
            return []
        return [cpts["id"] for cpts in answer]

    async def _note_change(self, start: Callable[[str], None], replica: Replica, _events: list[dict[str, Any]]) -> None:
        if replica.cpts_id not in self._started:
            self._started.add(replica.cpts_id)
            start(replica.cpts_id)
        self._on_change(replica.cpts_id)
