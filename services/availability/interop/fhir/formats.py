"""How the SAS writes instants, phones and identifiers."""

import re
from datetime import datetime

from shared.clock import PARIS

_OVERSEAS = {"590": "0590", "594": "0594", "596": "0596", "262": "0262"}
_INTERNATIONAL = re.compile(r"\+(?:33|262|590|594|596)\d{9}")
_CODE = re.compile(r"[A-Z]{1,4}\d{2,3}")


def instant(at: datetime) -> str:
    """`2026-11-21T09:00:00.000+01:00`: milliseconds and Paris' numeric offset, never `Z`."""
    return at.astimezone(PARIS).isoformat(timespec="milliseconds")


def phone(number: str) -> str:
    """The number as `+33…` (or overseas), empty when it is none that the SAS accepts."""
    digits = re.sub(r"[\s.()-]", "", number)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if re.fullmatch(r"0[1-9]\d{8}", digits):
        code = next((code for code, prefix in _OVERSEAS.items() if digits.startswith(prefix)), "33")
        digits = f"+{code}{digits[1:]}"
    return digits if _INTERNATIONAL.fullmatch(digits) else ""


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
