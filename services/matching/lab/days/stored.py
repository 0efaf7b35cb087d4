"""Days on disk: one JSON file per day, in the format of instances and plans."""

from pathlib import Path

from services.matching.engine.files import dumps, loads
from services.matching.engine.model import Instance
from services.matching.lab.days.day import Day, NotADay, day_of_instances


def write_day(path: Path, day: Day) -> None:
    """Save a day; equal days give equal files."""
    path.write_text(dumps(day), encoding="utf-8")


def read_day(path: Path) -> Day:
    """Read a day from a file, or from a folder of captured instances taken in order of name.

    Raises UnreadableFile when a file is not what it should be, NotADay when the folder does not make a day.
    """
    if not path.is_dir():
        day = loads(path.read_text(encoding="utf-8"), Day)
        if len(day.slots) != len(day.published_at_s):
            raise NotADay(NotADay.__doc__)
        return day
    rounds = [loads(file.read_text(encoding="utf-8"), Instance) for file in sorted(path.glob("*.json"))]
    return day_of_instances(path.name, tuple(rounds))


def read_days(folder: Path) -> tuple[Day, ...]:
    """The stored days of a folder (`day-….json`), in order of name."""
    return tuple(read_day(file) for file in sorted(folder.glob("day-*.json")))
