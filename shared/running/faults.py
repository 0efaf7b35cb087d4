"""Where a fault happened, in words that quote nothing: for logs, which may hold nothing that somebody sent."""

import logging
import traceback
from typing import TextIO

MOST_FRAMES = 30


def places_of(error: BaseException) -> str:
    """The types of an exception and of what caused it, and the lines of code they passed; never their messages."""
    said: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        frames = traceback.extract_tb(cause.__traceback__)[-MOST_FRAMES:]
        lines = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        said.append("\n".join([f"{type(cause).__module__}.{type(cause).__qualname__}", *lines]))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n".join(said)


class Quiet(logging.Formatter):
    """Of what libraries log, the first line; of an exception, its places: asyncio and uvicorn would quote it whole."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the places of an exception when there is one."""
        text = record.getMessage().partition("\n")[0]
        error = record.exc_info[1] if record.exc_info else None
        places = f"\n{places_of(error)}" if error else ""
        return f"{record.levelname.lower()} {record.name}: {text}{places}"


def quiet_logging(stream: TextIO) -> None:
    """Make every logger of the standard library speak so."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Quiet())
    root = logging.getLogger()
    root.handlers[:] = [handler]
