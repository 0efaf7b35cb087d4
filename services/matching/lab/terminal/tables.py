"""Figures as tables for a terminal of 80 columns, in French like every screen."""

from collections.abc import Sequence

from rich.table import Table

from services.matching.lab.closing import Closing
from services.matching.lab.figures import PolicyFigures, everybody, pair, travel, urgent
from services.matching.lab.outcome import DayOutcome
from shared.wording.labels import wording

LEFT_OUT = ("politique", "P1", "P2", "P3", "P4", "P1+P2", "tous")
SERVED = ("politique", "trajet (min)", "délai (min)", "réponse (min) P1/P2/P3/P4", "déplacés", "Gini")
ONE_DAY = "–"


def tables_of(title: str, rows: Sequence[PolicyFigures]) -> tuple[Table, Table]:
    """Two tables with one line per policy: people left without a slot, in % of those who asked; then those served."""
    left = _table(f"{title} : sans créneau (%)", LEFT_OUT, _caption(rows))
    served = _table("Ceux qui ont un créneau", SERVED, "")
    for row in rows:
        left.add_row(*_count_left_out(row))
        served.add_row(*_count_served(row))
    return left, served


def explanations(names: Sequence[str]) -> str:
    """What each policy does, a line each, for those whose name says little."""
    return "\n".join(f"{name} : {wording().label('policy_does', name)}" for name in dict.fromkeys(names))


def differences(title: str, ours: Sequence[DayOutcome], theirs: Sequence[DayOutcome]) -> Table:
    """The paired difference of two runs on the same days, with its standard error."""
    table = _table(title, ("écart", "moyenne", "erreur type", "jours en baisse"), "")
    measures = (
        ("P1+P2 sans créneau (points)", urgent),
        ("tous sans créneau (points)", everybody),
        ("trajet (min)", travel),
        ("Gini de la charge", lambda one: one.gini_milli / 1000),
    )
    for name, measure in measures:
        gap = pair(measure, ours, theirs)
        error = ONE_DAY if gap.standard_error is None else _say(gap.standard_error, 2)
        table.add_row(name, _say(gap.mean, 2, "+"), error, f"{gap.days_below}/{gap.days}")
    return table


def _table(title: str, columns: Sequence[str], caption: str) -> Table:
    """A table that folds its words rather than cut them."""
    table = Table(title=title, title_justify="left", caption=caption or None, caption_justify="left", padding=(0, 0))
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right", overflow="fold")
    return table


def _count_left_out(row: PolicyFigures) -> list[str]:
    errors = row.errors
    shares = (*row.unserved_by_class, row.unserved_urgent, row.unserved)
    if errors is None:
        return [row.policy, *(_say(share, 1) for share in shares)]
    of_each = (*errors.unserved_by_class, errors.unserved_urgent, errors.unserved)
    return [row.policy, *(_with_error(share, error) for share, error in zip(shares, of_each, strict=True))]


def _count_served(row: PolicyFigures) -> list[str]:
    travel_min = _with_error(row.travel_min, row.errors.travel_min) if row.errors else _say(row.travel_min, 1)
    told = " / ".join(f"{minutes:.0f}" for minutes in row.told_after_min)
    return [row.policy, travel_min, f"{row.delay_min:.0f}", told, f"{_say(row.moved, 1)} %", _say(row.gini, 3)]


def _with_error(value: float, error: float) -> str:
    return f"{_say(value, 1)} ± {_say(error, 1)}"


def _say(value: float, digits: int, sign: str = "") -> str:
    return f"{value:{sign}.{digits}f}".replace(".", ",")


def closings_table(title: str, closings: Sequence[Closing], lived: Sequence[Sequence[DayOutcome]]) -> Table:
    """One line per moment at which empty slots go back: how many do a day, and who asked in vain, a day."""
    table = Table(title=title, title_justify="left")
    for column in ("rendu", "créneaux rendus", "P1 sans créneau", "P2", "P1+P2", "tous"):
        table.add_column(column, justify="left" if column == "rendu" else "right")
    for closing, outcomes in zip(closings, lived, strict=True):
        lost = [sum(one.unserved[rank] for one in outcomes) / len(outcomes) for rank in range(4)]
        back = sum(one.given_back for one in outcomes) / len(outcomes)
        cells = (back, lost[0], lost[1], lost[0] + lost[1], sum(lost))
        table.add_row(closing.name, *(_say(each, 1) for each in cells))
    return table


def _caption(rows: Sequence[PolicyFigures]) -> str:
    hopeless = _say(max((row.hopeless for row in rows), default=0.0), 1)
    said = (
        "± : erreur type d'un jour à l'autre" if any(row.errors for row in rows) else "un seul jour, sans erreur type"
    )
    return f"{said}. {hopeless} % ne pouvaient être servis par aucun créneau du jour."
