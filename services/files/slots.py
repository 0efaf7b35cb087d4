"""Slots from a spreadsheet: one line opens one slot, or several that follow each other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.files.table import BadRow, Cells, Column, read_table

COLUMNS = (
    Column("rpps", ("praticien", "numero rpps"), required=True),
    Column("debut", ("date", "commence", "start"), required=True),
    Column("fin", ("termine", "end")),
    Column("duree_min", ("duree", "minutes")),
    Column("nombre", ("combien",)),
    Column("lieu", ("finess", "siret", "place")),
    Column("places", ("capacite",)),
    Column("modes", ("mode",)),
    Column("types", ("type", "visible par")),
    Column("cpts", ("finess cpts",)),
    Column("actes", ("motifs", "acte", "motif")),
    Column("age_min", ("age minimum",)),
    Column("age_max", ("age maximum",)),
    Column("rendez_vous", ("rdv",)),
    Column("rendu_min", ("rendu", "rendre avant min")),
)
MODES = {"amb": "AMB", "cabinet": "AMB", "hh": "HH", "domicile": "HH", "visite": "HH", "vr": "VR", "tele": "VR"}
MODES |= {"teleconsultation": "VR"}
TYPES = {"public": "PUBLIC", "pro": "PRO", "snp": "SNP", "cpts": "CPTS"}
DEFAULT_LENGTH_MIN, LONGEST_MIN, DEFAULT_GIVE_BACK_MIN = 15, 480, 15


@dataclass(frozen=True, slots=True)
class SlotLine:
    """One slot to open, instants in UTC. `place` is a FINESS, SIRET or rank; empty: the practitioner's only place."""

    line: int
    rpps: str
    starts_at: datetime
    ends_at: datetime
    place: str
    capacity: int
    modes: tuple[str, ...]
    types: tuple[str, ...]
    cpts: tuple[str, ...]
    acts: tuple[str, ...]
    min_age: int
    max_age: int
    with_appointment: bool
    give_back_min: int


def read_slots(lines: Iterable[bytes]) -> Iterator[SlotLine | BadRow]:
    """The slots of a file, as written."""
    for cells in read_table(lines, COLUMNS):
        if isinstance(cells, BadRow):
            yield cells
        else:
            found = _slots(cells)
            yield from cells.bad or found


def _slots(cells: Cells) -> list[SlotLine]:
    rpps = cells.text("rpps", r"8?[0-9]{11}", "un numéro RPPS de 11 chiffres")[-11:]
    starts_at = cells.instant("debut")
    count = cells.whole("nombre", 1, 96, default=1)
    length = _length(cells, starts_at)
    low, high = cells.whole("age_min", 0, 130, default=0), cells.whole("age_max", 0, 130, default=130)
    if low > high:
        cells.wrong("age_max", f"un âge d'au moins {low}, le plus petit pris")
    shared = {
        "rpps": rpps,
        "place": cells.text("lieu", r"[0-9AB]{9,20}", "un FINESS, un SIRET ou un rang", needed=False),
        "capacity": cells.whole("places", 1, 50, default=1),
        "modes": cells.choices("modes", MODES, ("AMB",)),
        "types": cells.choices("types", TYPES, ("CPTS",)),
        "cpts": _cpts(cells),
        "acts": tuple(cells.words("actes")),
        "with_appointment": cells.yes("rendez_vous", default=True),
        "give_back_min": cells.whole("rendu_min", 0, 1440, default=DEFAULT_GIVE_BACK_MIN),
    }
    if starts_at is None or length is None or cells.bad:
        return []
    return [
        SlotLine(
            line=cells.line,
            starts_at=starts_at + each * length,
            ends_at=starts_at + (each + 1) * length,
            min_age=low,
            max_age=high,
            **shared,  # type: ignore[arg-type]
        )
        for each in range(count)
    ]


def _length(cells: Cells, starts_at: datetime | None) -> timedelta | None:
    """How long each slot lasts: from `duree_min`, or up to `fin` for one alone."""
    if not cells.values.get("fin"):
        return timedelta(minutes=cells.whole("duree_min", 5, LONGEST_MIN, default=DEFAULT_LENGTH_MIN))
    if cells.values.get("duree_min") or cells.values.get("nombre", "1") not in {"", "1"}:
        cells.wrong("fin", "soit « fin », soit « duree_min » et « nombre », pas les deux")
    ends_at = cells.instant("fin")
    if starts_at is None or ends_at is None:
        return None
    if not timedelta(minutes=5) <= ends_at - starts_at <= timedelta(minutes=LONGEST_MIN):
        cells.wrong("fin", f"une fin de 5 à {LONGEST_MIN} minutes après le début")
        return None
    return ends_at - starts_at


def _cpts(cells: Cells) -> tuple[str, ...]:
    words = cells.words("cpts")
    if any(len(word) != 9 or not word.isalnum() for word in words):
        cells.wrong("cpts", "des FINESS de CPTS, de 9 caractères")
    return tuple(words)
