"""The line to the SAMU hub: AMQP 0-9-1 over mutual TLS. Whatever breaks, nothing is lost and nothing counts twice.

A message is acknowledged to the broker only after the transaction that settled it. What is to be sent stands in the
base until the broker has confirmed it: a crash in between sends it again, under the same number.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Never
from uuid import UUID

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, DeliveryError
from sqlalchemy import Row
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.hub import messages
from services.matching.hub.directory import HubDirectory
from services.matching.hub.intake import HubDesk
from services.matching.hub.messages import HubRefusal, Outgoing, ServedBy
from services.matching.hub.settings import HubSettings
from services.matching.hub.store import mail as hub_mail
from services.matching.hub.store.mail import post
from services.matching.hub.telling import news, slots_to_name
from services.matching.sameday.edges.availability import AvailabilityAway
from services.matching.sameday.store.tables import OUTBOX
from shared.db import AWAY, database_now, is_lost, set_scope
from shared.wiring import Wiring

log = structlog.get_logger()
BROKER_AWAY = (AMQPError, OSError, TimeoutError)
SOONEST_S, LATEST_S = 0.5, 30.0
AT_ONCE = 8
ANSWER_WITHIN_S = 10
LOOK_EVERY_S, GOODBYE_S = 5.0, 3.0
MOST_DELIVERIES = 5
"""A message whose settling was cut short so often is not tried again: it is answered with an error."""
TOO_OFTEN = "message: cannot be processed"


class LineBroken(AMQPError):
    """The line to the broker is of no use any more."""


class HubLine:
    """One installation's line to the hub."""

    def __init__(self, wiring: Wiring, desk: HubDesk, settings: HubSettings, directory: HubDirectory) -> None:
        """`settings` are complete (`HubSettings.missing`)."""
        self._wiring, self._desk, self._settings, self._directory = wiring, desk, settings, directory
        self._tls, self._pause_s = settings.tls(), SOONEST_S

    async def hold(self) -> Never:
        """Keep the line for ever; a broker that is away is called again, less and less often."""
        while True:
            # A task of its own: a line that breaks cancels whoever waits on it, which must not be taken for our end.
            attempt = asyncio.create_task(self._attempt())
            try:
                await _first_end(attempt)
            except (*BROKER_AWAY, *AWAY) as error:
                log.warning("hub_line_down", error=type(error).__name__)
            else:
                log.warning("hub_line_down", error="cut")
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, LATEST_S)

    async def _attempt(self) -> None:
        """Call the broker, and use the line until it breaks."""
        connection = await self._call()
        try:
            await self._serve(connection)
        finally:
            await asyncio.wait({asyncio.create_task(connection.close())}, timeout=GOODBYE_S)

    async def _call(self) -> AbstractConnection:
        return await aio_pika.connect(
            host=self._settings.host,
            port=self._settings.port,
            virtualhost=self._settings.vhost,
            ssl=True,
            ssl_context=self._tls,
            timeout=ANSWER_WITHIN_S,
            auth="EXTERNAL",
            heartbeat=self._settings.heartbeat_s,
        )

    async def _serve(self, connection: AbstractConnection) -> None:
        """Take in and send until the line breaks."""
        broken, arrived = asyncio.Event(), asyncio.Queue[AbstractIncomingMessage]()
        connection.close_callbacks.add(lambda *_: broken.set(), weak=False)
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.set_qos(prefetch_count=AT_ONCE)
        exchange = await self._exchange(channel)
        queue = await channel.get_queue(self._settings.own_queue, ensure=True)
        await queue.consume(arrived.put)
        log.info("hub_line_up", queue=queue.name)
        self._pause_s = SOONEST_S
        await _first_end(
            asyncio.create_task(_until_broken(broken, channel, queue)),
            asyncio.create_task(self._send_for_ever(exchange)),
            asyncio.create_task(self._take_for_ever(arrived)),
        )

    async def _exchange(self, channel: AbstractChannel) -> AbstractExchange:
        if not self._settings.exchange:
            return channel.default_exchange
        return await channel.get_exchange(self._settings.exchange, ensure=True)

    async def _take_for_ever(self, arrived: asyncio.Queue[AbstractIncomingMessage]) -> Never:
        while True:
            message = await arrived.get()
            if await self._settled(message):
                await message.ack()
            else:
                log.error("hub_message_refused", rule="an address to answer", bytes=len(message.body))
                await message.reject(requeue=False)

    async def _settled(self, message: AbstractIncomingMessage) -> bool:
        """Settle a message; false when there is nobody to answer. Waits for a database that is away."""
        pause_s, causes = SOONEST_S, list[str]()
        while True:
            try:
                return await (self._refuse(message, causes) if causes else self._settle(message))
            except AWAY as error:
                if not is_lost(error):
                    if causes:
                        return False
                    causes = [TOO_OFTEN]
                    continue
                log.warning("hub_message_waits", error=type(error).__name__)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LATEST_S)

    async def _settle(self, message: AbstractIncomingMessage) -> bool:
        try:
            sent = messages.parse_message(message.body)
            address = messages.read_address(sent)
        except HubRefusal:
            return False
        if message.redelivered and await self._came_too_often(address.distribution_id):
            return await self._refuse(message, [TOO_OFTEN])
        try:
            async with self._transaction() as session:
                answer, first = await self._desk.take_in(session, sent)
                if answer is not None and first:
                    await post(session, self._desk.cpts_id, answer)
        except HubRefusal as refusal:
            return await self._refuse(message, [f"{refusal.extra.get('field', 'message')}: {refusal.extra['rule']}"])
        await self._ring()
        return True

    async def _came_too_often(self, distribution_id: str) -> bool:
        # Committed by itself, so that a message that kills us is counted all the same.
        async with self._transaction() as session:
            return await hub_mail.count_delivery(session, distribution_id, self._desk.cpts_id) > MOST_DELIVERIES

    async def _refuse(self, message: AbstractIncomingMessage, causes: list[str]) -> bool:
        address = messages.read_address(messages.parse_message(message.body))
        async with self._transaction() as session:
            answer = await self._desk.refuse(session, address, causes)
            if answer is not None:
                await post(session, self._desk.cpts_id, answer)
        await self._ring()
        return True

    async def _ring(self) -> None:
        await self._wiring.bell.ring(OUTBOX.stream(self._desk.cpts_id))

    async def _send_for_ever(self, exchange: AbstractExchange) -> Never:
        async with self._wiring.bell.watch(OUTBOX.stream(self._desk.cpts_id)) as watch:
            while True:
                try:
                    await self._tell_news()
                    while await self._send_due(exchange):
                        pass
                except AWAY as error:
                    log.warning("hub_post_waits", error=type(error).__name__)
                await watch.wait(LOOK_EVERY_S)

    async def _tell_news(self) -> None:
        """Put the news of appointments into the post. No transaction waits for the directory."""
        async with self._transaction() as session:
            slots = await slots_to_name(session)
        served: dict[UUID, ServedBy | None] = {}
        try:
            for slot_id, cpts_id in slots.items():
                served[slot_id] = await self._directory.find_served(cpts_id, slot_id)
        except AvailabilityAway as away:
            log.warning("hub_news_waits", error=away.code)
        async with self._transaction() as session:
            await news(session, self._settings.regulator, served)

    async def _send_due(self, exchange: AbstractExchange) -> bool:
        """Send the oldest message that is due; false when there is none."""
        async with self._transaction() as session:
            row = await hub_mail.due(session, lease=timedelta(seconds=self._settings.lease_s))
            now = await database_now(session)
        if row is None:
            return False
        outgoing = Outgoing(row.recipient, row.kind, row.content, row.message_id)
        await self._send(exchange, row, outgoing, messages.envelope(outgoing, us=self._settings.sender, now=now))
        return True

    async def _send(self, exchange: AbstractExchange, row: Row[Any], outgoing: Outgoing, body: dict[str, Any]) -> None:
        """Send one message, forgotten once the broker has it; one that breaks the hub's schemas never leaves."""
        if faults := self._desk.schemas.faults(body, messages.read_received(body)):
            return await self._note_failure(row, "; ".join(faults), LATEST_S)
        key = self._settings.routing_key_of(outgoing)
        try:
            await exchange.publish(_message(body, outgoing.message_id), key, mandatory=True, timeout=ANSWER_WITHIN_S)
        except DeliveryError as error:
            return await self._note_failure(row, f"{type(error).__name__}: not taken by the broker", LATEST_S)
        except BROKER_AWAY as error:
            await self._note_failure(row, type(error).__name__, SOONEST_S)
            raise LineBroken(type(error).__name__) from error
        except asyncio.CancelledError:
            # The line broke under us: whoever is next need not wait for our lease to end.
            await self._note_failure(row, "cut short", SOONEST_S)
            raise
        async with self._transaction() as session:
            await hub_mail.forget_sent(session, row.id)
        return None

    async def _note_failure(self, row: Row[Any], error: str, pause_s: float) -> None:
        log.warning("hub_post_failed", message=str(row.message_id), error=error, tries=row.tries)
        async with self._transaction() as session:
            await hub_mail.note_failure(session, row.id, error, timedelta(seconds=pause_s))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        async with self._wiring.open_session() as session:
            await set_scope(session, self._desk.caller.scope)
            yield session


async def _until_broken(broken: asyncio.Event, channel: AbstractChannel, queue: AbstractQueue) -> Never:
    """Raises `LineBroken` once the line is closed, or the queue was taken away from under it."""
    while True:
        try:
            await asyncio.wait_for(broken.wait(), LOOK_EVERY_S)
        except TimeoutError:
            standing = await channel.declare_queue(queue.name, passive=True, timeout=ANSWER_WITHIN_S)
            if standing.declaration_result.consumer_count:
                continue
        raise LineBroken


async def _first_end(*tasks: asyncio.Task[Any]) -> None:
    """Wait for the first of the tasks to end and end the others; raises what they raised."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()):
            raise error


def _message(body: dict[str, Any], message_id: UUID) -> aio_pika.Message:
    return aio_pika.Message(
        json.dumps(body, ensure_ascii=False).encode(),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=str(message_id),
    )
