"""Outlines of communes: read as public bodies give them, simplified, and refused with what to change."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.files.shapes import Shape, read_shapes
from services.files.table import BadRow

SQUARE = [[3.0, 44.0], [3.1, 44.0], [3.1, 44.1], [3.0, 44.1], [3.0, 44.0]]


def read(*features: Any) -> list[Shape | BadRow]:
    whole = {"type": "FeatureCollection", "features": list(features)}
    return list(read_shapes([json.dumps(whole).encode()]))


def feature(geometry: Any, **properties: str) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def test_a_polygon_and_a_multipolygon_become_rings_of_latitude_and_longitude() -> None:
    one, two = read(
        feature({"type": "Polygon", "coordinates": [SQUARE]}, code="48095"),
        feature({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}, INSEE_COM="2A004"),
    )
    assert isinstance(one, Shape)
    assert isinstance(two, Shape)
    assert (one.insee, one.rings[0][:2]) == ("48095", ((44.0, 3.0), (44.0, 3.1)))
    assert (two.insee, len(two.rings)) == ("2A004", 2)


def test_points_that_change_nothing_are_left_out() -> None:
    between = [[3.0 + n / 1000, 44.0] for n in range(100)]
    (shape,) = read(feature({"type": "Polygon", "coordinates": [[*between, *SQUARE[1:]]]}, code="48095"))
    assert isinstance(shape, Shape)
    assert len(shape.rings[0]) == 5


@pytest.mark.parametrize(
    ("geometry", "code", "column"),
    [
        ({"type": "Polygon", "coordinates": [SQUARE]}, "", "code"),
        ({"type": "Polygon", "coordinates": [SQUARE]}, "Mende", "code"),
        ({"type": "Point", "coordinates": [3.0, 44.0]}, "48095", "geometry"),
        ({"type": "Polygon", "coordinates": [[[3.0, 944.0]] * 4]}, "48095", "geometry"),
        ({"type": "Polygon"}, "48095", "geometry"),
        (None, "48095", "geometry"),
    ],
)
def test_what_is_wrong_with_one_is_said_and_the_others_enter(geometry: Any, code: str, column: str) -> None:
    bad, good = read(feature(geometry, code=code), feature({"type": "Polygon", "coordinates": [SQUARE]}, code="48013"))
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.column) == (1, column)
    assert isinstance(good, Shape)


@pytest.mark.parametrize("content", [b"", b"[]", b"not json", b'{"type": "Feature"}'])
def test_what_is_no_collection_is_refused_in_one_line(content: bytes) -> None:
    (bad,) = read_shapes([content])
    assert isinstance(bad, BadRow)
    assert "GeoJSON" in bad.change


@pytest.mark.reference
@pytest.mark.parametrize("name", ["communes-13-bouches-du-rhone", "communes-48-lozere"])
def test_every_commune_of_a_department_is_read_whole_and_light(reference: Path, name: str) -> None:
    with (reference / "data" / "shapes" / f"{name}.geojson").open("rb") as lines:
        found = list(read_shapes(lines))
    assert found
    assert all(isinstance(each, Shape) and each.rings for each in found)
