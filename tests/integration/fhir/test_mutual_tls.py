"""Mutual TLS: each case of the certification kit, terminated by us and by a proxy; the authority is the tests' own."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from services.availability.fhir.settings import AllowedClient, SasSettings
from services.availability.fhir.tls import IncompleteTls, listener, server_context
from shared.settings import Settings
from shared.wiring import Wiring
from tests.authority import Authority
from tests.integration.fhir.conftest import Kit, calling, fhir_app
from tests.processes import free_port

CN, OU = "sas.exemple.invalid", "180000000000001"
SECRET = "a secret between the proxy and us"
SAS = AllowedClient(cn=CN, ou=OU)


@dataclass(frozen=True, slots=True)
class Guarded:
    """Our listener, and the authorities around it."""

    url: str
    health: Authority
    other: Authority
    revoked: tuple[Path, Path]

    async def call(self, *certificate: Path) -> int:
        """The status that a client with this certificate gets; raises when the handshake fails."""
        context = ssl.create_default_context(cafile=str(self.health.certificate))
        if certificate:
            context.load_cert_chain(*map(str, certificate))
        async with httpx.AsyncClient(verify=context) as client:
            return (await client.get(f"{self.url}/metadata")).status_code


def in_service(wiring: Wiring) -> Wiring:
    """The same connections, outside of a demonstration."""
    changed = wiring.settings.model_copy(update={"demo": False})
    return Wiring(wiring.name, changed, wiring.engine, wiring.bell, wiring.open_session, wiring.vault, wiring.clock)


@pytest.fixture(scope="session")
async def guarded(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """The interface behind mutual TLS on a loopback port."""
    folder = tmp_path_factory.mktemp("tls")
    health, other = Authority(folder, "igc-essai"), Authority(folder, "another")
    server, revoked = health.issue("127.0.0.1", "server"), health.issue(CN, OU, days=20)
    sas = SasSettings(
        clients=[SAS],
        tls_certificate=server[0],
        tls_key=server[1],
        tls_issuers=health.certificate,
        tls_revoked=health.revoke(revoked[0]),
    )
    port = free_port()
    running = listener(fhir_app(in_service(kit.wiring), sas), sas, host="127.0.0.1", port=port)
    task = asyncio.create_task(running.serve())
    while not running.started:
        assert not task.done()
        await asyncio.sleep(0.01)
    yield Guarded(f"https://127.0.0.1:{port}", health, other, revoked)
    running.should_exit = True
    await task


async def test_the_sas_is_let_in(guarded: Guarded) -> None:
    assert await guarded.call(*guarded.health.issue(CN, OU)) == 200


async def test_a_wrong_common_name_is_refused(guarded: Guarded) -> None:
    assert await guarded.call(*guarded.health.issue("someone.else.invalid", OU)) == 403


async def test_a_wrong_organizational_unit_is_refused(guarded: Guarded) -> None:
    assert await guarded.call(*guarded.health.issue(CN, "180000000000002")) == 403


async def test_a_revoked_certificate_fails_the_handshake(guarded: Guarded) -> None:
    with pytest.raises(httpx.TransportError):
        await guarded.call(*guarded.revoked)


async def test_no_certificate_fails_the_handshake(guarded: Guarded) -> None:
    with pytest.raises(httpx.TransportError):
        await guarded.call()


async def test_another_authority_fails_the_handshake(guarded: Guarded) -> None:
    with pytest.raises(httpx.TransportError):
        await guarded.call(*guarded.other.issue(CN, OU))


async def test_an_expired_certificate_fails_the_handshake(guarded: Guarded) -> None:
    with pytest.raises(httpx.TransportError):
        await guarded.call(*guarded.health.issue(CN, OU, days=-1))


def test_a_listener_without_a_revocation_list_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(IncompleteTls):
        server_context(SasSettings(tls_certificate=tmp_path, tls_key=tmp_path, tls_issuers=tmp_path))


SUBJECT = f"CN={CN},OU={OU},O=Exemple\\, essai,C=FR"
BY_PROXY = {"x-aiguillage-proxy": SECRET, "x-ssl-client-verify": "SUCCESS", "x-ssl-client-s-dn": SUBJECT}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"x-ssl-client-s-dn": f"CN=else,OU={OU}"}, 403),
        ({"x-ssl-client-s-dn": f"CN={CN},OU=other"}, 403),
        ({"x-ssl-client-s-dn": f"CN={CN}"}, 403),
        ({"x-ssl-client-s-dn": f"CN=x\\,CN\\={CN},OU={OU}"}, 403),
        ({"x-ssl-client-s-dn": ""}, 403),
        ({"x-ssl-client-s-dn": "not a name"}, 403),
        ({"x-ssl-client-verify": "FAILED:certificate revoked"}, 403),
        ({"x-ssl-client-verify": "NONE"}, 403),
        ({"x-aiguillage-proxy": "guessed"}, 403),
        ({"x-aiguillage-proxy": "é"}, 403),
        ({"x-aiguillage-proxy": ""}, 403),
    ],
)
async def test_a_proxy_with_our_secret_is_believed(kit: Kit, changes: dict[str, str], status: int) -> None:
    sas = SasSettings(clients=[SAS], proxy_secret=SecretStr(SECRET))
    headers = [(name.encode(), value.encode()) for name, value in {**BY_PROXY, **changes}.items()]
    async with calling(fhir_app(in_service(kit.wiring), sas)) as client:
        answer = await client.get("/metadata", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["issue"][0]["code"] == "security"


async def test_outside_of_a_demonstration_nobody_comes_in_plainly(kit: Kit, settings: Settings) -> None:
    async with calling(fhir_app(in_service(kit.wiring))) as client:
        assert (await client.get("/metadata")).status_code == 403
        assert (await client.get("/metadata", headers=BY_PROXY)).status_code == 403
    assert (await kit.client.get("/metadata")).status_code == 200
