"""Who tries too often waits; nobody makes anybody else wait."""

import asyncio
import resource
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from shared.auth.attempts import FREE, FREE_OF_ADDRESS, Attempts, address_of
from shared.auth.passwords import AT_ONCE, Passwords, TooManySignIns, WeakPassword, require_strong
from shared.settings import Settings
from tests.builders import Service
from tests.integration.shared.test_http import PASSWORD

LOCAL = ["127.0.0.0/8", "::1/128", "10.0.0.0/8"]


async def tries(client: httpx.AsyncClient, email: str, heard: str) -> int:
    given = {"email": email, "password": "x" * 12, "totp": "000000"}
    headers = {"origin": "http://127.0.0.1:8000", "x-forwarded-for": heard}
    return (await client.post("/session", json=given, headers=headers)).status_code


async def test_a_stranger_who_guesses_makes_only_themselves_wait(service: Service) -> None:
    async with service.anyone() as anyone:
        guessed = [await tries(anyone, "camille@exemple.invalid", "192.0.2.1") for _ in range(FREE + 1)]
        assert guessed == [401] * FREE + [429]
        assert await tries(anyone, "camille@exemple.invalid", "198.51.100.7") == 401
        assert await tries(anyone, "dominique@exemple.invalid", "192.0.2.1") == 401


async def test_an_address_that_tries_everybody_waits_and_the_others_come_in(service: Service) -> None:
    async with service.anyone() as anyone:
        for number in range(FREE_OF_ADDRESS):
            assert await tries(anyone, f"p{number}@exemple.invalid", "192.0.2.2") == 401
        assert await tries(anyone, "encore@exemple.invalid", "192.0.2.2") == 429
        assert await tries(anyone, "encore@exemple.invalid", "192.0.2.3") == 401


async def test_the_answer_says_when_to_come_back(service: Service) -> None:
    async with service.anyone() as anyone:
        for _ in range(FREE):
            await tries(anyone, "camille@exemple.invalid", "192.0.2.1")
        given = {"email": "camille@exemple.invalid", "password": "x" * 12, "totp": "000000"}
        headers = {"origin": "http://127.0.0.1:8000", "x-forwarded-for": "192.0.2.1"}
        answer = await anyone.post("/session", json=given, headers=headers)
    assert 1 <= int(answer.headers["retry-after"]) <= 60


@pytest.fixture
async def pair(settings: Settings) -> AsyncIterator[tuple[Attempts, Attempts]]:
    """Two processes of one installation."""
    url = settings.redis_url.get_secret_value()
    secret = settings.derive(settings.database_url.get_secret_value())
    both = Attempts(url, secret=secret), Attempts(url, secret=secret)
    yield both
    for each in both:
        await each.aclose()


async def test_processes_count_together_and_what_was_right_is_forgotten(pair: tuple[Attempts, Attempts]) -> None:
    one, other = pair
    for _ in range(FREE - 1):
        assert await one.count("camille", "192.0.2.1") == 0
    assert await other.count("camille", "192.0.2.1") == 0
    assert 0 < await one.count("camille", "192.0.2.1") <= 60
    await other.right("camille", "192.0.2.1")
    assert await one.count("camille", "192.0.2.1") == 0


async def test_without_redis_each_process_counts_for_itself() -> None:
    alone = Attempts("redis://127.0.0.1:1/0", secret=b"essai")
    waits = [await alone.count("camille", "192.0.2.1") for _ in range(FREE + 1)]
    assert waits[:-1] == [0] * FREE
    assert 0 < waits[-1] <= 60
    await alone.right("camille", "192.0.2.1")
    assert await alone.count("camille", "192.0.2.1") == 0
    await alone.aclose()


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.9", "198.51.100.1", "192.0.2.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.66, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", "127.0.0.3", "127.0.0.3"),
        ("127.0.0.1", "nonsense, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, nonsense", "127.0.0.1"),
        ("::1", "[2001:db8:1:2:3::4]:4711", "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", "198.51.100.1:5000", "198.51.100.1"),
        (None, "", "unknown"),
    ],
)
def test_who_asks_is_the_nearest_address_that_is_no_proxy_of_ours(peer: str | None, forwarded: str, found: str) -> None:
    assert address_of(peer, forwarded, LOCAL) == found


@pytest.mark.parametrize("given", ["10.0.0.0/8, 192.0.2.1", '["10.0.0.0/8", "192.0.2.1"]'])
def test_proxies_are_told_as_people_write_lists(given: str) -> None:
    told = Settings.model_validate(
        {"database_url": SecretStr("x"), "redis_url": SecretStr("y"), "demo": True, "trusted_proxies": given}
    )
    assert told.trusted_proxies == ["10.0.0.0/8", "192.0.2.1"]


async def test_forty_at_once_are_hashed_a_few_at_a_time_and_hold_no_connection(service: Service) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with service.anyone() as anyone:
        answers = await asyncio.gather(
            *(tries(anyone, f"p{number}@exemple.invalid", f"192.0.2.{number}") for number in range(40)),
            anyone.get("/health"),
        )
    *statuses, health = answers
    assert set(statuses) <= {401, 429}
    assert 401 in statuses
    assert isinstance(health, httpx.Response)
    assert health.status_code == 200
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 64 * (AT_ONCE + 2)


async def test_who_would_wait_too_long_for_a_hash_is_told_to_come_back() -> None:
    passwords = Passwords()
    asked = await asyncio.gather(*(passwords.matches(None, "x") for _ in range(60)), return_exceptions=True)
    assert any(isinstance(each, TooManySignIns) for each in asked)
    assert False in asked


@pytest.mark.parametrize(
    "weak", ["court", "a" * 40, "motdepasse2026", "Camille.Exemple1", "azertyuiop123", "x" * 201, "Marseille13!"]
)
def test_a_password_that_is_short_known_or_ones_own_name_is_refused(weak: str) -> None:
    with pytest.raises(WeakPassword):
        require_strong(weak, about=("camille@exemple.invalid", "Camille EXEMPLE"))


@pytest.mark.parametrize("strong", [PASSWORD, "quatre mots sans aucun lien", "Kp7-vert-lampe-93"])
def test_a_long_password_of_ones_own_is_taken_whatever_its_signs(strong: str) -> None:
    require_strong(strong, about=("camille@exemple.invalid", "Camille EXEMPLE"))
