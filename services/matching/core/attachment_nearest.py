"""The nearest practices of each commune, by travel time, with numpy alone.

Distances are compared as chords between unit vectors: a chord grows with the great circle, and needs no trigonometry
per pair. Communes are taken tile by tile, each against the practices of the tile and a margin round it; a commune
whose k-th practice lies beyond the margin is asked again with a margin twice as wide. The result is exact.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EARTH_KM = 6371.0088
TILE_DEGREES = 0.25
BLOCK_PAIRS = 1 << 20
"""Distances computed at once: 8 MiB, so that memory stays flat whatever the size of the country."""


def unit_vectors(lat_lon: Floats) -> Floats:
    """Points in degrees, shape (n, 2), as unit vectors, shape (n, 3)."""
    lat, lon = np.radians(lat_lon[:, 0]), np.radians(lat_lon[:, 1])
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def travel_seconds(squared_chord: Floats, speed_kmh: float, detour: float) -> Ints:
    """Whole seconds of travel for squared chords of the unit sphere: great circle × detour ÷ speed."""
    km = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(squared_chord, 0.0, 4.0)) / 2)
    return np.rint(km * detour * 3600 / speed_kmh).astype(np.int64)


def nearest(asked: Floats, offered: Floats, k: int) -> tuple[Ints, Floats]:
    """The k nearest of `offered` for each point of `asked`: indices and squared chords, nearest first.

    Both take points in degrees, shape (n, 2); the answers have shape (len(asked), min(k, len(offered))). Equal
    distances keep the order of `offered`.
    """
    k = min(k, len(offered))
    index = np.zeros((len(asked), k), np.int64)
    chord = np.full((len(asked), k), np.inf)
    if not k:
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
                beyond.append(rows[chord[rows, -1] > _squared_reach(asked[rows], margin)])
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


def _squared_reach(asked: Floats, margin: float) -> Floats:
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
