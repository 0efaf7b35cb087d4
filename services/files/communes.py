"""The communes of France: one row per postal code, delegated communes beside the commune they became part of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from services.files.table import BadRow, Cells, Column, read_table

INSEE = r"(?:[0-9]{2}|2[AB])[0-9]{3}"
COLUMNS = (
    Column("insee_com", ("code insee", "code commune", "insee"), required=True),
    Column("commune", ("nom", "nom commune", "libelle"), required=True),
    Column("commune_article", ("nom avec article",)),
    Column("code_postal", ("postal", "cp"), required=True),
    Column("commune_type", ("type", "type commune")),
    Column("insee_parente", ("parent", "commune parente")),
    Column("insee_dep", ("departement", "code departement")),
    Column("lat", ("latitude",), required=True),
    Column("lng", ("lon", "longitude"), required=True),
    Column("population_2021", ("population", "pop"), required=True),
)
FORMER = "COMD"


MAINLAND_SOUTH = 41.0
"""Degrees: the mainland and Corsica lie north of it."""


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune or an arrondissement (`parent`: its city), where it is (degrees) and how many live there.

    `former_names` are those of the communes that it absorbed: people still say them.
    """

    insee: str
    name: str
    postal_codes: tuple[str, ...]
    lat: float
    lon: float
    population: int
    departement: str
    parent: str | None
    former_names: tuple[str, ...]


@dataclass(slots=True)
class _Gathered:
    """What the rows of one code said so far."""

    commune: Commune | None = None
    postal_codes: set[str] = field(default_factory=set)
    former_names: set[str] = field(default_factory=set)
    first_line: int = 0


def read_communes(lines: Iterable[bytes]) -> Iterator[Commune | BadRow]:
    """One `Commune` per INSEE code, after the whole file was read, in the order of the codes."""
    gathered: dict[str, _Gathered] = {}
    for cells in read_table(lines, COLUMNS):
        if isinstance(cells, BadRow):
            yield cells
            continue
        insee = cells.text("insee_com", INSEE, "un code INSEE de cinq caractères, comme 13214 ou 2A004")
        name = cells.values.get("commune_article") or cells.text("commune")
        postal = cells.text("code_postal", r"[0-9]{5}", "un code postal de cinq chiffres")
        former = cells.values.get("commune_type") == FORMER
        commune = None if former else _commune(cells, insee, name)
        if cells.bad:
            yield from cells.bad
            continue
        known = gathered.setdefault(insee, _Gathered(first_line=cells.line))
        known.postal_codes.add(postal)
        if commune is None:
            known.former_names.add(name)
        elif known.commune is None:
            known.commune = commune
    yield from _communes(gathered)


def departement(insee: str) -> str:
    """The département of an INSEE code: three characters overseas."""
    return insee[:3] if insee.startswith(("97", "98")) else insee[:2]


def _commune(cells: Cells, insee: str, name: str) -> Commune:
    parent = cells.text("insee_parente", INSEE, "le code INSEE de la ville, ou rien", needed=False)
    lat, lon = cells.degrees("lat", 90), cells.degrees("lng", 180)
    population = cells.whole("population_2021", 0, 100_000_000)
    if not cells.bad and departement(insee) < "97" and abs(lat) < MAINLAND_SOUTH < lon:
        cells.wrong("lat", "latitude et longitude sont inversées")
    return Commune(insee, name, (), lat, lon, population, departement(insee), parent or None, ())


def _communes(gathered: dict[str, _Gathered]) -> Iterator[Commune | BadRow]:
    for insee, known in sorted(gathered.items()):
        found = known.commune
        if found is None:
            missing = "la commune de ce code manque : ajouter sa ligne (type COM ou ARM)"
            yield BadRow(known.first_line, "insee_com", insee, missing)
            continue
        yield Commune(
            insee=found.insee,
            name=found.name,
            postal_codes=tuple(sorted(known.postal_codes)),
            lat=found.lat,
            lon=found.lon,
            population=found.population,
            departement=found.departement,
            parent=found.parent,
            former_names=tuple(sorted(known.former_names - {found.name})),
        )
