"""An address as a person or a register wrote it, in the three parts that others ask for. Pure."""

import re
from collections.abc import Sequence

from shared.typed.texts import plain

_CODE = re.compile(r"(?<![\d/])(?:F(?:R)?-)?(\d{2} ?\d{3})(?!\d)", re.ASCII)
_NO_CODE_AFTER = re.compile(r"\b(?:bp|cs|tsa|b\.p\.|boîte postale)\s*$", re.IGNORECASE)
_EDGE = " ,;-–\n\t"


def parts_of(address: str, *, codes: Sequence[str], town: str, name: str) -> tuple[str, str, str]:
    """Line, postal code and town of `address`; what it leaves out is its commune's (`codes`, `town`), or its `name`.

    The postal code is the last number there that can be one: one of the commune's, else one of its département.
    """
    written = " ".join(address.split())
    found = _code(written, codes, town)
    if found is None:
        return written.strip(_EDGE) or name, codes[0] if codes else "", town
    line, said = written[: found.start()].strip(_EDGE), written[found.end() :].strip(_EDGE)
    said = re.sub(r"[,\s(\-–]+France\)?$", "", said, flags=re.IGNORECASE) if said.casefold() != "france" else ""
    return _without(line, town) or name, found[1].replace(" ", ""), said.strip("()") or town


def _code(written: str, codes: Sequence[str], town: str) -> re.Match[str] | None:
    all_there = [found for found in _CODE.finditer(written) if not _NO_CODE_AFTER.search(written[: found.start()])]
    starts = tuple({code[:2] for code in codes})
    # A number at the very start is the house's, unless its town follows.
    placed = [found for found in all_there if found.start() or _is_town(written[found.end() :], town)]
    ours = [found for found in placed if found[1].replace(" ", "") in codes]
    kept = ours or [found for found in placed if not codes or found[1].startswith(starts)]
    return kept[-1] if kept else None


def _is_town(said: str, town: str) -> bool:
    return not said.strip() or plain(said).startswith(plain(town)) or "CEDEX" in said.upper()


def _without(line: str, town: str) -> str:
    """The line without its town at the end: some write the postal code last."""
    words = line.rsplit(",", 1)
    return words[0].strip(_EDGE) if len(words) == 2 and town and plain(words[1]) == plain(town) else line
