"""Mutual TLS: each case of the certification kit, terminated by us and by a proxy; the authority is the tests' own."""

from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from services.availability.interop.sas.settings import SasSettings
from services.availability.interop.sas.tls import IncompleteTls, server_context
from shared.settings import Settings
from tests.contract.sas.conftest import SAS, Guarded, Kit, calling, fhir_app, in_service
from tests.contract.sas.elsewhere import CN, OU

SECRET = "a secret between the proxy and us"


async def test_the_sas_is_let_in(guarded: Guarded) -> None:
    assert await guarded.call(*guarded.health.issue(CN, OU)) == 200


async def test_a_wrong_common_name_is_refused(guarded: Guarded) -> None:
    assert await guarded.call(*guarded.health.issue("someone.else.invalid", OU)) == 403


async def test_a_wrong_organizational_unit_is_refused(guarded: Guarded) -> None:
    assert await guarded.call(*guarded.health.issue(CN, "180000000000002")) == 403


async def test_a_revoked_certificate_fails_the_handshake(guarded: Guarded) -> None:
    with pytest.raises(httpx.TransportError):
        await guarded.call(*guarded.revoked)


async def test_a_certificate_revoked_while_we_run_is_refused_from_then_on(guarded: Guarded) -> None:
    leaver = guarded.health.issue(CN, OU, days=21)
    assert await guarded.call(*leaver) == 200
    revoked = guarded.health.revoke(guarded.revoked[0], leaver[0])
    with pytest.raises(httpx.TransportError):
        await guarded.call(*leaver)
    whole = revoked.read_bytes()
    revoked.write_bytes(whole[:60])
    with pytest.raises(httpx.TransportError):
        await guarded.call(*leaver)
    assert await guarded.call(*guarded.health.issue(CN, OU)) == 200
    revoked.write_bytes(whole)


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
