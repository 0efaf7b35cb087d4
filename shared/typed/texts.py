"""What a person typed, as it was meant: characters nobody sees or tells apart are made plain."""

import re
import unicodedata

_NOTHING = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x00AD, 0x061C, 0x180E, 0xFEFF]
)
"""Zero-width, soft-hyphen and direction marks."""
_HYPHENS = {ord(each): "-" for each in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"}
_APOSTROPHES = {ord(each): "'" for each in "\u2018\u2019\u201b\u02bc\u02b9\u00b4\u2032\uff07"}
_LETTERS = {
    ord("œ"): "oe",
    ord("Œ"): "OE",
    ord("æ"): "ae",
    ord("Æ"): "AE",
    ord("ß"): "ss",
    ord("ø"): "o",
    ord("Ø"): "O",
}
_SHORT = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}


def tidy(text: str) -> str:
    """The same text in plain signs: one kind of space, hyphen and apostrophe, ASCII digits, nothing invisible.

    Spaces around it are dropped and doubled ones made one; accents and letters stay.
    """
    seen = text.translate({**_NOTHING, **_HYPHENS, **_APOSTROPHES})
    digits = "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in seen)
    return " ".join(digits.split())


def words_of(text: str) -> list[str]:
    """The words of a text for a search: lower case, without accents, hyphens or apostrophes; « œ » reads « oe »."""
    bare = unicodedata.normalize("NFKD", tidy(text).translate(_LETTERS))
    return re.findall(r"[a-z0-9]+", "".join(each for each in bare if not unicodedata.combining(each)).casefold())


def plain(text: str) -> str:
    """The words of a text as one: « st » reads « saint »."""
    return " ".join(_SHORT.get(word, word) for word in words_of(text))
