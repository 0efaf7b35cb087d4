"""What the commands `simulate` and `whatif` do: figures printed as a table, drawn as a picture, and returned."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from services.matching.engine.ahead.policies import (
    BATCH_30S,
    CALL_3,
    CLAIRVOYANT,
    DEFAULT_POLICY,
    FCFS_COST,
    FCFS_EARLY,
    policy_named,
)
from services.matching.lab.changes import Supposition, change_day
from services.matching.lab.closing import Closing
from services.matching.lab.days.day import Day
from services.matching.lab.days.draw import CALM, DaySetting, MishapSetting, draw_day, draw_seeded_territory
from services.matching.lab.days.stored import read_day, read_days
from services.matching.lab.figures import PolicyFigures, figures
from services.matching.lab.outcome import DayOutcome
from services.matching.lab.run import Trial, past_days, run_cases, run_closings, run_day
from services.matching.lab.terminal.plots import plot
from services.matching.lab.terminal.tables import closings_table, differences, explanations, tables_of

COMPARED = (CALL_3.name, FCFS_EARLY.name, FCFS_COST.name, BATCH_30S.name, DEFAULT_POLICY, CLAIRVOYANT.name)
TABLE_COLUMNS = 80


def simulate(
    *,
    days: int = 5,
    seed: int = 0,
    load: float = 1.0,
    policies: Sequence[str] = COMPARED,
    mishaps: bool = False,
    plot_to: Path | None = None,
    workers: int = 1,
    console: Console | None = None,
) -> tuple[PolicyFigures, ...]:
    """Live `days` drawn days, of seeds from `seed` on, under each policy; print the table and write the picture.

    `load` is requests per slot. With mishaps nothing is known in advance, so hindsight is left out.
    Raises PolicyUnknown for a name that does not exist.
    """
    names = tuple(name for name in policies if not (mishaps and name == CLAIRVOYANT.name))
    for name in names:
        policy_named(name)
    setting, trouble = DaySetting(load=load), MishapSetting() if mishaps else CALM
    lived = run_cases([Trial(seed + n, names, setting, trouble) for n in range(days)], workers)
    rows = tuple(figures(outcomes) for outcomes in zip(*lived, strict=True))
    title = f"{days} jours simulés, {load:g} demande par créneau" + (", avec aléas" if mishaps else "")
    shown = console or _console()
    for table in tables_of(title, rows):
        shown.print(table)
    shown.print(explanations(names), highlight=False)
    if plot_to is not None:
        plot(plot_to, title, rows)
    return rows


CLOSINGS = (Closing(), Closing(3600), Closing(900), Closing(900, kept=True))


def give_back(
    *, days: int = 5, seed: int = 0, load: float = 1.0, console: Console | None = None
) -> tuple[tuple[DayOutcome, ...], ...]:
    """Live drawn days with each moment at which empty slots go back: how many do, and who is left without."""
    setting = DaySetting(load=load)
    lived = [run_closings(Trial(seed + n, (DEFAULT_POLICY,), setting), CLOSINGS) for n in range(days)]
    title = f"Créneaux rendus : {days} jours simulés, {load:g} demande par créneau"
    by_closing = tuple(zip(*lived, strict=True))
    (console or _console()).print(closings_table(title, CLOSINGS, by_closing))
    return by_closing


def whatif(
    change: Supposition,
    *,
    day: Path | None = None,
    history: Path | None = None,
    days: int = 5,
    seed: int = 0,
    load: float = 0.75,
    today: str = DEFAULT_POLICY,
    plot_to: Path | None = None,
    console: Console | None = None,
) -> tuple[PolicyFigures, PolicyFigures]:
    """Live the same days as they are under the policy of today, and changed; print both and the difference.

    `day` is a stored day (a file, or a folder of captured instances); without it, days are drawn. A policy that looks
    ahead learns from the drawn past of the territory; on a stored day, from the stored days of `history` before it.
    """
    lived = (read_day(day),) if day else _draw(range(seed, seed + days), load)
    past = tuple(one for one in read_days(history) if one.opens_at_s < lived[0].opens_at_s) if history else ()
    before = [_live(one, today, seed + n, load, past, drawn=day is None) for n, one in enumerate(lived)]
    changed = [change_day(one, change, np.random.default_rng([seed + n, 5])) for n, one in enumerate(lived)]
    after = [_live(one, change.policy, seed + n, load, past, drawn=day is None) for n, one in enumerate(changed)]
    rows = replace(figures(before), policy=f"aujourd'hui ({today})"), replace(figures(after), policy=_say(change))
    shown = console or _console()
    title = "Et si ?" if day is None else f"Et si ? ({day.name})"
    for table in tables_of(title, rows):
        shown.print(table)
    shown.print(differences("Écart avec aujourd'hui, jour par jour", after, before))
    shown.print(explanations((today, change.policy)), highlight=False)
    if plot_to is not None:
        plot(plot_to, title, rows)
    return rows


def _console() -> Console:
    """The terminal; what is piped is 80 columns wide."""
    shown = Console()
    return shown if shown.is_terminal else Console(width=TABLE_COLUMNS)


def _draw(seeds: range, load: float) -> tuple[Day, ...]:
    return tuple(draw_day(seed, draw_seeded_territory(seed), DaySetting(load=load)) for seed in seeds)


def _live(day: Day, policy: str, seed: int, load: float, history: tuple[Day, ...], *, drawn: bool) -> DayOutcome:
    if drawn and policy_named(policy).scenarios:
        history = past_days(Trial(seed, (policy,), DaySetting(load=load)))
    return run_day(day, (policy,), history, seed)[0]


def _say(change: Supposition) -> str:
    said = [f"sans {name}" for name in change.without]
    said += [f"+{change.more_slots} créneau(x) par médecin"] if change.more_slots else []
    said += [f"trajets acceptés +{change.farther_s // 60} min"] if change.farther_s else []
    said += [f"demande × {change.demand:g}"] if change.demand != 1.0 else []
    return ", ".join([*said, change.policy])
