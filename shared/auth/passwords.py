"""Passwords: hashed by Argon2 a few at a time, for each takes 64 MB, and without a connection in hand."""

import asyncio
from functools import cache
from secrets import token_urlsafe

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from starlette.concurrency import run_in_threadpool

from shared.refusals import Invalid, TooManyAttempts

HASHER = PasswordHasher()
AT_ONCE, WAITING, PATIENCE_S = 2, 40, 8
LEAST, MOST = 12, 200
COMMON = frozenset((
    "motdepasse", "password", "passw0rd", "azertyuiop", "qwertyuiop", "azerty", "qwerty", "123456", "1234567890",
    "administrateur", "administrator", "bonjour", "soleil", "doctolib", "aiguillage", "medecin", "pharmacie", "cabinet",
    "secretariat", "letmein", "iloveyou", "marseille", "changeme", "welcome", "sante", "urgence", "coordination",
))  # fmt: skip
"""What everybody tries first, and what our people would think of: one of them and little else is no password."""


class WeakPassword(Invalid):
    """Choisissez un mot de passe d'au moins 12 signes, qui ne tienne ni à votre adresse ni aux mots de passe connus."""

    code = "weak_password"


class TooManySignIns(TooManyAttempts):
    """Beaucoup de personnes se connectent en ce moment : réessayez dans quelques secondes."""

    code = "busy"


def require_strong(password: str, *, about: tuple[str, ...] = ()) -> None:
    """Refuse what is short, repeated, common, or made from `about` (the address, the name); raises `WeakPassword`.

    Length and a list of what is known to be tried, as the ANSSI and NIST ask, rather than kinds of signs.
    """
    plain = password.casefold()
    if not LEAST <= len(password) <= MOST:
        raise WeakPassword(field="password", rule=f"{LEAST} to {MOST} characters")
    if len(set(plain)) < 5:
        raise WeakPassword(field="password", rule="at least 5 different characters")
    known = COMMON | {part for each in about for part in each.casefold().replace("@", " ").replace(".", " ").split()}
    for each in sorted((each for each in known if len(each) > 3), key=len, reverse=True):
        plain = plain.replace(each, "")
    if len(plain) < LEAST // 2:
        raise WeakPassword(field="password", rule="not a known password, nor your address or name")


@cache
def nobody() -> str:
    """A hash that no password opens, so that an unknown address takes as long as a known one."""
    return HASHER.hash(token_urlsafe())


class Passwords:
    """The few hashings that go on at once; who would wait too long is told to come back."""

    def __init__(self) -> None:
        """None goes on."""
        self._places, self._waiting = asyncio.Semaphore(AT_ONCE), 0

    async def matches(self, kept: str | None, given: str) -> bool:
        """Whether this is the password; for nobody's it takes as long. Raises `TooManySignIns`."""
        return bool(await self._in_turn(_matches, kept, given))

    async def hash(self, password: str) -> str:
        """What to keep of it; raises `TooManySignIns`."""
        return str(await self._in_turn(HASHER.hash, password))

    async def _in_turn(self, work: object, *given: object) -> object:
        if self._waiting >= WAITING:
            raise TooManySignIns
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._places.acquire()
        except TimeoutError:
            raise TooManySignIns from None
        finally:
            self._waiting -= 1
        try:
            return await run_in_threadpool(work, *given)  # type: ignore[arg-type]
        finally:
            self._places.release()


def _matches(kept: str | None, given: str) -> bool:
    try:
        return HASHER.verify(kept or nobody(), given) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
