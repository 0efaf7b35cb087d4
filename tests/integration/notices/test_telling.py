"""From the event to the mailbox and the phone: what is told, what is not, and what is never said."""

import asyncio
import hashlib
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from services.availability.app.bookings import confirm_hold
from shared.auth import Caller, Role
from shared.db import Scope, run, set_scope
from shared.http.parts import read_parts
from shared.patients.vault import Vault
from shared.wiring import Wiring
from tests.builders import CPTS, a_hold, a_slot
from tests.integration.notices.conftest import MAILBOX, Desk
from tests.push_service import Browser, PushService
from tests.statements import rows_changed


async def subscribed(desk: Desk, pushes: PushService) -> Browser:
    """The practitioner's phone."""
    browser = pushes.browser()
    answer = await desk.doctor.client.post("/notifications/devices", json={**browser.subscription(), "label": "Essai"})
    assert answer.status_code == 201, answer.text
    return browser


async def test_a_patient_expected_is_told_by_mail_and_by_push_without_a_word_on_them(
    desk: Desk, pushes: PushService
) -> None:
    phone = await subscribed(desk, pushes)
    await desk.booked("r1")
    assert await (await desk.sender()).turn() == 2
    said = "Un patient est attendu aujourd'hui à 11:00"
    assert [each["title"] for each in phone.shown] == [said]
    [letter], [body] = desk.mailroom.letters, desk.mailroom.texts()
    assert (letter["To"], letter["Subject"]) == (MAILBOX, said)
    assert f"{desk.service.settings.public_url}/preferences" in body
    assert letter["Message-ID"].startswith(f"<{phone.shown[0]['tag']}@")
    everything = f"{phone.shown} {body} {letter.as_string()}"
    assert not [word for word in ("SECRET", "Fictif", "fièvre", "r1") if word in everything]
    assert b"attendu" not in phone.raw[0]
    assert await desk.last() == [("sent", "")]


async def test_what_a_service_writes_of_a_notice_holds_nothing_of_the_patient(desk: Desk) -> None:
    await desk.cancelled(await desk.booked("r1"))
    rows = await desk.rows("select to_jsonb(n)::text as body from common.notice n")
    assert len(rows) == 2
    assert not [row.body for row in rows for word in ("SECRET", "Fictif", "fièvre") if word in row.body]


async def test_a_hold_is_not_told_and_who_did_it_themselves_is_told_nothing(desk: Desk) -> None:
    slot = await a_slot(desk.doctor.client, desk.territory)
    held = await a_hold(desk.doctor.client, slot)
    assert await desk.rows("select * from common.notice") == []
    assert (await desk.doctor.client.post(f"/bookings/{held['id']}/confirmation", json={})).status_code == 200
    assert await (await desk.sender()).turn() == 0
    assert desk.mailroom.letters == []
    assert await desk.last() == []


class PulledPlug(RuntimeError):
    """Something went wrong at the very end of a use case."""


async def test_the_event_and_its_notice_are_one_transaction(desk: Desk) -> None:
    machine = await desk.service.machine()
    held = await a_hold(machine, await a_slot(desk.doctor.client, desk.territory))
    wiring = read_parts(desk.service.app)[Wiring]
    caller = Caller("machine:matching", Role.MACHINE, frozenset({"*"}))

    async def cut_short() -> None:
        async with wiring.open_session() as session:
            await set_scope(session, caller.scope)
            await confirm_hold(session, caller, wiring.vault, UUID(held["id"]), patient=None)
            assert (await run(session, text("select count(*) from common.notice"))).scalar_one() == 1
            raise PulledPlug

    with pytest.raises(PulledPlug):
        await cut_short()
    assert await desk.rows("select * from common.notice") == []


async def test_only_the_kinds_that_were_chosen_are_told(desk: Desk) -> None:
    await desk.chooses(unwanted=["booked"])
    booking = await desk.booked("r1")
    assert await (await desk.sender()).turn() == 0
    await desk.cancelled(booking)
    await (await desk.sender()).turn()
    assert await desk.last() == [("suppressed", "overtaken"), ("suppressed", "unwanted")]


async def test_without_a_channel_nothing_is_sent_and_the_page_says_so(desk: Desk) -> None:
    await desk.chooses(mail=False)
    await desk.booked("r1")
    assert await (await desk.sender()).turn() == 0
    assert await desk.last() == [("suppressed", "no_channel")]


async def test_a_browser_that_is_gone_is_forgotten(desk: Desk, pushes: PushService) -> None:
    await desk.chooses(mail=False)
    await subscribed(desk, pushes)
    pushes.status = 410
    await desk.booked("r1")
    assert await (await desk.sender()).turn() == 1
    assert await desk.last() == [("failed", "")]
    assert (await desk.doctor.client.get("/notifications")).json()["devices"] == []


async def test_a_data_key_that_is_lost_costs_nobody_their_subscription(desk: Desk, pushes: PushService) -> None:
    await desk.chooses(mail=False)
    await subscribed(desk, pushes)
    first = (await desk.doctor.client.get("/notifications")).json()
    await desk.booked("r1")
    sender, wiring = await desk.sender(), read_parts(desk.service.app)[Wiring]
    ours, wiring.vault = wiring.vault, Vault({"other": bytes(32)})
    assert await sender.turn() == 1
    later = (await desk.doctor.client.get("/notifications")).json()
    assert (later["devices"], later["push_key"]) == (first["devices"], first["push_key"])
    [waiting] = await desk.rows("select state, error, tries from common.notice_delivery")
    assert (waiting.state, waiting.error) == ("waiting", "key lost")
    wiring.vault = ours
    await desk.rows("update common.notice_delivery set next_try_at = clock_timestamp() returning 1")
    assert await sender.turn() == 1
    assert await desk.last() == [("sent", "")]


@pytest.mark.parametrize("control", ["\x1c", "\x1d", "\x1e", "\x00", "\x7f"])
async def test_an_address_with_a_control_character_is_refused(desk: Desk, control: str) -> None:
    answer = await desk.doctor.client.put("/notifications/preferences", json={"email": f"a{control}b@example.org"})
    assert answer.status_code == 422


async def test_a_browser_belongs_to_whoever_asked_last_and_is_kept_sealed(desk: Desk, pushes: PushService) -> None:
    phone = await subscribed(desk, pushes)
    other = await desk.service.person(Role.PHARMACIST)
    answer = await other.post("/notifications/devices", json={**phone.subscription(), "label": "Comptoir"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["endpoint_hash"] == hashlib.sha256(phone.endpoint.encode()).hexdigest()
    assert (await desk.doctor.client.get("/notifications")).json()["devices"] == []
    [row] = await desk.rows("select subscription_sealed as sealed, account_id from common.notice_device")
    assert phone.endpoint.encode() not in row.sealed
    assert (await other.delete(f"/notifications/devices/{answer.json()['id']}")).status_code == 204
    assert (await other.delete(f"/notifications/devices/{uuid4()}")).status_code == 404


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"keys": {"p256dh": "AAAA", "auth": "AAAA"}}, "invalid"), ({"endpoint": "ftp://push.example"}, "unsafe_address")],
)
async def test_a_subscription_that_leads_nowhere_is_refused(
    desk: Desk, pushes: PushService, changed: dict[str, object], code: str
) -> None:
    answer = await desk.doctor.client.post(
        "/notifications/devices", json={**pushes.browser().subscription(), **changed}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_nobody_reads_or_changes_anothers_notices(desk: Desk) -> None:
    await desk.booked("r1")
    other: httpx.AsyncClient = await desk.service.person(Role.COORDINATOR)
    assert (await other.get("/notifications")).json()["last"] == []
    async with read_parts(desk.service.app)[Wiring].open_session() as session:
        await set_scope(session, Scope(frozenset({CPTS}), account=str(uuid4())))
        assert (await run(session, text("select * from common.notice"))).all() == []
        assert await rows_changed(session, "update common.notice set state = 'sent'") == 0


async def test_a_machine_has_no_notices(desk: Desk) -> None:
    assert (await (await desk.service.machine()).get("/notifications")).status_code == 403


async def test_a_button_pressed_twice_subscribes_a_browser_once(desk: Desk, pushes: PushService) -> None:
    asked = {**pushes.browser().subscription(), "label": "Bureau"}
    answers = await asyncio.gather(*(desk.doctor.client.post("/notifications/devices", json=asked) for _ in range(6)))
    assert [answer.status_code for answer in answers] == [201] * 6
    assert len((await desk.doctor.client.get("/notifications")).json()["devices"]) == 1
