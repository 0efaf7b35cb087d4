"""What a PostgreSQL that was killed, or lost its launcher, leaves behind: told apart, then cleared.

`postmaster.pid` names a process, but the number may belong to somebody else by now. The process is asked what it is;
the file is never removed, because its line on shared memory is what keeps two servers off the same data.
"""

import asyncio
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

LEAVES_WITHIN_S = 5


async def clear_stale_postmaster(folder: Path) -> None:
    """Stop a server that outlived its launcher; take our own pid for one that is gone. Only for who holds the lock."""
    file = folder / "postmaster.pid"
    if not file.exists():
        return
    first, *rest = file.read_text().splitlines(keepends=True)
    pid = abs(int(first))
    if is_server_of(folder, pid):
        await _stop(folder, pid)
    elif rest:
        # PostgreSQL takes the pid of its parent for stale, and still checks the shared memory.
        file.write_text(f"{os.getpid()}\n{''.join(rest)}")


def is_server_of(folder: Path, pid: int) -> bool:
    """Whether `pid` is a PostgreSQL server at work in `folder`, whatever else has had this number."""
    if Path("/proc/self/cwd").exists():
        with suppress(OSError):
            return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
        return False
    asked = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return f"-D {folder}" in asked.stdout


async def _stop(folder: Path, pid: int) -> None:
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, how)
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVES_WITHIN_S):
                while is_server_of(folder, pid):  # noqa: ASYNC110 - not our child: nothing else tells that it left
                    await asyncio.sleep(0.02)
                return
