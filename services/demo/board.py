"""The terminal board: what the websockets say of each territory, and nothing else."""

import io
import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleDimensions, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.demo.territories import DemoTerritory
from shared.contracts import ON_THE_BOARD, RequestState
from shared.db.clock import PARIS, Clock
from shared.live.follow import Replica
from shared.wording.labels import wording

COLOURS = {
    RequestState.OPEN: "yellow",
    RequestState.PROPOSED: "cyan",
    RequestState.HELD: "cyan",
    RequestState.CONFIRMED: "green",
    RequestState.HONOURED: "bold green",
    RequestState.NO_SHOW: "magenta",
    RequestState.CANCELLED: "dim",
    RequestState.ESCALATED: "red",
    RequestState.UNSERVED: "bold red",
}
SAY = wording()
LAST_EVENTS, MOST_UNREAD = 8, 500
OLDEST = 4
WIDE = 120
FRAME = 9
"""Lines of a panel that are neither the waiting nor the events."""


@dataclass(slots=True)
class Watched:
    """One territory as the two services tell it."""

    territory: DemoTerritory
    slots: Replica
    requests: Replica
    refused: Counter[str]
    motives: Mapping[str, str]
    """Labels by code."""
    last: deque[tuple[datetime, str]] = field(default_factory=lambda: deque(maxlen=LAST_EVENTS))
    unread: deque[tuple[datetime, str]] = field(default_factory=lambda: deque(maxlen=MOST_UNREAD))
    """The same, for who prints them one by one."""

    async def note(self, _replica: Replica, events: list[dict[str, Any]]) -> None:
        """Keep the last events, to be read."""
        for event in events:
            line = self.sentence(event)
            if line:
                told = (datetime.fromisoformat(event["at"]), line)
                self.last.append(told)
                self.unread.append(told)

    def sentence(self, event: dict[str, Any]) -> str:
        """An event in a few words; empty for those that nobody waits for."""
        kind, value = event["type"].partition(".")[0], event["value"] or {}
        if event["collection"] == "requests" and value:
            state = RequestState(value["state"])
            motive = self.motives.get(value["act"], value["act"])
            return f"[{COLOURS[state]}]P{value['urgency']} {motive} : {SAY.label('request_state', state)}[/]"
        if event["collection"] == "slots" and kind == "slot_published" and value:
            return f"[blue]Créneau publié pour {_hour(value['starts_at'])}[/]"
        if event["collection"] == "slots" and kind in {"slot_withdrawn", "slot_given_back"}:
            return "[magenta]Créneau retiré[/]" if kind == "slot_withdrawn" else "[dim]Créneau rendu au praticien[/]"
        return ""


def board(watched: list[Watched], clock: Clock, where: str, size: ConsoleDimensions) -> RenderableType:
    """The whole screen: territories side by side where there is room, else one above the other, shorter."""
    side_by_side = size.width >= WIDE
    room = size.height - 4 if side_by_side else (size.height - 4) // len(watched)
    now = clock.now().astimezone(PARIS)
    title = Text(f" {now:%d/%m/%Y %H:%M} (×{clock.speed:g})   {where} ", style="bold white on blue")
    noted = ", ".join(
        f"{code} {count}" for code, count in sum((each.refused for each in watched), Counter()).most_common(4)
    )
    footer = Text(f"Ctrl-C arrête tout.{f'  Refus reçus : {noted}' if noted else ''}", style="dim")
    panels = [_panel(each, clock, room) for each in watched]
    if not side_by_side:
        return Group(title, *panels, footer)
    row = Table.grid(expand=True)
    for _ in panels:
        row.add_column(ratio=1)
    row.add_row(*panels)
    return Group(title, row, footer)


def _panel(watched: Watched, clock: Clock, room: int) -> Panel:
    requests = list(watched.requests.state.get("requests", {}).values())
    today = [each for each in requests if _same_day(each["submitted_at"], clock)]
    slots = [each for each in watched.slots.state.get("slots", {}).values() if _same_day(each["starts_at"], clock)]
    oldest = OLDEST if room > FRAME + OLDEST else 1
    last = list(watched.last)[-max(1, room - FRAME - oldest) :]
    body = Group(
        _counts(slots, today, clock),
        _waiting(requests, watched.motives, clock, oldest),
        Text("Derniers événements", style="bold"),
        *(Text.from_markup(f"{at.astimezone(PARIS):%H:%M} {line}", overflow="ellipsis") for at, line in last),
    )
    live = "en direct" if watched.requests.ready.is_set() and watched.slots.ready.is_set() else "connexion…"
    return Panel(body, title=f"{watched.territory.short} · {live}", border_style="blue")


def _counts(slots: list[dict[str, Any]], requests: list[dict[str, Any]], clock: Clock) -> Table:
    table = Table.grid(padding=(0, 2))
    now = clock.now()
    ahead = [
        slot for slot in slots if datetime.fromisoformat(slot["starts_at"]) > now and slot["status"] == "published"
    ]
    free = sum(max(0, slot["capacity"] - slot["taken"]) for slot in ahead)
    held, taken = sum(slot["held"] for slot in slots), sum(slot["taken"] for slot in slots)
    table.add_row(Text("Créneaux", style="bold"), f"{free} libres", f"{held} en cours", f"{taken - held} pris")
    by_state = Counter(RequestState(each["state"]) for each in requests)
    words = [
        Text(f"{by_state[state]} {SAY.label('request_state', state)}", style=colour)
        for state, colour in COLOURS.items()
        if by_state[state]
    ]
    table.add_row(Text(f"Demandes {len(requests)}", style="bold"), *words[:3])
    for start in range(3, len(words), 3):
        table.add_row("", *words[start : start + 3])
    return table


def _waiting(requests: list[dict[str, Any]], motives: Mapping[str, str], clock: Clock, oldest: int) -> RenderableType:
    """Who waits, the most urgent and oldest first, and what blocks them most."""
    waiting = [each for each in requests if RequestState(each["state"]) in ON_THE_BOARD]
    table = Table(
        "P", "motif", "attend", "bloqué par", title=f"En attente : {len(waiting)}", title_justify="left", box=None
    )
    for each in sorted(waiting, key=lambda one: (one["urgency"], one["submitted_at"]))[:oldest]:
        minutes = int((clock.now() - datetime.fromisoformat(each["submitted_at"])).total_seconds() // 60)
        rules = sorted(each["blockers"], key=lambda rule: -each["blockers"][rule])[:2]
        why = ", ".join(SAY.label("blocker", rule) for rule in rules)
        table.add_row(f"P{each['urgency']}", motives.get(each["act"], each["act"]), f"{minutes} min", why)
    return table


def _same_day(instant: str, clock: Clock) -> bool:
    return datetime.fromisoformat(instant).astimezone(PARIS).date() == clock.now().astimezone(PARIS).date()


def _hour(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(PARIS):%H:%M}"


def picture(watched: list[Watched], clock: Clock, where: str, file: Path) -> None:
    """Draw the board as it stands, in SVG."""
    console = Console(record=True, width=150, file=io.StringIO())
    console.print(board(watched, clock, where, ConsoleDimensions(150, 25)))
    drawn = console.export_svg(title="Aiguillage")
    # Without the addresses of fonts: a picture calls nobody.
    file.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL), encoding="utf-8")
