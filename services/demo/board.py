"""The terminal board: what the websockets say of each territory, and nothing else."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.demo.territories import Territory
from shared.clock import PARIS, Clock
from shared.contracts import ON_THE_BOARD, RequestState
from shared.follow import Replica

STATES = {
    RequestState.OPEN: ("à orienter", "yellow"),
    RequestState.PROPOSED: ("proposées", "cyan"),
    RequestState.HELD: ("réservées", "cyan"),
    RequestState.CONFIRMED: ("confirmées", "green"),
    RequestState.HONOURED: ("honorées", "green"),
    RequestState.NO_SHOW: ("absents", "magenta"),
    RequestState.CANCELLED: ("annulées", "dim"),
    RequestState.ESCALATED: ("escaladées", "red"),
    RequestState.UNSERVED: ("sans solution", "red"),
}
LAST_EVENTS = 8
OLDEST = 4


@dataclass(slots=True)
class Watched:
    """One territory as the two services tell it."""

    territory: Territory
    slots: Replica
    requests: Replica
    refused: Counter[str]
    last: deque[tuple[datetime, str]] = field(default_factory=lambda: deque(maxlen=LAST_EVENTS))

    async def note(self, _replica: Replica, events: list[dict[str, Any]]) -> None:
        """Keep the last events, to be read."""
        for event in events:
            line = sentence(event)
            if line:
                self.last.append((datetime.fromisoformat(event["at"]), line))


def sentence(event: dict[str, Any]) -> str:
    """An event in a few words; empty for those that nobody waits for."""
    kind, value = event["type"].partition(".")[0], event["value"] or {}
    if event["collection"] == "requests" and value:
        word, colour = STATES[RequestState(value["state"])]
        return f"[{colour}]demande P{value['urgency']} {value['act']} : {word}[/]"
    if event["collection"] == "slots" and kind == "slot_published" and value:
        return f"[blue]créneau publié pour {_hour(value['starts_at'])}[/]"
    if event["collection"] == "slots" and kind in {"slot_withdrawn", "slot_given_back"}:
        return "[magenta]créneau retiré[/]" if kind == "slot_withdrawn" else "[dim]créneau rendu au praticien[/]"
    return ""


def board(watched: list[Watched], clock: Clock, where: str) -> RenderableType:
    """The whole screen."""
    now = clock.now().astimezone(PARIS)
    title = Text(f" {now:%A %d %B %Y %H:%M} (×{clock.speed:g})   {where} ", style="bold white on blue")
    noted = ", ".join(
        f"{code} {count}" for code, count in sum((each.refused for each in watched), Counter()).most_common(4)
    )
    footer = Text(f"Ctrl-C arrête tout.{f'  Refus reçus : {noted}' if noted else ''}", style="dim")
    return Group(title, Columns([_panel(each, clock) for each in watched], expand=True, equal=True), footer)


def _panel(watched: Watched, clock: Clock) -> Panel:
    requests = list(watched.requests.state.get("requests", {}).values())
    today = [each for each in requests if _same_day(each["submitted_at"], clock)]
    slots = [each for each in watched.slots.state.get("slots", {}).values() if _same_day(each["starts_at"], clock)]
    body = Group(
        _counts(slots, today, clock),
        Text(""),
        _waiting(requests, clock),
        Text(""),
        Text("Derniers événements", style="bold"),
        *(Text.from_markup(f"{at.astimezone(PARIS):%H:%M} {line}") for at, line in watched.last),
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
        Text(f"{by_state[state]} {word}", style=colour) for state, (word, colour) in STATES.items() if by_state[state]
    ]
    table.add_row(Text(f"Demandes {len(requests)}", style="bold"), *words[:3])
    for start in range(3, len(words), 3):
        table.add_row("", *words[start : start + 3])
    return table


def _waiting(requests: list[dict[str, Any]], clock: Clock) -> RenderableType:
    """Who waits, the most urgent and oldest first, and what blocks them most."""
    waiting = [each for each in requests if RequestState(each["state"]) in ON_THE_BOARD]
    table = Table(
        "P", "motif", "attend", "bloqué par", title=f"En attente : {len(waiting)}", title_justify="left", box=None
    )
    for each in sorted(waiting, key=lambda one: (one["urgency"], one["submitted_at"]))[:OLDEST]:
        minutes = int((clock.now() - datetime.fromisoformat(each["submitted_at"])).total_seconds() // 60)
        why = ", ".join(sorted(each["blockers"], key=lambda rule: -each["blockers"][rule])[:2])
        table.add_row(str(each["urgency"]), each["act"], f"{minutes} min", why)
    return table


def _same_day(instant: str, clock: Clock) -> bool:
    return datetime.fromisoformat(instant).astimezone(PARIS).date() == clock.now().astimezone(PARIS).date()


def _hour(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(PARIS):%H:%M}"
