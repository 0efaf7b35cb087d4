"""How the SAS writes instants, phones and identifiers."""

import re
from datetime import datetime

from shared.typed.phones import french
from shared.typed.zones import zone_of

_CODE = re.compile(r"[A-Z]{1,4}\d{2,3}")


def instant(at: datetime, insee: str = "") -> str:
    """`2026-11-21T09:00:00.000+01:00`: milliseconds and the numeric offset of the place's commune, never `Z`."""
    return at.astimezone(zone_of(insee)).isoformat(timespec="milliseconds")


def phone(number: str, insee: str = "") -> str:
    """The number as `+33…` (or overseas), empty when it is none that the SAS accepts; `insee`: where the place is."""
    return french(number, insee)


def structure_id(*, finess: str = "", siret: str = "", rpps_rank: str = "") -> str:
    """The national identifier of a structure (IDNST): FINESS first, then SIRET, then the rank. Empty when unknown."""
    if finess:
        return f"1{finess}"
    if siret:
        return f"3{siret}"
    return f"4{rpps_rank}" if rpps_rank else ""


def national_id(rpps: str) -> str:
    """The national identifier of a professional (IDNPS): `8` and the RPPS."""
    return f"8{rpps}"


def is_specialty_code(text: str) -> bool:
    """Whether a speciality is a code of TRE_R38 (`SM54`), else it is a wording."""
    return _CODE.fullmatch(text) is not None
