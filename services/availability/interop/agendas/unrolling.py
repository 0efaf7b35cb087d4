"""Reading an agenda in a process of its own, which ends with its limits or with whoever waits for it."""

import asyncio
import json
import os
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from services.availability.interop.agendas.events import BusyTime
from services.availability.interop.agendas.reading import FeedUnreadable, Reading

CHILD = "services.availability.interop.agendas.unroll"
LONGEST_S = 30.0
"""Real seconds: beyond the processor's limit of the process, for a machine that is busy."""
TOO_HEAVY = "Cet agenda demande trop de calcul : cherchez-y une récurrence sans fin, ou partagez-en un plus court."


async def unroll(
    content: bytes, *, from_at: datetime, to_at: datetime, zone: ZoneInfo, owner: str = "", longest_s: float = LONGEST_S
) -> Reading:
    """The busy times of an agenda within a window; raises `FeedUnreadable`, also for one that takes too much."""
    asked = {"from_at": from_at.isoformat(), "to_at": to_at.isoformat(), "zone": zone.key, "owner": owner}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", CHILD, env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(longest_s):
            told, _ = await process.communicate(json.dumps(asked).encode() + b"\n" + content)
    except TimeoutError:
        raise FeedUnreadable(TOO_HEAVY) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise FeedUnreadable(TOO_HEAVY)
    answer = json.loads(told)
    if "refused" in answer:
        raise FeedUnreadable(answer["refused"])
    instants = [tuple(datetime.fromisoformat(each) for each in period) for period in answer["periods"]]
    return Reading([BusyTime(*period) for period in instants], answer["left_out"], answer["kept"])
