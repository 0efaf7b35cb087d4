"""What nobody should send to the FHIR interface, and somebody will."""

import codecs
import json

import httpx
import pytest

from tests.contract.malformed import REGULATOR
from tests.contract.sas.conftest import Kit
from tests.unit.fhir.test_query import INDIVIDUAL

JSON = "application/fhir+json"
WRITTEN = json.dumps(REGULATOR)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (codecs.BOM_UTF16 + WRITTEN.encode("utf-16-le")[:-1], JSON),
        (WRITTEN.encode().replace(b"Essai", b"\xe9t\xe9"), JSON),
        (WRITTEN.encode().replace(b"Essai", b"\xe9t\xe9"), f"{JSON}; charset=iso-8859-1"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, JSON),
        (b"[" * 200_000 + b"]" * 200_000, JSON),
        (b" " * 6_000_000 + b"{}", JSON),
        (b"<Practitioner/>", "application/fhir+xml"),
        (WRITTEN.encode(), "text/plain"),
        (WRITTEN.encode(), ""),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(kit: Kit, body: bytes, content_type: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    require_said(await kit.client.post("/Practitioner", content=body, headers=headers))


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE", "PATCH", "PUT", "POST", "TRACE"])
async def test_another_method_is_refused_and_never_a_fault(kit: Kit, method: str) -> None:
    answer = await kit.client.request(method, f"/Slot?{INDIVIDUAL}")
    assert 200 <= answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["content-type"].startswith(JSON)


@pytest.mark.parametrize("accept", ["application/fhir+xml", "text/html", "application/xml;q=1, text/csv"])
async def test_another_format_is_refused(kit: Kit, accept: str) -> None:
    answer = await kit.client.get(f"/Slot?{INDIVIDUAL}", headers={"accept": accept})
    assert answer.status_code == 406
    require_said(answer)


def require_said(answer: httpx.Response) -> None:
    assert 400 <= answer.status_code < 500, answer.text[:200]
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.headers["content-type"].startswith(JSON)
