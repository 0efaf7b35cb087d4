"""Lines and columns of a text file, read one line at a time, with what does not fit said in one sentence.

Every line stands alone (no line break inside quotes): one stray quote spoils one line, not the rest of the file.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from services.files.instants import DATE_RULE, read_instant
from shared.typed.texts import tidy, words_of
from shared.typed.zones import PARIS

__all__ = ["DATE_RULE", "read_instant"]

LONGEST_LINE = 100_000
SHOWN = 80
_SEPARATOR = re.compile(rb'(?:\xef\xbb\xbf)?\s*"?\s*sep\s*=\s*[;,|\t]?\s*"?[;,|\s]*', re.IGNORECASE)
"""The line by which a spreadsheet tells itself its separator."""
YES_NO = {"oui": True, "non": False, "o": True, "n": False, "1": True, "0": False, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class BadRow:
    """What does not fit: line (from 1), column (empty: the whole line), the value read, and what to change."""

    line: int
    column: str
    value: str
    change: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its usual name, the other ways of writing it, and whether the file is useless without it."""

    name: str
    spellings: tuple[str, ...] = ()
    required: bool = False


@dataclass(slots=True)
class Cells:
    """One line, asked column by column; it remembers everything that does not fit."""

    line: int
    values: Mapping[str, str]
    raw: str = ""
    zone: ZoneInfo = PARIS
    bad: list[BadRow] = field(default_factory=list)

    def wrong(self, column: str, change: str, value: str | None = None) -> None:
        """Note that `column` must change."""
        shown = self.values.get(column, "") if value is None else value
        self.bad.append(BadRow(self.line, column, shown[:SHOWN], change))

    def text(self, column: str, pattern: str = "", change: str = "", *, needed: bool = True) -> str:
        """The value, which must match `pattern` when there is one."""
        value = self.values.get(column, "")
        if (not value and needed) or (value and pattern and not re.fullmatch(pattern, value)):
            self.wrong(column, change or "à remplir")
        return value

    def whole(self, column: str, low: int, high: int, *, default: int | None = None) -> int:
        """A whole number between `low` and `high`; `default` when the column is empty or absent."""
        value = self.values.get(column, "")
        if not value and default is not None:
            return default
        # At most nine ASCII digits: `int` accepts far more than a person would call a number.
        if re.fullmatch(r"[0-9]{1,9}", value) and low <= int(value) <= high:
            return int(value)
        self.wrong(column, f"un nombre entier de {low} à {high}")
        return low

    def degrees(self, column: str, limit: float) -> float:
        """A decimal number of degrees between -limit and limit, with a point or a comma."""
        value = self.values.get(column, "").replace(",", ".")
        if re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,15})?", value) and abs(float(value)) <= limit:
            return float(value)
        self.wrong(column, f"des degrés décimaux entre -{limit:g} et {limit:g}, comme 43.29695")
        return 0.0

    def yes(self, column: str, *, default: bool = False) -> bool:
        """« oui » or « non »."""
        value = self.values.get(column, "")
        if not value:
            return default
        if normalise(value) not in YES_NO:
            self.wrong(column, "« oui » ou « non »")
        return YES_NO.get(normalise(value), default)

    def choice(self, column: str, choices: Mapping[str, str], *, default: str | None = None) -> str:
        """A code, from one of the ways people write it."""
        value = self.values.get(column, "")
        if not value and default is not None:
            return default
        found = choices.get(normalise(value))
        if found is None:
            self.wrong(column, "l'une de ces valeurs : " + ", ".join(sorted(choices)))
        return found or ""

    def choices(self, column: str, choices: Mapping[str, str], default: Sequence[str]) -> tuple[str, ...]:
        """Several codes, separated by commas, spaces or bars."""
        words = self.words(column)
        unknown = [word for word in words if normalise(word) not in choices]
        if unknown:
            self.wrong(column, "parmi ces valeurs : " + ", ".join(sorted(choices)), unknown[0])
        return tuple(sorted({choices[normalise(word)] for word in words if normalise(word) in choices})) or tuple(
            default
        )

    def words(self, column: str) -> list[str]:
        """The words of a list written with commas, spaces or bars."""
        return [word for word in re.split(r"[\s,|/+]+", self.values.get(column, "")) if word]

    def instant(self, column: str, *, needed: bool = True) -> datetime | None:
        """An instant in UTC; without offset it is the time of the file's place. None when empty and not needed."""
        value = self.values.get(column, "")
        if not value and not needed:
            return None
        found = read_instant(value, self.zone)
        if isinstance(found, datetime):
            return found
        self.wrong(column, found)
        return None


def read_table(
    lines: Iterable[bytes],
    columns: Sequence[Column],
    delimiters: str = ";,\t|",
    *,
    quoted: bool = True,
    zone: ZoneInfo = PARIS,
) -> Iterator[Cells | BadRow]:
    """The lines below the header as `Cells` by column name; unknown columns are left out. `zone`: of hours written.

    The delimiter is the one that finds most columns in the header; a line `sep=;` above it is a spreadsheet's own.
    UTF-8, with or without a byte order mark; cp1252 when the header is.
    """
    numbered = enumerate((line for raw in lines for line in raw.splitlines()), start=1)
    opening = next(((line, raw) for line, raw in numbered if raw.strip() and not _SEPARATOR.fullmatch(raw)), None)
    if opening is None:
        yield BadRow(1, "", "", "le fichier est vide : il faut une ligne de titres puis une ligne par élément")
        return
    header = _header(opening[1], columns, delimiters, quoted=quoted)
    if isinstance(header, BadRow):
        yield header
        return
    delimiter, names = header
    encoding = _encoding(opening[1])
    for line, raw in numbered:
        if raw.strip():
            cells = _cells(line, raw, delimiter, names, encoding, quoted=quoted)
            if isinstance(cells, Cells):
                cells.zone = zone
            yield cells


def normalise(name: str) -> str:
    """A heading or a code as people mean it: no accents, capitals, punctuation or doubled spaces."""
    return " ".join(words_of(name))


def _encoding(header: bytes) -> str:
    """UTF-8 unless the header cannot be: a spreadsheet that writes « durée » in one byte is an old Windows one."""
    try:
        header.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _header(raw: bytes, columns: Sequence[Column], delimiters: str, *, quoted: bool) -> tuple[str, list[str]] | BadRow:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return BadRow(1, "", "", "le fichier est en UTF-16 : l'enregistrer en « CSV UTF-8 »")
    known = {normalise(spelling): each.name for each in columns for spelling in (each.name, *each.spellings)}
    heading = raw.removeprefix(codecs.BOM_UTF8).decode(_encoding(raw), errors="replace").strip("\r\n")
    found: tuple[str, list[str]] = ("", [])
    for delimiter in delimiters:
        words = _split(heading, delimiter, quoted=quoted) or []
        names = [known.get(normalise(word), "") for word in words]
        if sum(map(bool, names)) > sum(map(bool, found[1])):
            found = (delimiter, names)
    missing = [each.name for each in columns if each.required and each.name not in found[1]]
    if missing:
        separators = " ".join("tabulation" if each == "\t" else each for each in delimiters)
        return BadRow(
            1,
            missing[0],
            heading[:SHOWN],
            f"il manque à la ligne de titres : {', '.join(missing)} (UTF-8, colonnes séparées par {separators})",
        )
    twice = [name for name in found[1] if name and found[1].count(name) > 1]
    if twice:
        return BadRow(1, twice[0], heading[:SHOWN], "cette colonne figure deux fois : en garder une")
    return found


def _cells(line: int, raw: bytes, delimiter: str, names: list[str], encoding: str, *, quoted: bool) -> Cells | BadRow:
    if len(raw) > LONGEST_LINE:
        return BadRow(line, "", "", f"cette ligne dépasse {LONGEST_LINE} octets : un retour à la ligne manque")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        around = raw[max(0, error.start - 10) : error.start + 10].decode(errors="replace")
        return BadRow(line, "", around, "ces octets ne sont pas de l'UTF-8 : enregistrer le fichier en « CSV UTF-8 »")
    values = _split(text.strip("\r\n"), delimiter, quoted=quoted)
    if values is None:
        return BadRow(line, "", text[:SHOWN], "des guillemets ne se ferment pas sur cette ligne : les fermer")
    if len(values) < len(names) - 1 or any(value.strip() for value in values[len(names) :]):
        return BadRow(
            line, "", text[:SHOWN], f"{len(values)} colonnes au lieu de {len(names)} : vérifier les « {delimiter} »"
        )
    pairs = zip(names, values, strict=False)
    return Cells(line, {name: _value(value) for name, value in pairs if name}, raw=text)


def _value(written: str) -> str:
    """What a cell says: plain signs, without the apostrophe that keeps a number a text in a spreadsheet."""
    value = tidy(written.replace("\0", ""))
    return value[1:] if re.fullmatch(r"'[0-9+].*", value) else value


def _split(text: str, delimiter: str, *, quoted: bool) -> list[str] | None:
    if not quoted:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None
