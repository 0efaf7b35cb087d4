"""One client of a live stream, and what waits while its socket is slow."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from shared.auth import Caller

BACKLOG = 64
TRY_LATER = 1013


def _closing() -> asyncio.Future[tuple[int, str]]:
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False, slots=True)
class Seat:
    """One client at one stream: what it was sent, what waits, and why it must close, once it must."""

    caller: Caller
    socket: WebSocket
    seq: int
    backlog: deque[str] = field(default_factory=deque)
    sending: asyncio.Task[None] | None = None
    closing: asyncio.Future[tuple[int, str]] = field(default_factory=_closing)

    def push(self, message: str) -> None:
        """Send now, or behind what still waits; a client too far behind is told to come back later."""
        if self.closing.done():
            return
        if len(self.backlog) >= BACKLOG:
            self.close(TRY_LATER, "too slow")
            return
        self.backlog.append(message)
        if self.sending is None or self.sending.done():
            self.sending = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the client left: its reading task sees it too
            while self.backlog:
                await self.socket.send_text(self.backlog.popleft())

    def close(self, code: int, reason: str) -> None:
        """Ask the socket's owner to close it."""
        if not self.closing.done():
            self.closing.set_result((code, reason))

    async def drain(self) -> None:
        """Wait until what was pushed is sent: a replay must not pile up."""
        if self.sending is not None:
            either: set[asyncio.Future[Any]] = {self.sending, self.closing}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)

    async def leave(self, *, gone: bool) -> None:
        """Send what still waits, for a second at most, and close the socket if the client is still there."""
        if self.sending is not None:
            if not gone:
                await asyncio.wait({self.sending}, timeout=1)
            self.sending.cancel()
        if not gone:
            code, reason = self.closing.result() if self.closing.done() else (1001, "server stops")
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
                async with asyncio.timeout(1):
                    await self.socket.close(code, reason)
        self.closing.cancel()
