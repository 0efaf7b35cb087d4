"""The most memory a process held: run this module with REQUESTS SLOTS K SEED for what one solve of the engine adds.

`getrusage` is of no use for that: on Linux a child starts with the peak of its parent.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_mib() -> float:
    """The peak of resident memory of this process, in MiB."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget_peak() -> None:
    """Count the peak from now on, where the system can."""
    if FORGET.exists():
        FORGET.write_text("5")


def of_one_solve(requests: int, slots: int, k: int, seed: int) -> dict[str, float]:
    """In a process of its own: MiB before solving this market, and at most while solving it."""
    command = [sys.executable, "-m", "tests.bench.engine.memory", *map(str, (requests, slots, k, seed))]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], check=True, capture_output=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(requests: str, slots: str, k: str, seed: str) -> None:
    """Draw, solve, print both figures."""
    from services.matching.engine.market.flow import solve_flow  # noqa: PLC0415
    from tests.bench.engine.markets import market  # noqa: PLC0415

    network = market(int(requests), int(slots), int(k), int(seed)).network
    forget_peak()
    before = peak_mib()
    solve_flow(network)
    print(json.dumps({"before": before, "peak": peak_mib()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
