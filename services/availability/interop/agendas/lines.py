"""An iCalendar file as components and lines (RFC 5545, section 3.1), whatever is wrong with some of them.

Only what says when somebody is busy is kept: no title, no place, no guest leaves this module but `ATTENDEE`, whose
refusal makes an event free.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

KEPT = frozenset(
    {
        "UID", "SEQUENCE", "DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID",
        "FREEBUSY", "STATUS", "TRANSP", "BUSYTYPE", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "X-WR-TIMEZONE",
        "X-WR-CALNAME", "ATTENDEE", "X-MICROSOFT-CDO-BUSYSTATUS",
    }
)  # fmt: skip
TIMES = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "FREEBUSY"})
ROOT = "VCALENDAR"
TOP = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY", "VTIMEZONE"})
"""What stands directly in a calendar: one that begins ends the one before, if that was left open."""
_HEAD = re.compile(r"\s*([A-Za-z0-9-]+)\s*([;:])")
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)\s*=\s*((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)')


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """One property: its name in capitals, its parameters, its value, and the line as it was written."""

    name: str
    parameters: dict[str, str]
    value: str
    written: str


@dataclass(slots=True)
class Component:
    """What stands between BEGIN and END; `broken` when its end is missing or a line about time makes no sense."""

    name: str
    lines: list[AgendaLine] = field(default_factory=list)
    inner: list["Component"] = field(default_factory=list)
    broken: bool = False
    closed: bool = False

    def all(self, name: str) -> list[AgendaLine]:
        """The lines of this name."""
        return [line for line in self.lines if line.name == name]

    def value(self, name: str) -> str:
        """The value of the first line of this name; empty when there is none."""
        return next((line.value.strip() for line in self.lines if line.name == name), "")


def calendars(content: bytes) -> list[Component]:
    """The calendars of a file, in order; what stands outside of them is left out."""
    found: list[Component] = []
    open_now: list[Component] = []
    for text in _unfold(content):
        head = _HEAD.match(text)
        if head is None:
            _note_broken(open_now, text)
        elif (name := head[1].upper()) == "BEGIN":
            _begin(found, open_now, text[head.end() :].strip().upper())
        elif name == "END":
            _end(open_now, text[head.end() :].strip().upper())
        elif open_now and name in KEPT and (line := _line(name, text, head)) is not None:
            open_now[-1].lines.append(line)
        elif name in TIMES:
            _note_broken(open_now, text)
    return found


def write_lines(component: Component, names: Iterable[str] = KEPT) -> Iterator[str]:
    """A component as lines again, with these properties alone; long lines stay unfolded."""
    yield f"BEGIN:{component.name}"
    yield from (line.written for line in component.lines if line.name in names)
    for inner in component.inner:
        yield from write_lines(inner, names)
    yield f"END:{component.name}"


def _unfold(content: bytes) -> Iterator[str]:
    """The lines of a file. Folds are undone in bytes: some cut a letter in two."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", "replace").encode()
    whole = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for line in re.sub(b"\n[ \t]", b"", whole).split(b"\n"):
        if line:
            yield _decode(line)


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _line(name: str, text: str, head: re.Match[str]) -> AgendaLine | None:
    at, parameters = head.end() - 1, {}
    while found := _PARAMETER.match(text, at):
        parameters[found[1].upper()] = found[2].strip().strip('"')
        at = found.end()
    if at >= len(text) or text[at] != ":":
        return None
    return AgendaLine(name, parameters, text[at + 1 :], text.strip())


def _begin(found: list[Component], open_now: list[Component], name: str) -> None:
    begun = Component(name)
    if name == ROOT:
        open_now[:] = [begun]
        found.append(begun)
        return
    if not open_now:
        return
    if name in TOP:
        for left in open_now[1:]:
            left.broken = True
        del open_now[1:]
    open_now[-1].inner.append(begun)
    open_now.append(begun)


def _end(open_now: list[Component], name: str) -> None:
    names = [component.name for component in open_now]
    if name not in names:
        return
    at = len(names) - 1 - names[::-1].index(name)
    for left in open_now[at + 1 :]:
        left.broken = True
    open_now[at].closed = True
    del open_now[at:]


def _note_broken(open_now: list[Component], text: str) -> None:
    """A line about time that says nothing readable must not pass for free time."""
    word = re.match(r"\s*([A-Za-z0-9-]+)", text)
    if open_now and word is not None and word[1].upper() in TIMES:
        open_now[-1].broken = True
