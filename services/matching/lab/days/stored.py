"""Days on disk: one JSON file per day, in the format of instances and plans."""

from collections.abc import Iterator
from pathlib import Path

from services.matching.engine.files import UnreadableFile, dumps, read_file
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
        day = read_file(path, Day)
        for wrong in _impossible(day):
            wrong.path = str(path)
            raise wrong
        return day
    rounds = [read_file(file, Instance) for file in sorted(path.glob("*.json"))]
    return day_of_instances(path.name, tuple(rounds))


def read_days(folder: Path) -> tuple[Day, ...]:
    """The stored days of a folder (`day-….json`), in order of name; raises NotADay when there is none."""
    files = sorted(folder.glob("day-*.json"))
    if not files:
        raise NotADay(NotADay.__doc__)
    return tuple(read_day(file) for file in files)


def _impossible(day: Day) -> Iterator[UnreadableFile]:
    """What cannot be in a day, besides what cannot be in its instance."""
    if len(day.slots) != len(day.published_at_s):
        yield UnreadableFile("not_so_many", "day.published_at_s", len(day.published_at_s), len(day.slots))
    if day.closes_at_s <= day.opens_at_s:
        yield UnreadableFile("not_after", "day.closes_at_s", day.closes_at_s, f"opens_at_s ({day.opens_at_s})")
    slots, requests = {slot.id for slot in day.slots}, {request.id for request in day.requests}
    for n, (slot, _) in enumerate(day.withdrawn):
        if slot not in slots:
            yield UnreadableFile("unknown_slot", f"day.withdrawn[{n}]", slot)
    for n, mishap in enumerate(day.mishaps):
        if mishap.request not in requests:
            yield UnreadableFile("unknown_request", f"day.mishaps[{n}].request", mishap.request)
        if mishap.refuses < 0 or (mishap.cancels_after_s or 0) < 0:
            yield UnreadableFile("too_small", f"day.mishaps[{n}]", min(mishap.refuses, mishap.cancels_after_s or 0), 0)
