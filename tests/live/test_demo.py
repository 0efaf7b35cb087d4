"""The demonstration and `up`, as a person starts and stops them."""

import asyncio
import signal
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.live.embedded.looking import processes_of, until
from tests.processes import free_port, running

PATIENCE_S = 120


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the servers' user may cross."""
    with tempfile.TemporaryDirectory(prefix="aig-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


async def heard(process: asyncio.subprocess.Process, words: str) -> list[str]:
    """The lines printed until one holds `words`."""
    lines: list[str] = []
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        async for line in process.stdout:
            lines.append(line.decode())
            if words in lines[-1]:
                return lines
    raise AssertionError("".join(lines))


@asynccontextmanager
async def demo(data: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    command = ["demo", "--data-dir", str(data), "--port", str(port), "--speed", "300"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_the_demonstration_serves_patients_stops_at_ctrl_c_and_goes_on_the_next_day(home: Path) -> None:
    port = free_port()
    async with demo(home / "data", port) as process:
        assert any("jamais pour les données" in line for line in await heard(process, "Serveurs embarqués"))
        await heard(process, "Confirmé")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as anybody:
            assert (await anybody.get("/health")).status_code == httpx.codes.OK
            assert len((await anybody.get("/availability/session/demo")).json()) == 14
        process.send_signal(signal.SIGINT)
        await process.communicate()
        assert process.returncode == 0
    await until(lambda: processes_of(home) == [])

    async with demo(home / "data", port) as process:
        again = await heard(process, "Créneau publié")
        assert not any("Chargement" in line for line in again)
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        assert process.returncode == 0
    await until(lambda: processes_of(home) == [])


async def test_up_answers_on_one_port_with_a_secret_of_its_own(home: Path) -> None:
    async with running("up", "--data-dir", str(home / "data"), environment={}) as program:
        secret = home / "data" / "secret"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        async with httpx.AsyncClient(base_url=program.url, timeout=30) as anybody:
            assert (await anybody.get("/availability/session/demo")).json() == []
            assert (await anybody.get("/matching/health")).json() == {"status": "ok"}
        looked = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "services", "doctor", "--data-dir", str(home / "data")],
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await looked.communicate()
        assert "Schéma matching" in printed.decode()
    await until(lambda: processes_of(home) == [])
