"""What every HTTP edge promises: idempotency, refusals people can act on, sessions that cannot be borrowed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pyotp
import pytest
from sqlalchemy import text

from services.people.signin import add_account
from shared.auth import Role
from shared.db import run
from shared.http import COOKIE
from shared.http.parts import read_parts
from shared.settings import Settings
from shared.wiring import Wiring
from tests.live.client import HEADERS
from tests.live.probe import CPTS, build, prepare

ORIGIN = {"Origin": "http://127.0.0.1:8000"}
PASSWORD = "un mot de passe assez long"


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, Wiring]]:
    await prepare(settings)
    app = build(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield client, read_parts(app)[Wiring]


@pytest.fixture
async def machine(service: tuple[httpx.AsyncClient, Wiring]) -> httpx.AsyncClient:
    client, _ = service
    client.headers.update(HEADERS)
    return client


async def amount(wiring: Wiring) -> int:
    async with wiring.open_session() as session:
        return int((await run(session, text("select coalesce(sum(amount), 0) from probe.counter"))).scalar_one())


async def test_the_same_key_gets_the_same_answer_and_acts_once(
    service: tuple[httpx.AsyncClient, Wiring], machine: httpx.AsyncClient
) -> None:
    answers = [await machine.post("/counted/a", json={"amount": 3}, headers={"Idempotency-Key": "k"}) for _ in range(3)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(201, {"amount": 3})] * 3
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true", "true"]
    assert await amount(service[1]) == 3


async def test_eight_at_once_with_the_same_key_act_once(
    service: tuple[httpx.AsyncClient, Wiring], machine: httpx.AsyncClient
) -> None:
    post = {"json": {"amount": 3}, "headers": {"Idempotency-Key": "k"}}
    answers = await asyncio.gather(*(machine.post("/counted/a", **post) for _ in range(8)))  # type: ignore[arg-type]
    assert {(answer.status_code, answer.json()["amount"]) for answer in answers} == {(201, 3)}
    assert await amount(service[1]) == 3


async def test_the_same_key_with_another_body_is_refused(machine: httpx.AsyncClient) -> None:
    await machine.post("/counted/a", json={"amount": 3}, headers={"Idempotency-Key": "k"})
    refused = await machine.post("/counted/a", json={"amount": 4}, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_refusal_leaves_nothing_and_frees_its_key(
    service: tuple[httpx.AsyncClient, Wiring], machine: httpx.AsyncClient
) -> None:
    refused = await machine.post("/counted/a", json={"amount": 101}, headers={"Idempotency-Key": "k"})
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert (problem["status"], problem["code"], problem["detail"]) == (409, "too_much", "C'est trop.")
    assert (problem["field"], problem["value"], problem["rule"]) == ("amount", 101, "at most 100")
    assert await amount(service[1]) == 0
    again = await machine.post("/counted/a", json={"amount": 5}, headers={"Idempotency-Key": "k"})
    assert again.status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [({"amount": 0}, "amount"), ({"amount": "x"}, "amount"), ({}, "amount"), ([], "body")],
)
async def test_bad_input_says_which_field_and_which_rule(machine: httpx.AsyncClient, body: object, field: str) -> None:
    refused = await machine.post("/counted/a", json=body)
    assert refused.status_code == 422
    (fault,) = refused.json()["errors"]
    assert fault["field"] == field
    assert f"{fault['label']} ({fault['rule']})" in refused.json()["detail"]


async def test_what_is_no_json_is_said_with_its_line_and_column(machine: httpx.AsyncClient) -> None:
    refused = await machine.post(
        "/counted/a", content=b'{"amount": 1,\n  "other": ]}', headers={"content-type": "application/json"}
    )
    (fault,) = refused.json()["errors"]
    assert (refused.status_code, fault["field"], fault["value"]) == (422, "body", "")
    assert refused.json()["detail"] == "À corriger : Contenu (ce n'est pas du JSON, dès la ligne 2, colonne 12)."


async def test_a_broken_rule_is_said_in_the_language_of_the_reader(machine: httpx.AsyncClient) -> None:
    said = [
        (await machine.post("/counted/a", json={"amount": 0}, headers=headers)).json()["detail"]
        for headers in ({}, {"Cookie": "aiguillage_language=en"})
    ]
    assert said == ["À corriger : amount (au moins 1).", "To correct: amount (at least 1)."]


async def test_a_refusal_is_said_in_the_language_of_the_reader_at_the_door_too(machine: httpx.AsyncClient) -> None:
    english = {"Cookie": "aiguillage_language=en"}
    unknown = [await machine.post("/counted/a", json={}, headers={"authorization": "", **english})]
    unknown.append(await machine.post("/counted/a?q=%00", json={"amount": 1}, headers=english))
    unknown.append(await machine.post("/counted/a", content=b"x" * 64_001, headers=english))
    assert [(each.status_code, each.json()["detail"].partition(":")[0]) for each in unknown] == [
        (401, "Sign in"),
        (400, "This content holds a character that no text has (null, control, half a character)"),
        (413, "This content is larger than 64000 bytes"),
    ]


async def test_who_shows_nothing_or_a_wrong_token_is_not_let_in(service: tuple[httpx.AsyncClient, Wiring]) -> None:
    client, _ = service
    assert (await client.get("/session")).status_code == 401
    assert (await client.get("/session", headers={"Authorization": "Bearer guess"})).status_code == 401
    assert (await client.get("/session", headers={"Cookie": f"{COOKIE}=guess"})).status_code == 401


async def an_account(wiring: Wiring, **values: object) -> tuple[str, pyotp.TOTP]:
    async with wiring.open_session() as session:
        account_id, uri = await add_account(
            session,
            wiring.vault,
            label="Coordination",
            role=Role.COORDINATOR,
            cpts_id=CPTS,
            **values,  # type: ignore[arg-type]
        )
    totp = pyotp.parse_uri(uri)
    assert isinstance(totp, pyotp.TOTP)
    return str(account_id), totp


async def test_a_person_signs_in_with_password_and_second_factor(service: tuple[httpx.AsyncClient, Wiring]) -> None:
    client, wiring = service
    _, totp = await an_account(wiring, email="coordination@example.org", password=PASSWORD)
    given = {"email": "Coordination@example.org", "password": PASSWORD, "totp": totp.at(datetime.now(UTC))}  # noqa: TID251
    opened = await client.post("/session", json=given, headers=ORIGIN)
    assert opened.status_code == 201, opened.text
    cookie = opened.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))
    me = (await client.get("/session")).json()
    assert (me["role"], me["cpts"]) == ("coordinator", [CPTS])
    assert (await client.delete("/session", headers=ORIGIN)).status_code == 204
    assert (await client.get("/session", headers={"Cookie": f"{COOKIE}={opened.cookies[COOKIE]}"})).status_code == 401


async def test_a_code_of_the_second_factor_serves_once(service: tuple[httpx.AsyncClient, Wiring]) -> None:
    client, wiring = service
    _, totp = await an_account(wiring, email="coordination@example.org", password=PASSWORD)
    given = {"email": "coordination@example.org", "password": PASSWORD}
    now = totp.timecode(datetime.now(UTC))  # noqa: TID251
    codes = [totp.generate_otp(step) for step in (now, now, now - 1, now + 1)]
    answers = [await client.post("/session", json={**given, "totp": code}, headers=ORIGIN) for code in codes]
    assert [answer.status_code for answer in answers] == [201, 401, 401, 201]


@pytest.mark.parametrize("wrong", [{"password": "autre"}, {"totp": "000000"}, {"email": "personne@example.org"}])
async def test_one_wrong_part_of_the_credentials_is_enough_to_stay_out(
    service: tuple[httpx.AsyncClient, Wiring], wrong: dict[str, str]
) -> None:
    client, wiring = service
    _, totp = await an_account(wiring, email="coordination@example.org", password=PASSWORD)
    given = {"email": "coordination@example.org", "password": PASSWORD, "totp": totp.at(datetime.now(UTC)), **wrong}  # noqa: TID251
    refused = await client.post("/session", json=given, headers=ORIGIN)
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_credentials")


async def test_guessing_is_slowed_down(service: tuple[httpx.AsyncClient, Wiring]) -> None:
    client, _ = service
    given = {"email": "personne@example.org", "password": "x", "totp": "000000"}
    codes = [(await client.post("/session", json=given, headers=ORIGIN)).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]


async def test_a_page_of_another_site_cannot_write_with_our_cookie(service: tuple[httpx.AsyncClient, Wiring]) -> None:
    client, wiring = service
    account_id, _ = await an_account(wiring, demo=True)
    assert (await client.post(f"/session/demo/{account_id}", headers=ORIGIN)).status_code == 201
    for headers in ({"Origin": "https://elsewhere.example"}, {}):
        refused = await client.post("/live/ticket", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert (await client.post("/live/ticket", headers=ORIGIN)).status_code == 201


async def test_demo_accounts_open_only_in_demo_mode(settings: Settings) -> None:
    await prepare(settings)
    serious = settings.model_copy(update={"demo": False})
    app = build(serious)
    async with app.router.lifespan_context(app):
        account_id, _ = await an_account(read_parts(app)[Wiring], demo=True)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8000"
        ) as client:
            assert (await client.get("/session/demo")).json() == []
            assert (await client.post(f"/session/demo/{account_id}", headers=ORIGIN)).status_code == 401


async def test_the_cookie_is_secure_in_service(settings: Settings) -> None:
    await prepare(settings)
    app = build(settings.model_copy(update={"demo": False}))
    async with app.router.lifespan_context(app):
        _, totp = await an_account(read_parts(app)[Wiring], email="c@example.org", password=PASSWORD)
        given = {"email": "c@example.org", "password": PASSWORD, "totp": totp.at(datetime.now(UTC))}  # noqa: TID251
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8000"
        ) as client:
            opened = await client.post("/session", json=given, headers=ORIGIN)
    assert "Secure" in opened.headers["set-cookie"]
