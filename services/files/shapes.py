"""Outlines of communes, from the GeoJSON files that public bodies give: one polygon or several for each."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.files.table import BadRow

CODES = ("code", "insee", "INSEE_COM", "code_insee", "codgeo")
"""What the property of the INSEE code is called, here and there."""
TOLERANCE = 0.0008
"""How far a simplified outline may be from the one given, in degrees: less than 100 m, a pixel of the map."""
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """The outline of a commune: rings of latitudes and longitudes, the inside of each filled."""

    insee: str
    rings: tuple[tuple[Point, ...], ...]


def read_shapes(lines: Iterable[bytes]) -> Iterator[Shape | BadRow]:
    """The shapes of a GeoJSON FeatureCollection; what is wrong with one says which, and what to change."""
    try:
        whole = json.loads(b"".join(lines))
        features = whole["features"]
    except (ValueError, KeyError, TypeError):
        yield BadRow(1, "", "", "Donner un fichier GeoJSON : un objet FeatureCollection, avec ses « features ».")
        return
    for number, feature in enumerate(features, start=1):
        yield _shape(number, feature)


def _shape(number: int, feature: Any) -> Shape | BadRow:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    code = next((str(properties[name]) for name in CODES if (properties or {}).get(name)), "") if properties else ""
    if not (len(code) == len("00000") and code[-3:].isdigit()):
        return BadRow(
            number, "code", code[:20], f"Donner le code INSEE, dans l'une de ces propriétés : {', '.join(CODES)}."
        )
    rings = _rings(feature.get("geometry") or {})
    if not rings:
        change = "Donner un Polygon ou un MultiPolygon, en longitude et latitude (WGS 84)."
        return BadRow(number, "geometry", code, change)
    return Shape(code, rings)


def _rings(geometry: Any) -> tuple[tuple[Point, ...], ...]:
    """The outer rings of a geometry; none when it is none of ours. Nobody lives in the hole of a commune's map."""
    try:
        polygons = {"Polygon": lambda one: [one], "MultiPolygon": list}[geometry["type"]](geometry["coordinates"])
        rings = [_simplify([(_within(y, 90), _within(x, 180)) for x, y, *_ in polygon[0]]) for polygon in polygons]
    except (TypeError, ValueError, IndexError, KeyError):
        return ()
    return tuple(tuple(ring) for ring in rings if len(ring) > 3)


def _within(value: float, bound: int) -> float:
    if not -bound <= value <= bound:
        raise ValueError(value)
    return round(value, 4)


def _simplify(ring: Sequence[Point]) -> list[Point]:
    """The ring with fewer points (Douglas and Peucker), split at its farthest point so that it stays a ring."""
    if len(ring) < 4:
        return list(ring)
    first = ring[0]
    middle = max(range(len(ring)), key=lambda i: (ring[i][0] - first[0]) ** 2 + (ring[i][1] - first[1]) ** 2)
    return _line(ring[: middle + 1])[:-1] + _line(ring[middle:])


def _line(points: Sequence[Point]) -> list[Point]:
    kept, spans = {0, len(points) - 1}, [(0, len(points) - 1)]
    while spans:
        start, end = spans.pop()
        far, at = max(
            ((_off(points[i], points[start], points[end]), i) for i in range(start + 1, end)), default=(0.0, 0)
        )
        if far > TOLERANCE:
            kept.add(at)
            spans += [(start, at), (at, end)]
    return [points[i] for i in sorted(kept)]


def _off(point: Point, start: Point, end: Point) -> float:
    """How far a point is from a segment, in degrees."""
    (y, x), (y1, x1), (y2, x2) = point, start, end
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    share = 0.0 if length == 0 else max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length))
    dx, dy = x - x1 - share * (x2 - x1), y - y1 - share * (y2 - y1)
    return float((dx * dx + dy * dy) ** 0.5)
