"""Patients' fields, encrypted by the application (AES-256-GCM). The CPTS and the row's id are bound to the text."""

import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.refusals import Refusal


class KeyLost(Refusal):
    """Cette donnée est chiffrée par une clé que l'installation n'a plus : prévenez qui l'administre."""

    code = "key_lost"
    status = 503


class Vault:
    """Seals and opens small JSON values; the key's name stands in front of the sealed bytes."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """`keys`: 32 bytes each, by name; the last one seals."""
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self._current = list(keys)[-1]

    def seal(self, value: Mapping[str, Any], *, cpts_id: str, row_id: str) -> bytes:
        """Encrypt `value` for this row of this CPTS."""
        nonce = os.urandom(12)
        sealed = self._keys[self._current].encrypt(nonce, json.dumps(value).encode(), f"{cpts_id}/{row_id}".encode())
        return self.mark + nonce + sealed

    @property
    def mark(self) -> bytes:
        """What stands in front of everything that the last key sealed."""
        return self._current.encode() + b":"

    def open(self, sealed: bytes, *, cpts_id: str, row_id: str) -> dict[str, Any]:
        """Decrypt; raises `KeyLost` for a key that is not ours, another row, another CPTS or changed bytes."""
        name, _, rest = sealed.partition(b":")
        key = self._keys.get(name.decode(errors="replace"))
        if key is None:
            raise KeyLost
        try:
            text = key.decrypt(rest[:12], rest[12:], f"{cpts_id}/{row_id}".encode())
        except (InvalidTag, ValueError):
            raise KeyLost from None
        opened: dict[str, Any] = json.loads(text)
        return opened
