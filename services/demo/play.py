"""Plays a drawn day through the HTTP API, at the speed of the clock: publishes, asks, cancels, comes or does not."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from services.demo.days import OPENS, Asking, DemoDay, DemoPublication, at
from services.demo.register import DemoSeeker, fill_register
from services.demo.territories import DemoTerritory
from shared.contracts import ON_THE_BOARD, RequestState
from shared.db.clock import Clock
from shared.live.follow import Replica

ASKS_AS = {"sas": "regulator", "practice": "coordinator", "pharmacy": "pharmacist", "ehpad": "coordinator"}


@dataclass(slots=True)
class Actors:
    """Clients of the API: a machine, and one signed in for each role that asks."""

    machine: httpx.AsyncClient
    people: dict[str, httpx.AsyncClient]
    refused: Counter[str] = field(default_factory=Counter)

    async def send(self, client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> dict[str, Any] | None:
        """The answer, or None when it is a refusal or nobody answers: counted, as a person would note it."""
        try:
            answer = await client.request(method, path, json=body)
        except httpx.HTTPError as lost:
            self.refused[type(lost).__name__] += 1
            return None
        if answer.is_success:
            return answer.json() if answer.content else {}
        self.refused[answer.json().get("code", str(answer.status_code))] += 1
        return None


@dataclass(slots=True)
class Player:
    """One territory's day, being played. `requests` is the copy that the websocket keeps."""

    territory: DemoTerritory
    clock: Clock
    actors: Actors
    requests: Replica
    tasks: asyncio.TaskGroup
    asked: dict[str, Asking] = field(default_factory=dict)
    ends: dict[str, datetime] = field(default_factory=dict)
    acted: set[str] = field(default_factory=set)

    async def play(self, day: DemoDay) -> None:
        """Play every event of the day at its time, then return; what follows from them goes on."""
        ids = await self._directory()
        await self._close_yesterday(day)
        events: list[DemoPublication | Asking] = sorted([*day.publications, *day.askings], key=lambda event: event.at)
        for event in events:
            await self.until(event.at)
            if isinstance(event, DemoPublication):
                self._start(self._publish(event, ids))
            else:
                self._start(self._ask(event))

    async def register(self, room: dict[str, int], seekers: list[DemoSeeker]) -> None:
        """Enter who looks for a médecin traitant, and how many new patients doctors take (`room`, by RPPS number)."""
        ids = await self._directory()
        by_id = {ids[rpps][0]: places for rpps, places in room.items() if rpps in ids}
        await fill_register(self.actors.people["coordinator"], self.territory, by_id, seekers, now=self.clock.now())

    async def until(self, instant: datetime) -> None:
        """Wait until the clock of the demonstration shows `instant`."""
        await asyncio.sleep(max(0.0, self.clock.real_s(instant - self.clock.now())))

    async def follow_up(self, _replica: Replica, events: list[dict[str, Any]]) -> None:
        """What patients do once they have an appointment: cancel, come, or not come."""
        for event in events:
            value = event["value"]
            if value and value["state"] == RequestState.CONFIRMED and value["id"] not in self.acted:
                asking = self.asked.get(value["id"])
                if asking is not None:
                    self.acted.add(value["id"])
                    self._start(self._after_confirmation(asking, value))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.create_task(work)

    async def _close_yesterday(self, day: DemoDay) -> None:
        """The coordination settles, with a reason, what the days before left on the board."""
        await self.requests.ready.wait()
        opening = at(day.date, OPENS)
        for request in list(self.requests.state.get("requests", {}).values()):
            left = RequestState(request["state"]) in ON_THE_BOARD
            if left and datetime.fromisoformat(request["submitted_at"]) < opening:
                path = f"/matching/requests/{request['id']}/closure"
                await self.actors.send(self.actors.people["coordinator"], "POST", path, {"reason": "no_solution"})

    async def _directory(self) -> dict[str, tuple[str, str]]:
        found = await self.actors.machine.get("/availability/directory", params={"cpts": self.territory.finess})
        people = found.raise_for_status().json()["practitioners"]
        return {person["rpps"]: (person["id"], person["places"][0]["id"]) for person in people if person["places"]}

    async def _publish(self, event: DemoPublication, ids: dict[str, tuple[str, str]]) -> None:
        practitioner_id, place_id = ids[event.practitioner.rpps]
        order = {
            "practitioner_id": practitioner_id,
            "place_id": place_id,
            "starts_at": event.starts_at.isoformat(),
            "minutes": 15,
            "count": event.count,
            "modes": list(event.modes),
            "types": ["CPTS"],
        }
        published = await self.actors.send(self.actors.machine, "POST", "/availability/slots", order)
        if published is None:
            return
        self.ends |= {slot["id"]: datetime.fromisoformat(slot["ends_at"]) for slot in published["slots"]}
        if event.withdrawn_after is not None:
            await self.until(event.at + event.withdrawn_after)
            slot_id = published["slots"][-1]["id"]
            order = {"reason": "urgence au cabinet", "booked": "cancel"}
            await self.actors.send(self.actors.machine, "POST", f"/availability/slots/{slot_id}/withdrawal", order)

    async def _ask(self, asking: Asking) -> None:
        form: dict[str, Any] = {
            "cpts_id": self.territory.finess,
            "insee": asking.town.insee,
            "urgency": asking.urgency,
            "motive": asking.motive,
            "age": asking.age,
            "own_transport": asking.own_transport,
            "max_travel_minutes": asking.max_travel_minutes,
            "source": asking.source,
            "board": True,
        }
        if asking.at_counter:
            form["answer_by"] = self.clock.now().isoformat()
        client = self.actors.people[ASKS_AS[asking.source]]
        request = await self.actors.send(client, "POST", "/matching/requests", form)
        if request is not None:
            self.asked[request["id"]] = asking

    async def _after_confirmation(self, asking: Asking, value: dict[str, Any]) -> None:
        ends_at = self.ends.get(value["slot_id"])
        if ends_at is None:
            return
        if asking.cancels_after is not None:
            await self.until(min(self.clock.now() + asking.cancels_after, ends_at - timedelta(minutes=20)))
            client = self.actors.people[ASKS_AS[asking.source]]
            await self.actors.send(
                client, "POST", f"/matching/requests/{value['id']}/cancellation", {"reason": "patient"}
            )
            return
        await self.until(ends_at)
        became = "honoured" if asking.comes else "no-show"
        booking_id = self.requests.state.get("requests", {}).get(value["id"], value)["booking_id"]
        if booking_id:
            await self.actors.send(self.actors.machine, "POST", f"/availability/bookings/{booking_id}/{became}")
