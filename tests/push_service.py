"""A push service on a real socket, and browsers subscribed to it: it checks who sends, they read what is theirs."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import FastAPI, Request, Response
from joserfc import jwt
from joserfc.jwk import ECKey

from services.people.notices.push import CURVE, encode_base64url, plain, point_of
from tests.serving import serving

AUTH = hashlib.sha256(b"a browser's secret").digest()[:16]


def keyed(secret: bytes, text: bytes) -> bytes:
    """HMAC-SHA-256."""
    made = hmac.HMAC(secret, hashes.SHA256())
    made.update(text)
    return made.finalize()


@dataclass(slots=True)
class Browser:
    """One subscription: its keys, and what it was sent, as it reads it."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(CURVE))
    topics: list[str] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def subscription(self) -> dict[str, Any]:
        """As the Push API of a browser describes it."""
        keys = {"p256dh": encode_base64url(point_of(self.key.public_key())), "auth": encode_base64url(AUTH)}
        return {"endpoint": self.endpoint, "keys": keys}

    def read(self, body: bytes) -> bytes:
        """Decrypt as RFC 8291 and RFC 8188 say, step by step: HKDF is spelt out here."""
        salt, length = body[:16], body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        agreed = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
        own = point_of(self.key.public_key())
        secret = keyed(keyed(AUTH, agreed), b"WebPush: info\0" + own + theirs + b"\x01")
        from_salt = keyed(salt, secret)
        key = keyed(from_salt, b"Content-Encoding: aes128gcm\0\x01")[:16]
        nonce = keyed(from_salt, b"Content-Encoding: nonce\0\x01")[:12]
        padded = AESGCM(key).decrypt(nonce, sealed, None)
        return padded.rstrip(b"\0").removesuffix(b"\x02")


@dataclass(slots=True)
class PushService:
    """Takes what is pushed; `status` is what it answers, `answers` holds it back until it is set."""

    url: str = ""
    status: int = 201
    browsers: dict[str, Browser] = field(default_factory=dict)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.answers.set()

    def browser(self) -> Browser:
        """A new subscription."""
        name = str(len(self.browsers))
        self.browsers[name] = Browser(f"{self.url}/push/{name}")
        return self.browsers[name]

    async def take(self, name: str, request: Request) -> Response:
        """Check the sender's token (RFC 8292), decrypt, remember."""
        browser = self.browsers[name]
        token, _, public = request.headers["authorization"].removeprefix("vapid t=").partition(", k=")
        point = plain(public)
        sender = ECKey.import_key(
            {"kty": "EC", "crv": "P-256", "x": encode_base64url(point[1:33]), "y": encode_base64url(point[33:])}
        )
        assert jwt.decode(token, sender).claims["aud"] == self.url
        assert request.headers["content-encoding"] == "aes128gcm"
        body = await request.body()
        browser.raw.append(body)
        browser.topics.append(request.headers["topic"])
        browser.shown.append(json.loads(browser.read(body)))
        await self.answers.wait()
        return Response(status_code=self.status)


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    """A push service that runs."""
    service = PushService()
    app = FastAPI()
    app.add_api_route("/push/{name}", service.take, methods=["POST"])
    async with serving(app) as url:
        service.url = url
        yield service


async def eventually(found: Callable[[], Any]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not found():
            await asyncio.sleep(0.02)
