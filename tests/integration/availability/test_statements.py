"""How many statements each operation takes: as many as docs/booking-path.md says, not one more."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.auth import Role
from shared.http.parts import read_parts
from shared.wiring import Wiring
from tests.builders import MORNING, NEIGHBOUR, Service, Territory, a_hold, a_slot, a_territory, slots_order
from tests.statements import counted, documented

PATIENT = {"patient": {"name": "ESSAI-PATIENT", "phone": "0600000000"}}
Operation = Callable[["Counter"], Awaitable[httpx.Response]]


class Counter:
    """A matching service's hands, and slots enough."""

    def __init__(self, service: Service, territory: Territory, machine: httpx.AsyncClient) -> None:
        """On a territory whose practitioner was counted today already."""
        self.service, self.territory, self.machine = service, territory, machine
        self._hours = 2

    async def slot(self, **more: Any) -> dict[str, Any]:
        """A slot that nobody had yet."""
        self._hours += 1
        at = (MORNING + timedelta(hours=self._hours)).isoformat()
        return await a_slot(self.machine, self.territory, starts_at=at, **more)

    async def held(self, **more: Any) -> dict[str, Any]:
        """A hold."""
        return await a_hold(self.machine, await self.slot(**more))

    async def confirmed(self) -> dict[str, Any]:
        """A firm booking."""
        held = await self.held()
        answer: dict[str, Any] = (await self.machine.post(f"/bookings/{held['id']}/confirmation")).json()
        return answer

    async def post(self, path: str, body: Any = None, **headers: str) -> Callable[[], Awaitable[httpx.Response]]:
        """What is counted once everything is ready."""

        async def ask() -> httpx.Response:
            return await self.machine.post(path, json=body, headers=headers)

        return ask


@pytest.fixture
async def counter(service: Service, territory: Territory) -> Counter:
    await a_territory(service.settings, NEIGHBOUR, practitioners=1)
    counter = Counter(service, territory, await service.machine())
    await counter.confirmed()
    return counter


async def hold(counter: Counter, **more: Any) -> Any:
    return await counter.post(f"/slots/{(await counter.slot(**more))['id']}/bookings", {"request_id": "r"})


async def shared_hold(counter: Counter) -> Any:
    return await hold(counter, audience=[NEIGHBOUR])


async def hold_by_key(counter: Counter) -> Any:
    body = {"request_id": "r"}
    return await counter.post(f"/slots/{(await counter.slot())['id']}/bookings", body, **{"idempotency-key": "k"})


async def hold_too_late(counter: Counter) -> Any:
    slot = await counter.slot()
    await a_hold(counter.machine, slot)
    return await counter.post(f"/slots/{slot['id']}/bookings", {"request_id": "another"})


async def hold_again(counter: Counter) -> Any:
    slot = await counter.slot()
    await a_hold(counter.machine, slot, "r")
    return await counter.post(f"/slots/{slot['id']}/bookings", {"request_id": "r"})


async def confirm(counter: Counter) -> Any:
    return await counter.post(f"/bookings/{(await counter.held())['id']}/confirmation", PATIENT)


async def shared_confirm(counter: Counter) -> Any:
    await counter.machine.post(f"/bookings/{(await counter.held(audience=[NEIGHBOUR]))['id']}/confirmation")
    return await counter.post(f"/bookings/{(await counter.held(audience=[NEIGHBOUR]))['id']}/confirmation", PATIENT)


async def confirm_again(counter: Counter) -> Any:
    return await counter.post(f"/bookings/{(await counter.confirmed())['id']}/confirmation", PATIENT)


async def release(counter: Counter) -> Any:
    return await counter.post(f"/bookings/{(await counter.held())['id']}/release")


async def cancel(counter: Counter) -> Any:
    return await counter.post(f"/bookings/{(await counter.confirmed())['id']}/cancellation", {"reason": "essai"})


async def honoured(counter: Counter) -> Any:
    return await counter.post(f"/bookings/{(await counter.confirmed())['id']}/honoured")


async def batch_of_holds(counter: Counter) -> Any:
    ids = [(await counter.slot())["id"] for _ in range(12)]
    return await counter.post("/bookings/batch", {"hold": [{"slot_id": each, "request_id": "r"} for each in ids]})


async def batch_of_everything(counter: Counter) -> Any:
    free = [(await counter.slot())["id"] for _ in range(4)]
    firm, given = [(await counter.held())["id"] for _ in range(4)], [(await counter.confirmed())["id"]]
    orders = {
        "hold": [{"slot_id": each, "request_id": "r", "confirm": True, **PATIENT} for each in free],
        "confirm": [{"booking_id": each, **PATIENT} for each in firm],
        "release": [{"booking_id": each, "reason": "essai"} for each in given],
    }
    return await counter.post("/bookings/batch", orders)


async def publish(counter: Counter) -> Any:
    at = (MORNING + timedelta(days=10)).isoformat()
    return await counter.post("/slots", slots_order(counter.territory, starts_at=at, minutes=10, count=60))


async def publish_shared(counter: Counter) -> Any:
    at = (MORNING + timedelta(days=12)).isoformat()
    order = slots_order(counter.territory, starts_at=at, minutes=10, count=60, audience=[NEIGHBOUR])
    return await counter.post("/slots", order)


OPERATIONS = {
    "hold": hold,
    "hold, slot shown to a second CPTS": shared_hold,
    "hold with an Idempotency-Key": hold_by_key,
    "hold refused: the slot is full": hold_too_late,
    "hold said again": hold_again,
    "confirm, with the patient": confirm,
    "confirm, slot shown to a second CPTS": shared_confirm,
    "confirm said again": confirm_again,
    "release a hold": release,
    "cancel a confirmed place": cancel,
    "say that the patient came": honoured,
    "batch: 12 holds": batch_of_holds,
    "batch: 4 held and confirmed, 4 confirmed, 1 given back": batch_of_everything,
    "publish 60 slots": publish,
    "publish 60 slots, shown to a second CPTS": publish_shared,
}


async def test_each_operation_takes_the_statements_that_the_page_grants_it(counter: Counter) -> None:
    taken = {}
    for name, prepare in OPERATIONS.items():
        ask = await prepare(counter)
        with counted(read_parts(counter.service.app)[Wiring].engine) as sent:
            answer = await ask()
        assert answer.is_success or "refused" in name, answer.text
        taken[name] = len(sent)
    granted = documented("availability")
    differ = {name: (taken.get(name), granted.get(name)) for name in taken.keys() | granted.keys()}
    assert {name: pair for name, pair in differ.items() if pair[0] != pair[1]} == {}


async def test_a_person_takes_one_more_to_be_known(service: Service, counter: Counter) -> None:
    pharmacist = await service.person(Role.PHARMACIST)
    slot = await counter.slot()
    with counted(read_parts(service.app)[Wiring].engine) as sent:
        held = await a_hold(pharmacist, slot)
    assert len(sent) == documented("availability")["hold"] + 1
    with counted(read_parts(service.app)[Wiring].engine) as sent:
        await pharmacist.post(f"/bookings/{held['id']}/confirmation", json=PATIENT)
    assert len(sent) == documented("availability")["confirm, with the patient"] + 1
