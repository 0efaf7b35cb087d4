"""Web push: the payload encrypted for one browser (RFC 8291), sent under our own key (VAPID, RFC 8292).

The usual library brings two more HTTP clients; what remains once they are left out is this key agreement, on
`cryptography`, and one signed token, on `joserfc`. The tests hold it to the example of RFC 8291.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey

RECORD_SIZE = 4096
LARGEST = 3000
"""Bytes of a payload; a push service must take 4096 once encrypted."""
TOKEN_LIFE = timedelta(hours=12)
"""RFC 8292 allows 24 h; half of it leaves room for clocks that disagree."""
CURVE = ec.SECP256R1()


def plain(text: str) -> bytes:
    """What unpadded base64url stands for; raises `ValueError`."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error


def encode_base64url(value: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as push services write it: 65 bytes, uncompressed."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser's push service gave it: where to send, and the keys to encrypt with."""

    endpoint: str
    public: bytes
    auth: bytes

    @classmethod
    def of(cls, given: dict[str, Any]) -> "Subscription":
        """As a browser writes it; raises `ValueError` for keys that are none."""
        public, auth = plain(given["p256dh"]), plain(given["auth"])
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public)
        if len(auth) != 16:
            raise ValueError("auth must hold 16 bytes")
        return cls(given["endpoint"], public, auth)


def encrypt(
    payload: bytes,
    to: Subscription,
    *,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """One `aes128gcm` record that only this browser reads; the salt and the key are fresh unless given."""
    salt, own = salt or os.urandom(16), sender or ec.generate_private_key(CURVE)
    own_public = point_of(own.public_key())
    agreed = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to.public))
    secret = _derive(agreed, to.auth, b"WebPush: info\0" + to.public + own_public, 32)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD_SIZE.to_bytes(4, "big") + bytes([len(own_public)]) + own_public
    return head + AESGCM(key).encrypt(nonce, payload + b"\x02", None)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


@dataclass(frozen=True, slots=True)
class PushIdentity:
    """Who we are for push services: our key pair, and whom they may write to."""

    key: ECKey
    public: str
    contact: str

    @classmethod
    def fresh(cls, contact: str) -> "PushIdentity":
        """A new key pair."""
        key = ECKey.generate_key("P-256", private=True)
        return cls.of(key, contact)

    @classmethod
    def of(cls, key: ECKey, contact: str) -> "PushIdentity":
        """With this key pair."""
        values = key.as_dict(private=False)
        return cls(key, encode_base64url(b"\x04" + plain(str(values["x"])) + plain(str(values["y"]))), contact)

    def headers(self, endpoint: str, *, topic: str, ttl_s: int, urgent: bool, now: datetime) -> dict[str, str]:
        """The headers of one push; `topic` makes a repetition replace the first, `now` is the real time."""
        where = urlsplit(endpoint)
        expires_s = int((now + TOKEN_LIFE).timestamp())
        claims = {"aud": f"{where.scheme}://{where.netloc}", "exp": expires_s, "sub": self.contact}
        token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, self.key)
        return {
            "Authorization": f"vapid t={token}, k={self.public}",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(ttl_s),
            "Topic": topic,
            "Urgency": "high" if urgent else "normal",
        }
