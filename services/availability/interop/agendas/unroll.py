"""A process of its own that reads one agenda: `python -m services.availability.interop.agendas.unroll`.

Read from its input: a line of JSON (`from_at`, `to_at`, `zone`, `owner`), then the file. Written: a line of JSON. It
sets its own limits of memory and processor first: an agenda is written by strangers.
"""

import json
import os
import resource
import sys
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.availability.interop.agendas.reading import FeedUnreadable, read_agenda

MEMORY = 1 << 30
PROCESSOR_S = 20
POLITE = 10


def main() -> None:
    """Read, answer, end."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(POLITE)
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    sys.stdout.write(json.dumps(answer(asked, sys.stdin.buffer.read())))


def answer(asked: dict[str, Any], content: bytes) -> dict[str, Any]:
    """What was read, or why it is refused."""
    from_at, to_at = (datetime.fromisoformat(asked[name]) for name in ("from_at", "to_at"))
    try:
        found = read_agenda(content, from_at=from_at, to_at=to_at, zone=ZoneInfo(asked["zone"]), owner=asked["owner"])
    except FeedUnreadable as refused:
        return {"refused": refused.detail}
    periods = [(period.starts_at.isoformat(), period.ends_at.isoformat()) for period in found.periods]
    return {"periods": periods, "left_out": found.left_out, "kept": found.kept}


if __name__ == "__main__":
    main()
