"""Figures and plans as pictures: who is left without a slot under each policy; who goes where in one plan."""

from collections.abc import Sequence
from math import cos, pi, sin
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from services.matching.engine.model import Instance, Plan, Point
from services.matching.lab.figures import PolicyFigures

COLOURS = ("#8c1d40", "#d1495b", "#edae49", "#66a182")
CLASSES = ("P1", "P2", "P3", "P4")
DOTS_AN_INCH = 120
SQUASHED = 2.5
"""A policy whose worst class is so many times that of all others would flatten them: its bars are cut, and said."""


def plot(path: Path, title: str, rows: Sequence[PolicyFigures]) -> None:
    """Write a PNG with one group of bars per policy and their standard errors; the same rows give the same picture."""
    figure = Figure(figsize=(11.0, 1.6 + 0.9 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(3, 1), sharey=True)
    _bars(left, rows)
    errors = [row.errors.travel_min if row.errors else 0.0 for row in rows]
    right.barh(range(len(rows)), [row.travel_min for row in rows], 0.6, color="#30638e", xerr=errors)
    right.set_xlabel("trajet moyen (min)")
    left.invert_yaxis()
    figure.suptitle(title)
    # Under the axes, never on a bar.
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False, markerscale=0.4
    )
    _save(figure, path)


def _bars(axes: Axes, rows: Sequence[PolicyFigures]) -> None:
    height = 0.8 / len(CLASSES)
    limit = _limit([max(row.unserved_by_class) for row in rows])
    for n, (name, colour) in enumerate(zip(CLASSES, COLOURS, strict=True)):
        where = [i + (n - 1.5) * height for i in range(len(rows))]
        values = [row.unserved_by_class[n] for row in rows]
        errors = [row.errors.unserved_by_class[n] if row.errors else 0.0 for row in rows]
        axes.barh(where, values, height, label=name, color=colour, xerr=errors, error_kw={"elinewidth": 0.8})
        for at, value in zip(where, values, strict=True):
            if value > limit:
                axes.text(limit * 0.985, at, f"{value:.0f} % →", ha="right", va="center", color="white", size="small")
    everybody = [min(row.unserved, limit) for row in rows]
    axes.scatter(everybody, range(len(rows)), marker="|", s=900, color="black", label="tous", zorder=3)
    axes.set_xlim(0, limit)
    axes.set_yticks(range(len(rows)), [row.policy for row in rows])
    axes.set_xlabel("sans créneau (% des demandes)")


def _limit(worst: Sequence[float]) -> float:
    """Where the axis ends: at the worst class of all policies, but for one that would flatten the others."""
    *others, last = sorted(worst)
    if others and last > SQUASHED * max(others[-1], 1.0):
        return 1.25 * max(others[-1], 1.0)
    return 1.08 * max(last, 1.0)


def plot_plan(path: Path, instance: Instance, plan: Plan) -> None:
    """Write a PNG of a plan: requests by class, slots, a line for each assignment; those left out are crossed.

    What stands at one point is drawn round it, so that nothing hides anything.
    """
    figure = Figure(figsize=(7.0, 6.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    at = _apart(instance)
    for one in plan.assignments:
        ends = at["slot", one.slot], at["request", one.request]
        axes.plot(*zip(*ends, strict=True), color="#999999", linewidth=1, zorder=1)
    slots = [at["slot", one.id] for one in instance.slots]
    if slots:
        axes.scatter(*zip(*slots, strict=True), marker="s", color="#30638e", label="créneaux")
    left = {one.request for one in plan.unmatched}
    for n, (name, colour) in enumerate(zip(CLASSES, COLOURS, strict=True)):
        for out, marker, label in ((False, "o", name), (True, "x", f"{name}, sans créneau")):
            these = [one for one in instance.requests if one.urgency == n + 1 and (one.id in left) == out]
            if these:
                where = zip(*(at["request", one.id] for one in these), strict=True)
                axes.scatter(*where, marker=marker, color=colour, label=label)
    axes.set_xlabel("longitude")
    axes.set_ylabel("latitude")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    _save(figure, path)


def _apart(instance: Instance) -> dict[tuple[str, str], tuple[float, float]]:
    """Where each slot and request is drawn, as (longitude, latitude): on a small circle where several share a point."""
    named = [("slot", one.id, one.point) for one in instance.slots]
    named += [("request", one.id, one.point) for one in instance.requests]
    together: dict[Point, list[tuple[str, str]]] = {}
    for kind, name, point in named:
        together.setdefault(point, []).append((kind, name))
    sides = [max(values) - min(values) for values in zip(*((p.lon, p.lat) for p in together), strict=True)]
    radius = 0.02 * (max(sides, default=0.0) or 1.0)
    found = {}
    for point, keys in together.items():
        for n, key in enumerate(keys):
            angle, away = 2 * pi * n / len(keys), radius * (len(keys) > 1)
            found[key] = (point.lon + away * cos(angle), point.lat + away * sin(angle))
    return found


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=DOTS_AN_INCH, metadata={"Software": None} if path.suffix == ".png" else None)
