"""The public RPPS extraction (« PS_LibreAcces_Personne_activite »): one row per activity, a person may have many.

Headings vary between releases and some columns come and go: they are found by name, and absent ones are left empty.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from services.files.communes import INSEE
from services.files.table import BadRow, Cells, Column, read_table
from shared.typed.phones import digits

WHERE = ("(coord. structure)", "structure")


def _of_structure(name: str, *spellings: str) -> tuple[str, ...]:
    return tuple(f"{each} {where}" for each in (name, *spellings) for where in WHERE) + spellings


COLUMNS = (
    Column("Identifiant PP", ("identifiant rpps", "rpps", "numero rpps"), required=True),
    Column("Nom d'exercice", ("nom exercice", "nom"), required=True),
    Column("Prénom d'exercice", ("prenom exercice", "prenom")),
    Column("Code profession", ("profession",), required=True),
    Column("Code type savoir-faire"),
    Column("Code savoir-faire"),
    Column("Code mode exercice", ("code mode d'exercice",)),
    Column("Numéro SIRET site", ("siret site", "siret")),
    Column("Numéro FINESS site", ("finess site", "finess")),
    Column("Ancien identifiant de la structure", ("identifiant structure ancien",)),
    Column("Raison sociale site", ("raison sociale",)),
    Column("Enseigne commerciale site", ("enseigne commerciale",)),
    Column("Numéro Voie", _of_structure("Numéro Voie", "numero de voie")),
    Column("Indice répétition voie", _of_structure("Indice répétition voie", "indice repetition")),
    Column("Libellé type de voie", _of_structure("Libellé type de voie")),
    Column("Libellé Voie", _of_structure("Libellé Voie")),
    Column("Code postal", _of_structure("Code postal")),
    Column("Code commune", _of_structure("Code commune", "code insee")),
    Column("Téléphone", _of_structure("Téléphone")),
)
SPECIALTY_KINDS = frozenset({"S", "SCD", ""})
"""Types of savoir-faire that name a specialty (TRE_R04); an older file leaves the type out."""


@dataclass(frozen=True, slots=True)
class PracticePlace:
    """Where someone practises, known by FINESS (9 digits), SIRET (14), the rank its owner's RPPS gave it (14), or else
    whatever the register calls it (`other`)."""

    finess: str
    siret: str
    rank: str
    other: str
    name: str
    address: str
    postal_code: str
    insee: str
    phone: str
    mode: str

    def key(self, rpps: str) -> str:
        """The same place in the next extraction; without a number of its own it belongs to one person.

        The SAS knows structures by FINESS first, then SIRET, then rank.
        """
        numbers = (("finess", self.finess), ("siret", self.siret), ("rang", self.rank), ("structure", self.other))
        for kind, value in numbers:
            if value:
                return f"{kind}:{value}"
        return f"rpps:{rpps}:{self.insee}:{self.address.casefold()}"


@dataclass(frozen=True, slots=True)
class Professional:
    """A person: profession by TRE_G15, specialties by TRE_R38, and the places of every row, each once.

    `line` is where they first appear; `phone` their own, empty: that of a place.
    """

    line: int
    rpps: str
    family: str
    given: str
    profession: str
    specialties: tuple[str, ...]
    places: tuple[PracticePlace, ...]
    phone: str = ""


@dataclass(slots=True)
class _Gathered:
    line: int
    family: str
    given: str
    profession: str
    specialties: set[str] = field(default_factory=set)
    places: dict[str, PracticePlace] = field(default_factory=dict)


def read_professionals(
    lines: Iterable[bytes], communes: Collection[str] | None = None
) -> Iterator[Professional | BadRow]:
    """One `Professional` per RPPS number, after the whole file was read; with `communes`, those who practise there."""
    gathered: dict[str, _Gathered] = {}
    for cells in read_table(lines, COLUMNS, delimiters="|;,\t", quoted=False):
        if isinstance(cells, BadRow):
            yield cells
        elif communes is None or cells.values.get("Code commune") in communes:
            yield from _gather(cells, gathered)
    for rpps, known in sorted(gathered.items()):
        specialties, places = tuple(sorted(known.specialties)), tuple(known.places.values())
        yield Professional(known.line, rpps, known.family, known.given, known.profession, specialties, places)


def _gather(cells: Cells, gathered: dict[str, _Gathered]) -> list[BadRow]:
    rpps = cells.text("Identifiant PP", r"8?[0-9]{11}", "un numéro RPPS de 11 chiffres")[-11:]
    family = cells.text("Nom d'exercice")
    profession = cells.text("Code profession", r"[0-9]{2}", "un code de profession à deux chiffres (TRE_G15)")
    place = _place(cells)
    if cells.bad:
        return cells.bad
    known = gathered.setdefault(
        rpps, _Gathered(cells.line, family, cells.values.get("Prénom d'exercice", ""), profession)
    )
    code = cells.values.get("Code savoir-faire")
    if code and cells.values.get("Code type savoir-faire", "") in SPECIALTY_KINDS:
        known.specialties.add(code)
    if place is not None:
        known.places.setdefault(place.key(rpps), place)
    return []


def _place(cells: Cells) -> PracticePlace | None:
    finess = cells.text("Numéro FINESS site", r"1?[0-9][0-9AB][0-9]{7}", "un FINESS de 9 caractères", needed=False)[-9:]
    siret = cells.text("Numéro SIRET site", r"3?[0-9]{14}", "un SIRET de 14 chiffres", needed=False)[-14:]
    insee = cells.text("Code commune", INSEE, "un code INSEE de cinq caractères, comme 13214 ou 2A004", needed=False)
    postal = cells.text("Code postal", r"[0-9]{5}", "un code postal de cinq chiffres", needed=False)
    former = cells.values.get("Ancien identifiant de la structure", "")
    if not (finess or siret or insee):
        return None
    ranked = re.fullmatch(r"4?([0-9]{14})", former)
    is_known = former in {f"1{finess}", f"3{siret}"}
    number = cells.values.get("Téléphone", "")
    street = ("Numéro Voie", "Indice répétition voie", "Libellé type de voie", "Libellé Voie")
    return PracticePlace(
        finess=finess,
        siret=siret,
        rank=ranked[1] if ranked else "",
        other="" if ranked or is_known else former,
        name=cells.values.get("Enseigne commerciale site") or cells.values.get("Raison sociale site", ""),
        address=re.sub(r"\s+", " ", " ".join(cells.values.get(part, "") for part in street)).strip(),
        postal_code=postal,
        insee=insee,
        phone=digits(number, insee) or re.sub(r"[^0-9+]", "", number),
        mode=cells.values.get("Code mode exercice", ""),
    )
