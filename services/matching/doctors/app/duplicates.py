"""Who is probably entered twice: names spelt otherwise, dates typed otherwise, a shared phone. A person decides.

Only entries that share a date of birth (its day and month exchanged too), a phone, or a year and the beginning of a
name are compared, so that ten thousand take a second. `sure`: the name and the date agree but for a slip; else somebody
looks. Members of one household share a phone and a name: what tells them apart is the date of birth.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from shared.typed.phones import e164
from shared.typed.texts import words_of

NEAR, SAME, WORD = 84.0, 90.0, 75.0
"""How alike two names are, of 100: to be looked at, and to be taken for one; and each word of them for that."""
CROWD = 400
"""Entries in one block beyond which sharing it says nothing."""


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """An entry, as it is compared: words of the name, date of birth as far as it is known, phone as one dials it."""

    id: str
    words: tuple[str, ...]
    born: str
    phone: str

    @classmethod
    def of(cls, entry_id: str, name: str, born: str | None, phone: str) -> "KnownPerson":
        """With its fields made plain."""
        return cls(entry_id, tuple(words_of(name)), born or "", e164(phone))

    @property
    def name(self) -> str:
        """The words in one order: people give theirs in two."""
        return " ".join(sorted(self.words))


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two entries that may be one person, and how alike their names are, of 100."""

    one: str
    other: str
    score: int
    sure: bool


def find_duplicates(people: Iterable[KnownPerson]) -> list[Likeness]:
    """The pairs that may be one person, the likeliest first."""
    known = [each for each in people if each.words]
    pairs: set[tuple[int, int]] = set()
    for block in _blocks(known):
        if len(block) <= CROWD:
            pairs.update(combinations(block, 2))
    found = (_compare(known[one], known[other]) for one, other in sorted(pairs))
    return sorted((each for each in found if each), key=lambda each: (not each.sure, -each.score, each.one, each.other))


def _blocks(people: Sequence[KnownPerson]) -> Iterator[list[int]]:
    blocks: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, each in enumerate(people):
        for key in _keys(each):
            blocks[key].append(at)
    return iter(blocks.values())


def _keys(each: KnownPerson) -> set[tuple[str, str]]:
    keys = {("phone", each.phone)} if each.phone else set[tuple[str, str]]()
    if len(each.born) == 10:
        keys |= {("born", each.born), ("born", _exchange(each.born))}
    year = each.born[:4]
    keys |= {("name", f"{year} {word[:3]}") for word in each.words if len(word) > 2}
    return keys


def _exchange(born: str) -> str:
    """The day and the month in each other's place."""
    return f"{born[:4]}-{born[8:]}-{born[5:7]}"


def _compare(one: KnownPerson, other: KnownPerson) -> Likeness | None:
    dates = _compare_dates(one.born, other.born)
    if dates == 0:
        return None
    words = _match_words(one.words, other.words)
    left_out = len(one.words) != len(other.words) and len(words) > 1
    as_given = fuzz.ratio("".join(one.words), "".join(other.words))
    score = max(as_given, fuzz.ratio(one.name, other.name), sum(words) / len(words) if left_out else 0.0)
    same_phone = bool(one.phone) and one.phone == other.phone
    # A date that only nearly agrees, or is not known, needs the phone or the very name.
    enough = NEAR if dates == 2 or same_phone else 97.0
    if score < enough:
        return None
    # Twins have a date, a name and a phone in common: their given names must agree as well.
    sure = dates == 2 and score >= SAME and min(words) >= WORD and (same_phone or not (one.phone and other.phone))
    return Likeness(one.id, other.id, round(score), sure)


def _match_words(one: Sequence[str], other: Sequence[str]) -> list[float]:
    """How alike each word of the shorter name is to its own in the longer: a second given name may be left out."""
    shorter, left = sorted((list(one), list(other)), key=len)
    found = []
    for word in sorted(shorter, key=lambda each: -max(fuzz.ratio(each, rival) for rival in left)):
        best = max(left, key=lambda each: fuzz.ratio(word, each))
        found.append(fuzz.ratio(word, best))
        left.remove(best)
    return found


def _compare_dates(one: str, other: str) -> int:
    """2: the same; 1: perhaps the same (unknown, exchanged, one slip of the finger); 0: two dates."""
    if one and one == other:
        return 2
    if not one or not other or one.startswith(other) or other.startswith(one):
        return 1
    if len(one) == len(other) == 10 and (_exchange(one) == other or OSA.distance(one, other) == 1):
        return 1
    return 0
