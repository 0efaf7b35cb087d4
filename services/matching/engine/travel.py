"""How long a journey takes: a model given as an argument, the straight line when none is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from services.matching.engine.model import Instance, Parameters, Point

IntArray = npt.NDArray[np.int64]
EARTH_RADIUS_KM = 6371.0088


class Travel(Protocol):
    """Seconds from each origin to each destination: whole, shape (origins, destinations). Must pickle."""

    def __call__(self, origins: Sequence[Point], destinations: Sequence[Point], *, on_foot: bool) -> IntArray:
        """Give the matrix of durations."""
        ...


@dataclass(frozen=True, slots=True)
class StraightLine:
    """Great circle (haversine, mean Earth radius) times a detour, at a constant speed."""

    speed_kmh: float = 50.0
    foot_kmh: float = 4.5
    detour: float = 1.3

    def __call__(self, origins: Sequence[Point], destinations: Sequence[Point], *, on_foot: bool) -> IntArray:
        """Give the matrix of durations, rounded to the second."""
        seconds_per_km = 3600 * self.detour / (self.foot_kmh if on_foot else self.speed_kmh)
        km = great_circle_km(degrees(origins)[:, None], degrees(destinations)[None, :])
        return np.rint(km * seconds_per_km).astype(np.int64)


def degrees(points: Sequence[Point]) -> npt.NDArray[np.float64]:
    """Points as an array of (lat, lon), in degrees."""
    return np.array([(point.lat, point.lon) for point in points], dtype=np.float64).reshape(-1, 2)


def great_circle_km(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Distance over the sphere between points in degrees (last axis: lat, lon), broadcast."""
    a, b = np.radians(a), np.radians(b)
    half = np.sin((b - a) / 2) ** 2
    return km_of_chord(half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1])


def km_of_chord(haversine: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Distance over the sphere, for the square of half the chord between two points of the unit sphere."""
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(haversine, 0, 1))))


def straight_line(parameters: Parameters) -> StraightLine:
    """The default model, at the speeds the CPTS set."""
    return StraightLine(parameters.speed_kmh, parameters.foot_kmh, parameters.detour)


def travel_model(instance: Instance, travel: Travel | None) -> Travel:
    """The model given, or else the straight line."""
    return straight_line(instance.parameters) if travel is None else travel
