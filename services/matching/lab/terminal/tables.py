"""Figures as tables for a terminal, in French like every screen."""

from collections.abc import Sequence

from rich.table import Table

from services.matching.lab.figures import Figures, everybody, paired, travel, urgent
from services.matching.lab.outcome import Outcome

COLUMNS = (
    "politique",
    "P1",
    "P2",
    "P3",
    "P4",
    "P1+P2",
    "tous",
    "trajet (min)",
    "délai (min)",
    "réponse (min) P1/P2/P3/P4",
    "déplacés",
    "Gini",
)


def table_of(title: str, rows: Sequence[Figures]) -> Table:
    """One line per policy: people left without a slot in % of those who asked, then times, stability and fairness."""
    table = Table(title=title, title_justify="left", caption=_caption(rows), caption_justify="left")
    for column in COLUMNS:
        first = column == COLUMNS[0]
        table.add_column(column, justify="left" if first else "right", no_wrap=first, overflow="fold")
    for row in rows:
        table.add_row(*_cells(row))
    return table


def differences(title: str, ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> Table:
    """The paired difference of two runs on the same days, with its standard error."""
    table = Table(title=title, title_justify="left")
    for column in ("écart", "moyenne", "erreur type", "jours en baisse"):
        table.add_column(column, justify="left" if column == "écart" else "right")
    measures = (
        ("P1+P2 sans créneau (points)", urgent),
        ("tous sans créneau (points)", everybody),
        ("trajet (min)", travel),
        ("Gini de la charge", lambda one: one.gini_milli / 1000),
    )
    for name, measure in measures:
        gap = paired(measure, ours, theirs)
        table.add_row(name, f"{gap.mean:+.2f}", f"{gap.standard_error:.2f}", f"{gap.days_below}/{gap.days}")
    return table


def _cells(row: Figures) -> list[str]:
    return [
        row.policy,
        *(f"{share:.1f} %" for share in row.unserved_by_class),
        f"{row.unserved_urgent:.1f} %",
        f"{row.unserved:.1f} %",
        f"{row.travel_min:.1f}",
        f"{row.delay_min:.0f}",
        " / ".join(f"{minutes:.0f}" for minutes in row.told_after_min),
        f"{row.moved:.1f} %",
        f"{row.gini:.3f}",
    ]


def _caption(rows: Sequence[Figures]) -> str:
    hopeless = max((row.hopeless for row in rows), default=0.0)
    floor = f"{hopeless:.1f} % ne pouvaient être servies par aucun créneau du jour"
    return f"Part des demandes restées sans créneau ; {floor}."
