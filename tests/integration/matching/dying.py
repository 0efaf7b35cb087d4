"""What a worker is given to die of; it imports nothing else, as a worker does."""

import os
import signal
from pathlib import Path


def die_once(marker: str) -> int:
    """Kill the worker the first time it is asked, answer the second."""
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 42
