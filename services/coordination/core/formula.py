"""Formulas over names that are documented: parsed to a tree and reckoned exactly, an error pointing at its character.

sum     = product, { ("+" | "-"), product }
product = factor, { ("*" | "/"), factor }
factor  = number | name | "(", sum, ")" | "-", factor
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from services.coordination.core.broken import Broken

LONGEST, DEEPEST = 300, 30
TOKEN = re.compile(r"\s*(?:(?P<number>[0-9]+(?:[.,][0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[-+*/()]))")
Reckon = Callable[[Mapping[str, int]], "Fraction | None"]


class FormulaWrong(Exception):
    """A formula that cannot be read: which rule, at which character (from 0)."""

    def __init__(self, broken: Broken, at: int) -> None:
        """`at`: the character where reading stopped."""
        super().__init__(broken.rule)
        self.broken, self.at = broken, at


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read: its text, the names it says, and how it is reckoned."""

    text: str
    names: tuple[str, ...]
    reckon: Reckon = field(compare=False)
    """By name its count; None when something is divided by nothing."""
    share: "tuple[Formula, Formula] | None" = None
    """Numerator and denominator of a formula that is one thing divided by another, times a hundred or not."""


def read_formula(text: str, names: Mapping[str, object]) -> Formula:
    """A formula over these names; raises `FormulaWrong`."""
    if len(text) > LONGEST:
        raise FormulaWrong(Broken("formula", "formula_too_long", {"most": LONGEST}), LONGEST)
    return _Parser(text, names).read()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class _Node:
    """A part of the tree: where it stands in the text, the sign that joins its sides, and what it comes to."""

    reckon: Reckon
    since: int
    until: int
    sign: str = ""
    sides: "tuple[_Node, ...]" = ()
    number: Fraction | None = None


class _Parser:
    """Reads from left to right, one token ahead."""

    def __init__(self, text: str, names: Mapping[str, object]) -> None:
        self._text, self._known = text, names
        self._tokens = list(self._split())
        self._next = 0
        self._said: list[str] = []

    def read(self) -> Formula:
        """The whole text."""
        tree = self._sum(0)
        if (token := self._peek()).kind != "end":
            raise self._wrong("formula_unexpected", token)
        return Formula(self._text, tuple(dict.fromkeys(self._said)), tree.reckon, self._share(tree))

    def _split(self) -> Iterator[_Token]:
        at, end = 0, len(self._text.rstrip())
        while at < end:
            found = TOKEN.match(self._text, at)
            if found is None:
                # Said when it is reached: what is wrong before it is said first.
                at += len(self._text[at:]) - len(self._text[at:].lstrip())
                yield _Token("", self._text[at], at)
                at += 1
                continue
            kind = str(found.lastgroup)
            yield _Token(kind, found[kind], found.start(kind))
            at = found.end()
        yield _Token("end", "", end)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _sum(self, depth: int) -> _Node:
        return self._chain("+-", self._product, depth)

    def _product(self, depth: int) -> _Node:
        return self._chain("*/", self._factor, depth)

    def _chain(self, signs: str, part: Callable[[int], _Node], depth: int) -> _Node:
        left = part(depth)
        while self._peek().kind == "sign" and self._peek().text in signs:
            sign = self._take().text
            right = part(depth)
            reckon = _join(sign, left.reckon, right.reckon)
            left = _Node(reckon, left.since, right.until, sign, (left, right))
        return left

    def _factor(self, depth: int) -> _Node:
        token = self._take()
        end = token.at + len(token.text)
        if depth > DEEPEST:
            raise self._wrong("formula_too_deep", token)
        if token.kind == "number":
            value = Fraction(Decimal(token.text.replace(",", ".")))
            return _Node(lambda _counts: value, token.at, end, number=value)
        if token.kind == "name":
            return self._name(token, end)
        if token.text == "-":
            inner = self._factor(depth + 1)
            return _Node(_join("-", lambda _counts: Fraction(), inner.reckon), token.at, inner.until)
        if token.text != "(":
            raise self._wrong("formula_ends" if token.kind == "end" else "formula_unexpected", token)
        inner = self._sum(depth + 1)
        closing = self._take()
        if closing.text != ")":
            raise self._wrong("formula_unclosed", closing)
        return _Node(inner.reckon, token.at, closing.at + 1, inner.sign, inner.sides, inner.number)

    def _name(self, token: _Token, end: int) -> _Node:
        name = token.text
        if name not in self._known:
            raise self._wrong("formula_name_unknown", token)
        self._said.append(name)
        return _Node(lambda counts: Fraction(counts[name]), token.at, end)

    def _share(self, tree: _Node) -> tuple[Formula, Formula] | None:
        node = tree
        while node.sign in ("*", "/") and node.sides[1].number is not None and not node.sides[0].number:
            node = node.sides[0]
        if node.sign == "*" and node.sides[0].number is not None:
            node = node.sides[1]
        if node.sign != "/":
            return None
        left, right = node.sides
        if left.sign == "*" and left.sides[0].number is not None:
            left = left.sides[1]
        return self._part(left), self._part(right)

    def _part(self, node: _Node) -> Formula:
        said = [token.text for token in self._tokens if token.kind == "name" and node.since <= token.at < node.until]
        return Formula(self._text[node.since : node.until], tuple(dict.fromkeys(said)), node.reckon)

    def _wrong(self, rule: str, token: _Token) -> FormulaWrong:
        values = {"found": token.text, "at": token.at + 1}
        return FormulaWrong(Broken("formula", rule, values), token.at)


def _join(sign: str, left: Reckon, right: Reckon) -> Reckon:
    def reckon(counts: Mapping[str, int]) -> Fraction | None:
        one, other = left(counts), right(counts)
        if one is None or other is None or (sign == "/" and other == 0):
            return None
        match sign:
            case "+":
                return one + other
            case "-":
                return one - other
            case "*":
                return one * other
            case _:
                return one / other

    return reckon
