"""How often somebody may try to come in: counted in Redis for every process together, here while Redis is away.

What is counted is the account *from an address*: whoever tries from elsewhere makes only themselves wait, never the
account's owner. Past the free attempts each one more is let through only after a wait that doubles.
"""

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = structlog.get_logger()
FREE, FIRST_WAIT_S, LONGEST_WAIT_S = 5, 60, 900
"""Attempts for one account from one address before one has to wait."""
FREE_OF_ADDRESS = 30
"""Failed attempts from one address, whatever the accounts, before it has to wait a minute."""
FORGOTTEN_S = 3600
MOST_KEPT_HERE = 20_000
COUNT = """
local waits = redis.call('PTTL', KEYS[2])
if waits > 0 then return waits end
local n = redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
local free = tonumber(ARGV[1])
if n >= free then
  local wait = math.min(tonumber(ARGV[2]) * 2 ^ math.min(n - free, 20), tonumber(ARGV[4]))
  redis.call('SET', KEYS[2], '', 'EX', math.floor(wait))
end
return 0
"""
"""KEYS: the count, the wait. ARGV: free attempts, first wait, seconds to forget in, longest wait.

Answers the milliseconds to wait; 0: go on.
"""


@dataclass(slots=True)
class _Kept:
    count: int = 0
    until_s: float = 0.0
    last_s: float = 0.0


class Here:
    """The same counts in this process alone, the oldest forgotten first."""

    def __init__(self) -> None:
        """Nobody has tried yet."""
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def count(self, key: str, free: int, longest_s: int) -> float:
        """One attempt more; how many seconds are to be waited first, 0 when it may go on."""
        now = asyncio.get_running_loop().time()
        kept = self._kept.pop(key, None) or _Kept()
        if now - kept.last_s > FORGOTTEN_S and kept.until_s <= now:
            kept = _Kept()
        self._kept[key] = kept
        while len(self._kept) > MOST_KEPT_HERE:
            self._kept.popitem(last=False)
        if kept.until_s > now:
            return kept.until_s - now
        kept.count, kept.last_s = kept.count + 1, now
        if kept.count >= free:
            kept.until_s = now + min(FIRST_WAIT_S * 2 ** min(kept.count - free, 20), longest_s)
        return 0.0

    def forget(self, key: str) -> None:
        """It was right after all."""
        self._kept.pop(key, None)


class Attempts:
    """Counts attempts; neither an address nor an account can be read back from what is kept."""

    def __init__(self, redis_url: str, *, secret: bytes) -> None:
        """`secret` is this installation's own: it keeps those apart that share a Redis."""
        self._redis = Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=1, retry=Retry(NoBackoff(), 0))
        self._count = self._redis.register_script(COUNT)
        self._secret, self._here = secret, Here()

    async def count(self, account: str, address: str) -> float:
        """One attempt more on this account from there; the seconds to wait first, 0 when it may go on."""
        waits_s = await self._count_attempt(self._name("of", address), FREE_OF_ADDRESS, FIRST_WAIT_S)
        return waits_s or await self._count_attempt(self._name(account, address), FREE, LONGEST_WAIT_S)

    async def right(self, account: str, address: str) -> None:
        """The attempt was right: nothing is held against this account from there, nor against the address."""
        for name in (self._name(account, address), self._name("of", address)):
            self._here.forget(name)
            try:
                await self._redis.delete(f"{name}:n", f"{name}:w")
            except (RedisError, OSError) as error:
                log.warning("attempts_kept_here", error=type(error).__name__)

    async def _count_attempt(self, name: str, free: int, longest_s: int) -> float:
        try:
            arguments = [free, FIRST_WAIT_S, FORGOTTEN_S if longest_s > FIRST_WAIT_S else FIRST_WAIT_S, longest_s]
            return float(await self._count(keys=[f"{name}:n", f"{name}:w"], args=arguments)) / 1000
        except (RedisError, OSError) as error:
            log.warning("attempts_kept_here", error=type(error).__name__)
            return self._here.count(name, free, longest_s)

    def _name(self, account: str, address: str) -> str:
        digest = hashlib.blake2b(f"{account} {address}".encode(), key=self._secret, digest_size=16)
        return f"aiguillage:attempts:{{{digest.hexdigest()}}}"

    async def aclose(self) -> None:
        """Leave Redis."""
        await self._redis.aclose()


def address_of(peer: str | None, forwarded: str, trusted: list[str]) -> str:
    """Who asks: the nearest address that is no proxy of ours. IPv6 counts by /64, which is what a home has.

    `forwarded` is `X-Forwarded-For`: each proxy appends who it heard. It is believed as far as `trusted` proxies wrote
    it; of addresses that all are ours, the farthest.
    """
    networks = [ip_network(each, strict=False) for each in trusted]
    found = _address(peer or "")
    if found is None and peer:
        return peer
    for said in reversed(forwarded.split(",")):
        if found is not None and not any(found in network for network in networks):
            break
        heard = _address(said.strip())
        if heard is None:
            break
        found = heard
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return str(found) if found else "unknown"


def _address(said: str) -> IPv4Address | IPv6Address | None:
    """The address, with or without brackets and port; one of IPv4 written as IPv6 is itself."""
    if said.startswith("["):
        said = said[1:].partition("]")[0]
    elif said.count(":") == 1:
        said = said.partition(":")[0]
    try:
        found = ip_address(said)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
