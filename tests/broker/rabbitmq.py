"""A real RabbitMQ of the tests' own: mutual TLS, certificates for names, nothing shared with the machine's."""

import asyncio
import contextlib
import json
import os
import signal
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aio_pika
import psutil
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError

from tests.authority import Authority
from tests.processes import free_port

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
VHOST = "essai"
READY_WITHIN_S = 60


@dataclass
class Broker:
    """One broker in one folder; `names` may sign in with a certificate of `authority`, and each has three queues."""

    folder: Path
    authority: Authority
    names: Sequence[str]
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    def __post_init__(self) -> None:
        """Write what the broker reads."""
        self.node = f"essai{self.port}@localhost"
        certificate, key = self.authority.issue("broker", "HUB")
        self.issued = {name: self.authority.issue(name, "CLIENT") for name in self.names}
        (self.folder / "home").mkdir()
        (self.folder / "plugins").write_text("[rabbitmq_auth_mechanism_ssl].\n")
        (self.folder / "definitions.json").write_text(json.dumps(self._definitions()))
        lines = {
            "listeners.tcp": "none",
            "listeners.ssl.1": f"127.0.0.1:{self.port}",
            "ssl_options.cacertfile": self.authority.certificate,
            "ssl_options.certfile": certificate,
            "ssl_options.keyfile": key,
            "ssl_options.verify": "verify_peer",
            "ssl_options.fail_if_no_peer_cert": "true",
            "ssl_options.versions.1": "tlsv1.2",
            "auth_mechanisms.1": "EXTERNAL",
            "ssl_cert_login_from": "common_name",
            "load_definitions": self.folder / "definitions.json",
        }
        (self.folder / "rabbitmq.conf").write_text("".join(f"{name} = {value}\n" for name, value in lines.items()))
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    def _definitions(self) -> dict[str, object]:
        here = {"vhost": VHOST, "durable": True, "auto_delete": False}
        queues = [f"{name}.{kind}" for name in self.names for kind in ("message", "ack", "info")]
        dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
        return {
            "users": [{"name": name, "password_hash": "", "tags": ""} for name in self.names],
            "vhosts": [{"name": VHOST}],
            "permissions": [
                {"user": name, "vhost": VHOST, "configure": "", "write": ".*", "read": ".*"} for name in self.names
            ],
            "queues": [
                {"name": "dead", "arguments": {}, **here},
                {"name": "dispatch", "arguments": {}, **here},
                *({"name": name, "arguments": dead, **here} for name in queues),
            ],
            "exchanges": [{"name": "hubsante", "type": "topic", "internal": False, "arguments": {}, **here}],
            "bindings": [
                {
                    "source": "hubsante",
                    "vhost": VHOST,
                    "destination": "dispatch",
                    "destination_type": "queue",
                    "routing_key": "#",
                    "arguments": {},
                }
            ],
        }

    async def start(self) -> None:
        """Start it and wait until it answers; what it was told to keep is there again."""
        self.process = await asyncio.create_subprocess_exec(
            PROGRAM,
            env=self.environment,
            start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(READY_WITHIN_S):
            while True:
                try:
                    async with await self.connect(self.names[0]):
                        return
                except (AMQPError, OSError):
                    await asyncio.sleep(0.1)

    async def connect(self, name: str) -> AbstractConnection:
        """Someone's own line."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        context.load_cert_chain(*self.issued[name])
        return await self.connect_with(context)

    async def connect_with(self, context: ssl.SSLContext) -> AbstractConnection:
        """A line of whoever presents themselves so."""
        return await aio_pika.connect(
            host="127.0.0.1", port=self.port, virtualhost=VHOST, ssl=True, ssl_context=context, auth="EXTERNAL"
        )

    async def kill(self) -> None:
        """As the machine would: no warning, no goodbye."""
        if self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        self.process = None
        while any(each.info["name"] == "beam.smp" for each in self._running()):
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End it and the port mapper that it left behind; returns once no process of it is left."""
        await self.kill()
        async with asyncio.timeout(READY_WITHIN_S):
            while left := self._running():
                for process in left:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
                await asyncio.sleep(0.05)

    def _running(self) -> list[psutil.Process]:
        """The processes that were started with our environment."""
        found = []
        for process in psutil.process_iter(["name"]):
            try:
                ours = process.environ().get("RABBITMQ_NODENAME") == self.node
                ours = ours and process.status() != psutil.STATUS_ZOMBIE
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            if ours:
                found.append(process)
        return found


@asynccontextmanager
async def running(folder: Path, names: Sequence[str]) -> AsyncIterator[Broker]:
    """A broker while the context is open."""
    (folder / "tls").mkdir()
    broker = Broker(folder, Authority(folder / "tls", "essai"), names)
    try:
        await broker.start()
        yield broker
    finally:
        await broker.stop()
