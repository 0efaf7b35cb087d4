"""When notices leave: quiet hours, three a request, tries again, senders that race or die."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from services.people.notices.kinds import NoticeKind
from services.people.notices.sender import MOST_TRIES
from services.people.notices.store.telling import News, tell_accounts
from shared.db.clock import PARIS
from shared.http.parts import read_parts
from shared.wiring import Wiring
from tests.builders import CPTS, MORNING, show
from tests.integration.notices.conftest import Desk
from tests.processes import running
from tests.push_service import PushService, eventually

EVENING = datetime(2026, 11, 24, 21, 30, tzinfo=PARIS)
NEXT_MORNING = datetime(2026, 11, 25, 7, 0, 1, tzinfo=PARIS)


async def news(desk: Desk, number: int, *, subject: str = "r1", **more: Any) -> None:
    """Something new about a request, each time of its own."""
    async with read_parts(desk.service.app)[Wiring].open_session() as session:
        told = News(NoticeKind.REQUEST_CALL_BACK, CPTS, f"thread {number}", subject, "service", **more)
        await tell_accounts(session, {str(desk.doctor.account)}, told)


async def tomorrow(desk: Desk, request: str, hours: float, **more: Any) -> dict[str, Any]:
    """A patient booked for tomorrow, so many hours after 9:00."""
    return await desk.booked(request, starts_at=(MORNING + timedelta(days=1, hours=hours)).isoformat(), **more)


async def test_what_a_night_brings_is_told_once_in_the_morning_if_it_is_still_true(desk: Desk) -> None:
    sender = await desk.sender()
    await show(desk.service.settings, EVENING)
    await tomorrow(desk, "r1", 0)
    gone = await tomorrow(desk, "r2", 1)
    await tomorrow(desk, "r3", 2)
    assert await sender.turn() == 0
    assert await desk.last() == [("waiting", "quiet")] * 3
    await desk.cancelled(gone)
    await show(desk.service.settings, NEXT_MORNING)
    assert await sender.turn() == 1
    [text] = desk.mailroom.texts()
    assert "2 nouvelles" in text
    assert "aujourd'hui à 9:00" in text
    assert "aujourd'hui à 11:00" in text
    assert "10:00" not in text
    assert sorted(await desk.last()) == [("sent", "")] * 2 + [("suppressed", "overtaken")] * 2


async def test_a_p1_passes_at_night_only_where_the_person_ticked_it(desk: Desk) -> None:
    sender = await desk.sender()
    await show(desk.service.settings, EVENING)
    await tomorrow(desk, "r1", 0, urgency=1)
    await tomorrow(desk, "r2", 1, urgency=2)
    assert await sender.turn() == 0
    await desk.chooses(p1_always=True)
    assert await sender.turn() == 1
    assert "demain à 9:00" in desk.mailroom.texts()[0]
    assert await desk.last() == [("waiting", "quiet"), ("sent", "")]


async def test_quiet_hours_are_the_persons_own(desk: Desk) -> None:
    sender = await desk.sender()
    await desk.chooses(quiet_from="08:00", quiet_to="12:00")
    await news(desk, 1)
    assert await sender.turn() == 0
    await desk.chooses(quiet_from="12:00", quiet_to="12:00")
    assert await sender.turn() == 1


async def test_overseas_the_night_and_the_hours_told_are_those_of_the_territory(desk: Desk) -> None:
    machine = await desk.service.machine()
    islands = {"name": "CPTS fictive des îles", "size": 1, "communes": ["97105"]}
    assert (await machine.put(f"/cpts/{CPTS}", json=islands)).status_code == 204
    sender = await desk.sender()
    await show(desk.service.settings, EVENING)
    await tomorrow(desk, "r1", 3)
    assert await sender.turn() == 1
    assert "demain à 7:00" in desk.mailroom.texts()[0]


async def test_a_person_gets_three_messages_about_a_request_and_no_fourth(desk: Desk) -> None:
    sender = await desk.sender()
    for number in range(5):
        await news(desk, number)
        await sender.turn()
    await news(desk, 9, subject="another")
    await sender.turn()
    assert len(desk.mailroom.letters) == 4
    assert await desk.last() == [("sent", ""), *[("suppressed", "enough")] * 2, *[("sent", "")] * 3]


async def test_several_places_of_one_request_count_as_one_message(desk: Desk) -> None:
    for hours, name in enumerate(("r1", "r1.2", "r1.3"), start=2):
        await desk.booked(name, starts_at=(MORNING + timedelta(hours=hours)).isoformat())
    await (await desk.sender()).turn()
    assert len(desk.mailroom.letters) == 1
    assert [row.told for row in await desk.rows("select told from common.notice_count")] == [1]


async def test_the_database_itself_refuses_a_fourth(desk: Desk) -> None:
    with pytest.raises(IntegrityError, match="never_too_many"):
        await desk.rows(
            "insert into common.notice_count (account_id, subject, told, at)"
            f" values ('{desk.doctor.account}', 'r1', 4, now()) returning told"
        )


async def test_senders_that_race_send_each_message_once_and_three_a_request(desk: Desk, pushes: PushService) -> None:
    await desk.chooses(mail=False, quiet_from="00:00", quiet_to="00:00")
    phone = pushes.browser()
    await desk.doctor.client.post("/notifications/devices", json=phone.subscription())
    senders = [await desk.sender() for _ in range(4)]

    async def rival(number: int) -> None:
        await news(desk, number)
        await senders[number % len(senders)].turn()

    await asyncio.gather(*(rival(number) for number in range(12)))
    assert len(set(phone.topics)) == len(phone.topics) <= 3
    states = [state for state, _reason in await desk.last()]
    assert states.count("sent") + states.count("suppressed") == 12
    assert [row.told for row in await desk.rows("select told from common.notice_count")] == [len(phone.topics)]


async def test_a_server_that_is_away_is_tried_again_later_and_then_told(desk: Desk) -> None:
    sender = await desk.sender()
    desk.mailroom.reply = "451 later"
    await news(desk, 1)
    assert await sender.turn() == 1
    assert await sender.turn() == 0
    assert await desk.last() == [("sending", "")]
    [row] = await desk.rows("select error, next_try_at > clock_timestamp() as later from common.notice_delivery")
    assert (row.error, row.later) == ("SMTPDataError", True)
    desk.mailroom.reply = "250 taken"
    await desk.rows("update common.notice_delivery set next_try_at = clock_timestamp() returning 1")
    assert await sender.turn() == 1
    assert await desk.last() == [("sent", "")]


async def test_what_a_server_will_never_take_has_failed(desk: Desk) -> None:
    desk.mailroom.reply = "554 no"
    await news(desk, 1)
    await (await desk.sender()).turn()
    assert await desk.last() == [("failed", "")]


async def test_tries_end(desk: Desk) -> None:
    sender = await desk.sender()
    desk.mailroom.reply = "451 later"
    await news(desk, 1)
    tried = 0
    while await desk.last() != [("failed", "")]:
        tried += await sender.turn()
        assert tried <= MOST_TRIES
        await desk.rows("update common.notice_delivery set next_try_at = clock_timestamp() returning 1")
    assert tried == MOST_TRIES


async def test_a_sender_killed_while_it_sends_loses_nothing_and_shows_nothing_twice(
    desk: Desk, pushes: PushService
) -> None:
    await desk.chooses(mail=False)
    phone = pushes.browser()
    await desk.doctor.client.post("/notifications/devices", json=phone.subscription())
    await news(desk, 1)
    pushes.answers.clear()
    settings = desk.service.settings
    environment = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "AIGUILLAGE_DEMO": "1",
    }
    async with running("serve", "availability", environment=environment) as program:
        await eventually(lambda: phone.shown)
        await program.kill()
    pushes.answers.set()
    successor = await desk.sender()
    assert await successor.turn() == 0, "its claim has not lapsed yet"
    assert await desk.last() == [("sending", "")]
    await desk.rows("update common.notice_delivery set next_try_at = clock_timestamp() returning 1")
    assert await successor.turn() == 1
    # The push service got it twice under one topic and one tag: whoever holds the phone sees one.
    assert len(phone.topics) == 2
    assert len(set(phone.topics)) == len({each["tag"] for each in phone.shown}) == 1
    assert await desk.last() == [("sent", "")]


async def test_what_is_over_is_not_told(desk: Desk) -> None:
    await news(desk, 1, until=MORNING - timedelta(minutes=1))
    assert await (await desk.sender()).turn() == 0
    assert await desk.last() == [("suppressed", "too_late")]


async def test_old_notices_are_erased(desk: Desk) -> None:
    sender = await desk.sender()
    await news(desk, 1)
    await sender.turn()
    await show(desk.service.settings, MORNING + timedelta(days=31))
    await sender.forget()
    assert await desk.rows("select 1 from common.notice union all select 1 from common.notice_count") == []
