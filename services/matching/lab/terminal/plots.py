"""Figures as a picture: who is left without a slot by class, under each policy, and how far those served travel."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from services.matching.lab.figures import Figures

COLOURS = ("#8c1d40", "#d1495b", "#edae49", "#66a182")
CLASSES = ("P1", "P2", "P3", "P4")


def plot(path: Path, title: str, rows: Sequence[Figures]) -> None:
    """Write a PNG with one group of bars per policy; the same rows give the same picture."""
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(3, 1))
    _bars(left, rows)
    names = [row.policy for row in rows]
    right.barh(names, [row.travel_min for row in rows], color="#30638e")
    right.set_xlabel("trajet moyen (min)")
    right.invert_yaxis()
    figure.suptitle(title)
    figure.savefig(path, dpi=90, metadata={"Software": None})


def _bars(axes: Axes, rows: Sequence[Figures]) -> None:
    width = 0.8 / len(CLASSES)
    for n, (name, colour) in enumerate(zip(CLASSES, COLOURS, strict=True)):
        heights = [row.unserved_by_class[n] for row in rows]
        axes.bar([i + (n - 1.5) * width for i in range(len(rows))], heights, width, label=name, color=colour)
    axes.scatter(range(len(rows)), [row.unserved for row in rows], marker="_", s=500, color="black", label="tous")
    axes.set_xticks(range(len(rows)), [row.policy for row in rows], rotation=20, ha="right")
    axes.set_ylabel("sans créneau (% des demandes)")
    axes.legend(ncols=5, fontsize="small", frameon=False)
