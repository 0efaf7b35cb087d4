"""The NIR (numéro de sécurité sociale) and the INS are never stored: texts that hold one are refused."""

import re

from shared.refusals import Invalid
from shared.typed.texts import tidy

INS_OID = re.compile(r"1\.2\.250\.1\.213\.1\.4\.(?:8|9|10|11)(?!\d)")
"""OIDs of the INS: NIR, NIA, test NIR, test NIA."""
_SPACE = r"[\s.\-\u00a0\u202f]*"
_SHAPE = r"(?<!\d)(?=([1-478]" + _SPACE + _SPACE.join([r"\d"] * 4) + _SPACE
_SHAPE += r"(?:\d" + _SPACE + r"\d|2" + _SPACE + r"[ABab])" + _SPACE + _SPACE.join([r"\d"] * 8) + r")(?!\d))"
NIR = re.compile(_SHAPE)
_UUID = re.compile(r"(?<![0-9A-Fa-f-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Fa-f-])")


class PatientNumberRefused(Invalid):
    """Ce texte contient un numéro de sécurité sociale (NIR/INS) : il n'est jamais enregistré ici, retirez-le."""

    code = "nir_refused"


def holds_nir(text: str) -> bool:
    """Whether `text` holds a NIR: 15 characters whose key is 97 − (number mod 97); Corsica 2A counts 19 and 2B 18."""
    for found in NIR.finditer(tidy(text)):
        number = re.sub(_SPACE, "", found[1]).upper().replace("2A", "19").replace("2B", "18")
        if int(number[13:]) == 97 - int(number[:13]) % 97:
            return True
    return False


def holds_patient_number(text: str) -> bool:
    """Whether `text` holds a NIR or names an INS OID. The digits of an identifier of ours (UUID) are no NIR."""
    rest = _UUID.sub(" ", text)
    return holds_nir(rest) or bool(INS_OID.search(rest))


def refuse_nir(field: str, text: str | None) -> None:
    """Raise `PatientNumberRefused` when the text holds a NIR or names an INS OID; the value is not repeated."""
    if text and holds_patient_number(text):
        raise PatientNumberRefused(field=field, rule="no NIR, no INS identifier")
