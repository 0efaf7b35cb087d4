"""The product as its own process, to be killed and started again."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

READY_WITHIN_S = 90


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Program:
    """One `aiguillage` command, answering at `url` once it is up."""

    arguments: list[str]
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it and wait for its first answer."""
        command = [sys.executable, "-m", "services", *self.arguments, "--port", str(self.port)]
        environment = {**os.environ, **self.environment, "AIGUILLAGE_PUBLIC_URL": self.url}
        self.process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(READY_WITHIN_S), httpx.AsyncClient(base_url=self.url) as client:
            while not await self._answers(client):
                if self.process.returncode is not None:
                    raise RuntimeError(f"{' '.join(command)} stopped with {self.process.returncode}")
                await asyncio.sleep(0.05)

    async def _answers(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get("/health")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def kill(self) -> None:
        """As the machine would: no warning, no goodbye."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """As Ctrl-C would."""
        await self._end(signal.SIGINT)

    async def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(how)
            await self.process.wait()


@asynccontextmanager
async def running(*arguments: str, environment: dict[str, str]) -> AsyncIterator[Program]:
    """A program that is stopped at the end, whatever happened to it meanwhile."""
    program = Program(list(arguments), environment)
    try:
        await program.start()
        yield program
    finally:
        await program.stop()
