"""The line to the SAMU hub over a real broker: each message counts once, whatever breaks."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError
from sqlalchemy import text

from services.cli.hub import line_of
from services.matching.hub.directory import HubDirectory
from services.matching.hub.settings import HubSettings
from services.matching.hub.transport import HubLine
from services.matching.sameday.edges.availability import client_for
from shared.db import Scope, run, set_scope
from shared.settings import Settings
from shared.wiring import Wiring, running, wire
from tests.authority import Authority
from tests.broker.rabbitmq import VHOST, Broker
from tests.broker.rabbitmq import running as running_broker
from tests.builders import CPTS
from tests.hub_cases import SAMU, a_case, a_message, said
from tests.towns import with_communes

pytestmark = [pytest.mark.rabbitmq, pytest.mark.reference]
US = "fr.health.test.cpts"
WITHIN_S = 60
BOOK = (
    "update matching.request set state = :state, slot_id = id, booking_id = id, changed_at = common.now(),"
    " starts_at = '2026-11-24T10:00:00Z'"
)


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    async with running_broker(tmp_path_factory.mktemp("rabbitmq"), (US, SAMU)) as started:
        yield started


class Samu:
    """Someone else at the hub, with queues of their own; and the base behind us."""

    def __init__(self, broker: Broker, wiring: Wiring, settings: HubSettings, directory: HubDirectory) -> None:
        self.broker, self.wiring, self.settings, self.directory = broker, wiring, settings, directory

    def line(self, **changes: Any) -> HubLine:
        return line_of(self.wiring, self.settings.model_copy(update=changes), self.directory)

    @asynccontextmanager
    async def held(self, **changes: Any) -> AsyncIterator[None]:
        """Our line, held while the context is open."""
        task = asyncio.create_task(self.line(**changes).hold())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
        assert task.cancelled(), task.exception()

    async def send(self, *messages: dict[str, Any] | bytes, to: str = f"{US}.message") -> None:
        """Put messages into our queue, as the hub would."""
        async with await self.broker.connect(SAMU) as connection:
            channel = await connection.channel()
            for each in messages:
                body = each if isinstance(each, bytes) else json.dumps(each).encode()
                message = aio_pika.Message(body, content_type="application/json", delivery_mode=2)
                await channel.default_exchange.publish(message, to)

    async def next(self, queue: str = f"{SAMU}.ack") -> AbstractIncomingMessage:
        """The next message of a queue; waits for it."""
        async with asyncio.timeout(WITHIN_S), await self.broker.connect(SAMU) as connection:
            channel = await connection.channel()
            standing = await channel.get_queue(queue, ensure=False)
            while (message := await standing.get(fail=False)) is None:
                await asyncio.sleep(0.02)
            await message.ack()
            return message

    async def said(self, queue: str = f"{SAMU}.ack") -> dict[str, Any]:
        """What the next message of a queue says."""
        envelope: dict[str, Any] = json.loads((await self.next(queue)).body)
        return envelope

    async def left(self, queue: str) -> int:
        """How many messages stand in a queue for whoever comes."""
        async with await self.broker.connect(SAMU) as connection:
            channel = await connection.channel()
            return (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the base answers."""
        async with self.wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({"*"})))
            found = await run(session, text(statement), **values)
            return list(found.all())

    async def change(self, statement: str, **values: Any) -> None:
        """Change what stands in the base, and ring as whoever changes a request does."""
        await self.rows(statement, **values)
        await self.wiring.bell.ring(f"matching:{CPTS}")

    async def until(self, statement: str, holds: Callable[[list[Any]], bool]) -> list[Any]:
        """The base's answer, once it is as expected."""
        async with asyncio.timeout(WITHIN_S):
            while not holds(rows := await self.rows(statement)):
                await asyncio.sleep(0.02)
        return rows


@pytest.fixture
async def samu(settings: Settings, reference: Path, broker: Broker) -> AsyncIterator[Samu]:
    certificate, key = broker.issued[US]
    hub = HubSettings(
        schemas=reference / "samu-hub" / "json-schema",
        sender=US,
        cpts=CPTS,
        regulator_name="Essai",
        regulator_first_name="Une",
        regulator_email="regulation@exemple.invalid",
        host="127.0.0.1",
        port=broker.port,
        vhost=VHOST,
        exchange="",
        routing_key="{recipient}.{queue}",
        certificate=certificate,
        key=key,
        issuers=broker.authority.certificate,
    )
    await emptied(broker)
    async with running(wire("matching", await with_communes(settings))) as wiring, client_for(settings) as client:
        yield Samu(broker, wiring, hub, HubDirectory(client))


async def emptied(broker: Broker) -> None:
    async with await broker.connect(SAMU) as connection:
        channel = await connection.channel()
        for name in ("dead", "dispatch", f"{US}.message", *(f"{SAMU}.{kind}" for kind in ("message", "ack", "info"))):
            await (await channel.get_queue(name, ensure=False)).purge()


async def test_a_case_becomes_a_request_and_is_acknowledged(samu: Samu) -> None:
    message = a_message(a_case())
    async with samu.held():
        await samu.send(message)
        answer = await samu.next()
        await samu.until("select 1 from matching.hub_outgoing", lambda rows: not rows)
    assert (answer.content_type, answer.delivery_mode) == ("application/json", 2)
    assert said(json.loads(answer.body))["reference"]["distributionID"] == message["distributionID"]
    ((source, cpts),) = await samu.rows("select source, cpts_id from matching.request")
    assert (source, cpts) == ("sas", CPTS)


async def test_a_message_that_comes_twice_counts_once(samu: Samu) -> None:
    message, last = a_message(a_case()), a_message(a_case(perimeter="AMU"))
    async with samu.held():
        await samu.send(message, message, last)
        assert said(await samu.said())["reference"]["distributionID"] == message["distributionID"]
        assert said(await samu.said())["reference"] == {
            "distributionID": last["distributionID"],
            "step": "INTEGRE",
            "refused": True,
        }
    assert len(await samu.rows("select 1 from matching.request")) == 1


async def test_what_is_wrong_is_answered_and_what_nobody_sent_is_laid_aside(samu: Samu) -> None:
    wrong, bent = a_message(a_case(creation="hier")), a_message(a_case())
    del bent["content"]
    good = a_message(a_case())
    async with samu.held():
        await samu.send(b"\xff{", b"[" * 50_000, {"senderID": "nobody at all"}, wrong, bent, good)
        first, second = said(await samu.said(f"{SAMU}.info")), said(await samu.said(f"{SAMU}.info"))
        assert said(await samu.said())["reference"]["distributionID"] == good["distributionID"]
    assert first["error"]["referencedDistributionID"] == wrong["distributionID"]
    assert first["error"]["errorCode"]["statusCode"] == 300
    assert second["error"]["referencedDistributionID"] == bent["distributionID"]
    assert await samu.left("dead") == 3
    assert len(await samu.rows("select 1 from matching.request")) == 1


async def test_a_message_that_always_fails_is_answered_in_the_end(samu: Samu) -> None:
    message = a_message(a_case())
    remembered = "insert into matching.hub_message (distribution_id, cpts_id, at, deliveries, settled)"
    await samu.rows(f"{remembered} values (:id, '{CPTS}', common.now(), 5, false)", id=message["distributionID"])
    await samu.send(message)
    async with await samu.broker.connect(SAMU) as connection:  # taken, and never settled: as if we had crashed
        channel = await connection.channel()
        await (await channel.get_queue(f"{US}.message", ensure=False)).get()
    async with samu.held():
        error = said(await samu.said(f"{SAMU}.info"))["error"]
    assert error["referencedDistributionID"] == message["distributionID"]
    assert await samu.rows("select 1 from matching.request") == []


async def test_an_appointment_is_told_and_so_is_its_end(samu: Samu) -> None:
    async with samu.held():
        await samu.send(a_message(a_case()))
        await samu.next()
        await samu.change(BOOK, state="confirmed")
        told = [said(await samu.said(f"{SAMU}.message"))["appointment"]]
        undo = "update matching.request set state = 'open', slot_id = null, booking_id = null, starts_at = null"
        await samu.change(f"{undo}, changed_at = common.now()")
        told.append(said(await samu.said(f"{SAMU}.message"))["appointment"])
    assert [each["status"] for each in told] == ["booked", "cancelled"]
    assert [each["method"] for each in told] == ["CreateAppointment", "UpdateAppointment"]
    assert told[0]["start"] == told[1]["start"] == "2026-11-24T11:00:00+01:00"


async def test_what_cannot_be_delivered_waits_and_holds_up_nobody_else(samu: Samu) -> None:
    stranger = {**a_message(a_case()), "senderID": "fr.health.test.unknown"}
    async with samu.held():
        await samu.send(stranger, a_message(a_case()))
        await samu.next()
        waiting = await samu.until(
            "select recipient, error from matching.hub_outgoing",
            lambda rows: [bool(each.error) for each in rows] == [True],
        )
    assert [each.recipient for each in waiting] == ["fr.health.test.unknown"]


async def test_with_a_hub_in_between_we_publish_under_our_own_name(samu: Samu) -> None:
    async with samu.held(exchange="hubsante", routing_key="{sender}"):
        await samu.send(a_message(a_case()))
        answer = await samu.next("dispatch")
    assert (answer.exchange, answer.routing_key) == ("hubsante", US)


async def test_the_broker_and_we_both_show_a_certificate(samu: Samu, broker: Broker, tmp_path: Path) -> None:
    nobody = ssl.create_default_context(cafile=str(broker.authority.certificate))
    with pytest.raises((AMQPError, OSError)):
        await broker.connect_with(nobody)
    other = Authority(tmp_path, "autre")
    stranger = ssl.create_default_context(cafile=str(broker.authority.certificate))
    stranger.load_cert_chain(*other.issue(US, "CLIENT"))
    with pytest.raises((AMQPError, OSError)):
        await broker.connect_with(stranger)
    with pytest.raises(AMQPError, match="CERTIFICATE_VERIFY_FAILED"):
        await broker.connect_with(samu.settings.model_copy(update={"issuers": other.certificate}).tls())


async def test_a_broker_that_is_killed_loses_nothing_and_doubles_nothing(samu: Samu) -> None:
    cases = [a_message(a_case()) for _ in range(30)]
    acknowledged: dict[str, str] = {}

    async def hear() -> None:
        answer = await samu.said()
        acknowledged.setdefault(answer["distributionID"], said(answer)["reference"]["distributionID"])

    await samu.send(*cases)
    async with samu.held(lease_s=5):
        await hear()
        await samu.broker.kill()
        await samu.rows(BOOK + " where id = (select request_id from matching.hub_case limit 1)", state="confirmed")
        await samu.broker.start()
        while len(acknowledged) < len(cases):
            await hear()
        appointment = said(await samu.said(f"{SAMU}.message"))["appointment"]
        await samu.until("select 1 from matching.hub_outgoing", lambda rows: not rows)
    assert sorted(acknowledged.values()) == sorted(each["distributionID"] for each in cases)
    assert appointment["status"] == "booked"
    assert len(await samu.rows("select 1 from matching.request")) == len(cases)
    assert await samu.left(f"{US}.message") == 0


async def test_our_own_process_may_run_twice(samu: Samu) -> None:
    cases = [a_message(a_case()) for _ in range(10)]
    async with samu.held(), samu.held():
        await samu.send(*cases)
        heard = [said(await samu.said())["reference"]["distributionID"] for _ in cases]
        await samu.until("select 1 from matching.hub_outgoing", lambda rows: not rows)
    assert sorted(heard) == sorted(each["distributionID"] for each in cases)
    assert await samu.left(f"{SAMU}.ack") == 0
