"""The nearest practices of each commune, by travel time, with numpy alone.

Distances are compared as chords between unit vectors: a chord grows with the great circle, and needs no trigonometry
per pair. Communes are taken tile by tile, each against the practices of the tile and a margin round it; a commune
whose k-th practice lies beyond the margin is asked again with a margin twice as wide. The result is exact.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine.travel import km_of_chord

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

TILE_DEGREES = 0.25
PLACES_PER_PATIENT = 2
"""A commune sees doctors until they hold that many places for each of its patients: k alone would wall a city in."""
FETCH_FACTOR = 4
BLOCK_PAIRS = 1 << 20
"""Distances computed at once: 8 MiB, so that memory stays flat whatever the size of the country."""


def unit_vectors(lat_lon: Floats) -> Floats:
    """Points in degrees, shape (n, 2), as unit vectors, shape (n, 3)."""
    lat, lon = np.radians(lat_lon[:, 0]), np.radians(lat_lon[:, 1])
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def travel_seconds(squared_chord: Floats, speed_kmh: float, detour: float) -> Ints:
    """Whole seconds of travel for squared chords of the unit sphere: great circle × detour ÷ speed."""
    return np.rint(km_of_chord(squared_chord / 4) * detour * 3600 / speed_kmh).astype(np.int64)


def nearest(asked: Floats, offered: Floats, k: int) -> tuple[Ints, Floats]:
    """The k nearest of `offered` for each point of `asked`: indices and squared chords, nearest first.

    Both take points in degrees, shape (n, 2); the answers have shape (len(asked), min(k, len(offered))). Equal
    distances keep the order of `offered`.
    """
    k = min(k, len(offered))
    index = np.zeros((len(asked), k), np.int64)
    chord = np.full((len(asked), k), np.inf)
    if not index.size:
        return index, chord
    here, there = unit_vectors(asked), unit_vectors(offered)
    left, margin = np.arange(len(asked)), TILE_DEGREES
    while left.size:
        whole = margin >= 90.0
        beyond = []
        for rows, columns in _tiles(asked, offered, left, margin, whole):
            if len(columns) < k:
                beyond.append(rows)
                continue
            _fill(index, chord, rows, columns, here, there)
            if not whole:
                beyond.append(rows[chord[rows, -1] > _square_reach(asked[rows], margin)])
        left = np.concatenate(beyond) if beyond else np.empty(0, np.int64)
        margin *= 2
    return index, chord


def _tiles(asked: Floats, offered: Floats, left: Ints, margin: float, whole: bool) -> list[tuple[Ints, Ints]]:
    """Groups of `asked` that lie close together, each with every practice within the margin of the group."""
    if whole:
        return [(left, np.arange(len(offered)))]
    cells = np.floor(asked[left] / margin).astype(np.int64)
    order = np.lexsort((cells[:, 1], cells[:, 0]))
    cuts = np.flatnonzero((np.diff(cells[order], axis=0) != 0).any(axis=1)) + 1
    by_lat = np.argsort(offered[:, 0], kind="stable")
    lats = offered[by_lat, 0]
    groups = []
    for part in np.split(order, cuts):
        rows = left[part]
        low, high = asked[rows].min(axis=0) - margin, asked[rows].max(axis=0) + margin
        band = by_lat[np.searchsorted(lats, low[0]) : np.searchsorted(lats, high[0], side="right")]
        groups.append((rows, np.sort(band[(offered[band, 1] >= low[1]) & (offered[band, 1] <= high[1])])))
    return groups


def _square_reach(asked: Floats, margin: float) -> Floats:
    """The squared chord within which nothing outside the margin can be: meridians close up towards the poles."""
    narrowest = np.clip(np.abs(asked[:, 0]) + margin, 0.0, 89.0)
    chord: Floats = 2 * np.sin(np.radians(margin) / 2) * np.cos(np.radians(narrowest))
    return chord**2


def _fill(index: Ints, chord: Floats, rows: Ints, columns: Ints, here: Floats, there: Floats) -> None:
    """Write the k nearest of `columns` for each of `rows`, a block of rows at a time."""
    k, step = index.shape[1], max(1, BLOCK_PAIRS // len(columns))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        squared = np.maximum(0.0, 2.0 - 2.0 * (here[block] @ there[columns].T))
        if k < len(columns):
            kth = np.partition(squared, k - 1, axis=1)[:, k - 1 : k]
            # Ties at the k-th place go to the first offered, so that the answer does not depend on the partition.
            squared = np.where(squared <= kth, squared, np.inf)
        best = np.argsort(squared, axis=1, kind="stable")[:, :k]
        index[block] = columns[best]
        chord[block] = np.take_along_axis(squared, best, axis=1)


@dataclass(frozen=True, slots=True)
class NearestSearch:
    """How far each asking point looks: at least `k` doctors, and enough places for its `demand`, within `longest_s`."""

    demand: Ints
    longest_s: Ints
    k: int
    speed_kmh: float
    detour: float


def nearest_with_places(
    asked: Floats,
    offered: Floats,
    places: Ints,
    search: NearestSearch,
    allowed: Callable[[Ints, Ints, Mask], Mask] | None = None,
) -> tuple[Ints, Ints, Ints]:
    """The pairs to propose: asking point, doctor, travel in seconds; sorted by point, then by travel.

    `allowed(rows, doctors, within)` takes out of a mask the pairs that may not be; whoever is left short looks further.
    """
    found: list[tuple[Ints, Ints, Ints]] = []
    left, k = np.arange(len(asked)), search.k
    while left.size and len(offered):
        index, chord = nearest(asked[left], offered, k)
        travel = travel_seconds(chord, search.speed_kmh, search.detour)
        within = travel <= search.longest_s[left, None]
        open_to = within if allowed is None else allowed(left, index, within)
        keep, enough = _enough(open_to, places[index], search.demand[left], search.k)
        done = enough | ~within[:, -1] | (k >= len(offered))
        where = np.nonzero(keep & done[:, None])
        found.append((left[where[0]], index[where], travel[where]))
        left, k = left[~done], k * FETCH_FACTOR
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    row, column, seconds = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((column, seconds, row))
    return row[order], column[order], seconds[order]


def _enough(open_to: Mask, places: Ints, demand: Ints, k: int) -> tuple[Mask, Mask]:
    """Which doctors each point keeps, nearest first, and whether it needs to look no further."""
    count = np.cumsum(open_to, axis=1)
    held = np.cumsum(np.where(open_to, places, 0), axis=1)
    wanted = PLACES_PER_PATIENT * demand[:, None]
    keep = open_to & ((count <= k) | (held - places < wanted))
    return keep, (count[:, -1] >= k) & (held[:, -1] >= wanted[:, 0])
