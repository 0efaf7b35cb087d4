"""What the live protocol promises, over real sockets."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from shared.settings import Settings
from tests.live.client import calling, events_until, snapshot, socket, ticket
from tests.live.probe import CPTS, build, prepare
from tests.serving import serving


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    await prepare(settings)
    async with serving(build(settings)) as url, calling(url) as opened:
        yield opened


async def change(client: httpx.AsyncClient, key: str, **value: object) -> None:
    (await client.post(f"/things/{key}", json=value)).raise_for_status()


async def test_a_change_is_pushed_after_the_snapshot_it_continues(client: httpx.AsyncClient) -> None:
    await change(client, "a", n=1)
    start = await snapshot(client)
    assert start["state"] == {"things": {"a": {"n": 1}}}
    async with socket(client, epoch=start["epoch"], after=start["seq"]) as opened:
        await change(client, "a", n=2)
        (event,) = await events_until(opened, start["seq"] + 1, after=start["seq"])
    assert (event["seq"], event["id"], event["value"]) == (start["seq"] + 1, "a", {"n": 2})


async def test_what_was_missed_is_replayed_without_a_gap(client: httpx.AsyncClient) -> None:
    start = await snapshot(client)
    await asyncio.gather(*(change(client, f"k{n}", n=n) for n in range(30)))
    async with socket(client, epoch=start["epoch"], after=start["seq"]) as opened:
        events = await events_until(opened, start["seq"] + 30, after=start["seq"])
    assert [event["seq"] for event in events] == list(range(start["seq"] + 1, start["seq"] + 31))


async def test_what_a_viewer_may_not_see_is_left_out_and_leaves_no_gap(client: httpx.AsyncClient) -> None:
    await change(client, "a", n=1)
    start = await snapshot(client)
    await change(client, "a", n=2, secret=True)
    await change(client, "b", n=3)
    async with socket(client, epoch=start["epoch"], after=start["seq"]) as opened:
        hidden, shown = await events_until(opened, start["seq"] + 2, after=start["seq"])
    assert hidden == {"seq": start["seq"] + 1, "at": hidden["at"], "type": "hidden.v1", "collection": "things",
                      "id": "a", "value": None, "detail": {}}  # fmt: skip
    assert shown["value"] == {"n": 3}
    assert (await snapshot(client))["state"] == {"things": {"b": {"n": 3}}}


@pytest.mark.parametrize(("epoch", "shift"), [("another", 0), (None, 5)], ids=["another history", "ahead of the log"])
async def test_a_client_of_another_history_is_told_to_start_again(
    client: httpx.AsyncClient, epoch: str | None, shift: int
) -> None:
    start = await snapshot(client)
    async with socket(client, epoch=epoch or start["epoch"], after=start["seq"] + shift) as opened:
        assert "reset" in json.loads(await opened.recv())
        with pytest.raises(ConnectionClosed):
            await opened.recv()
    assert opened.close_code == 4409


async def test_a_client_behind_the_kept_history_is_told_to_start_again(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    start = await snapshot(client)
    for n in range(3):
        await change(client, "a", n=n)
    engine = create_async_engine(settings.database_url.get_secret_value())
    async with engine.begin() as connection:
        await connection.execute(text("delete from probe.event where seq <= 2"))
    await engine.dispose()
    async with socket(client, epoch=start["epoch"], after=start["seq"]) as opened:
        assert json.loads(await opened.recv())["reset"] == "history"


async def test_a_ticket_opens_one_socket_only(client: httpx.AsyncClient) -> None:
    start, once = await snapshot(client), await ticket(client)
    where = f"{client.base_url}/live?cpts={CPTS}&epoch={start['epoch']}&after={start['seq']}".replace("http", "ws", 1)
    async with connect(where) as first, connect(where) as second:
        await first.send(json.dumps({"ticket": once}))
        assert json.loads(await first.recv())["events"] == []
        await second.send(json.dumps({"ticket": once}))
        with pytest.raises(ConnectionClosed):
            await second.recv()
    assert second.close_code == 4401


@pytest.mark.parametrize("first", ["{}", "not json", '{"ticket": "guess"}', '["ticket"]'])
async def test_a_socket_without_a_valid_ticket_is_closed(client: httpx.AsyncClient, first: str) -> None:
    where = f"{client.base_url}/live?cpts={CPTS}&epoch=e&after=0".replace("http", "ws", 1)
    async with connect(where) as opened:
        await opened.send(first)
        with pytest.raises(ConnectionClosed):
            await opened.recv()
    assert opened.close_code == 4401


async def test_a_page_of_another_site_cannot_open_a_socket(client: httpx.AsyncClient) -> None:
    where = f"{client.base_url}/live?cpts={CPTS}&epoch=e&after=0".replace("http", "ws", 1)
    with pytest.raises(InvalidStatus) as refused:
        async with connect(where, origin="https://elsewhere.example"):  # type: ignore[arg-type]
            raise AssertionError("the handshake succeeded")
    assert refused.value.response.status_code == httpx.codes.FORBIDDEN


async def last_position(opened: ClientConnection, seq: int) -> int:
    """Read what still comes before the connection ends, and answer where that leaves the client."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            seq = json.loads(await opened.recv())["seq"]
    return seq


async def test_a_stalled_client_delays_nobody_and_resumes_where_it_was(client: httpx.AsyncClient) -> None:
    start = await snapshot(client)
    place = {"epoch": start["epoch"], "after": start["seq"]}
    padding = "x" * 60_000  # fills the buffers of the system between the two
    async with (
        socket(client, **place, max_queue=1, ping_interval=None, max_size=None) as stalled,
        socket(client, **place, max_size=None) as healthy,
    ):
        received = asyncio.create_task(events_until(healthy, start["seq"] + 300, after=start["seq"]))
        for n in range(300):
            await change(client, "a", n=n, padding=padding)
        async with asyncio.timeout(10):
            assert len(await received) == 300
        seq = await last_position(stalled, start["seq"])
    assert seq < start["seq"] + 300, "the stalled client was cut off before the end"
    async with socket(client, epoch=start["epoch"], after=seq, max_size=None) as resumed:
        rest = await events_until(resumed, start["seq"] + 300, after=seq)
    assert rest[-1]["value"]["n"] == 299


async def test_a_server_that_stops_says_so_to_its_clients(settings: Settings) -> None:
    await prepare(settings)
    async with serving(build(settings)) as url, calling(url) as client:
        start = await snapshot(client)
        async with socket(client, epoch=start["epoch"], after=start["seq"]) as opened:
            await opened.recv()
            where = opened
    with pytest.raises(ConnectionClosed):
        await where.recv()


async def test_a_stream_that_never_had_an_event_is_read_by_many_at_once(client: httpx.AsyncClient) -> None:
    for number in range(5):
        where = {"cpts": f"99000900{number}"}
        answers = await asyncio.gather(*(client.get("/live/snapshot", params=where) for _ in range(8)))
        assert [answer.status_code for answer in answers] == [200] * 8
        assert len({answer.json()["epoch"] for answer in answers}) == 1


async def test_a_socket_opened_while_the_database_is_away_is_told_to_come_back(
    settings: Settings, client: httpx.AsyncClient
) -> None:
    start = await snapshot(client)
    shown = await ticket(client)
    url = settings.database_url.get_secret_value()
    name = make_url(url).database
    other = create_async_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    async with other.connect() as outside:
        await outside.execute(text(f'alter database "{name}" allow_connections false'))
        await outside.execute(text(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"))
        try:
            where = f"{str(client.base_url).replace('http', 'ws', 1)}/live?cpts={CPTS}&epoch={start['epoch']}&after=0"
            async with connect(where) as opened:
                await opened.send(json.dumps({"ticket": shown}))
                with pytest.raises(ConnectionClosed) as closed:
                    await opened.recv()
        finally:
            await outside.execute(text(f'alter database "{name}" allow_connections true'))
    await other.dispose()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
