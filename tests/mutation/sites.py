"""Every place of a source file where a small fault can be put, and the file with that fault."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES = {"max": "min", "min": "max", "maximum": "minimum", "sin": "cos", "cos": "sin", "rint": "ceil"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: where it is, the code as it stands, the code in its place."""

    line: int
    before: str
    after: str
    tree: ast.Module

    @property
    def said(self) -> str:
        """The fault in words that do not depend on line numbers."""
        return f"{self.before} → {self.after}"


def mutants(source: str, only: str = "") -> Iterator[Mutant]:
    """Each fault of a file, one at a time; `only` names the classes or functions to look at, all when empty."""
    for number, step in _places(ast.parse(source), only):
        tree = ast.parse(source)
        nodes = list(_walked(tree, only))
        statement = _statement_of(tree, nodes[number])
        before = ast.unparse(statement).splitlines()[0]
        _change(nodes[number], step)
        after = ast.unparse(statement).splitlines()[0]
        if before != after:
            yield Mutant(statement.lineno, before, after, ast.fix_missing_locations(tree))


def _walked(tree: ast.Module, only: str) -> Iterator[ast.AST]:
    names = only.split()
    tops = [node for node in tree.body if not names or getattr(node, "name", "") in names]
    for top in tops:
        yield from ast.walk(top)


def _places(tree: ast.Module, only: str) -> Iterator[tuple[int, int]]:
    for number, node in enumerate(_walked(tree, only)):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield number, 1
            yield number, -1
        elif _is_changed(node):
            yield number, 0


def _is_changed(node: ast.AST) -> bool:
    operator = getattr(node, "op", None)
    if isinstance(node, ast.Compare):
        return type(node.ops[0]) in SWAPS
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub | ast.Invert | ast.Not)
    if isinstance(node, ast.Attribute | ast.Name):
        return (node.attr if isinstance(node, ast.Attribute) else node.id) in NAMES
    return type(operator) in SWAPS


def _change(node: ast.AST, step: int) -> None:
    if isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, int):
            node.value = value + step
        elif isinstance(value, float):
            node.value = value * (1 + step / 1000)
    elif isinstance(node, ast.Compare):
        node.ops[0] = SWAPS[type(node.ops[0])]()  # type: ignore[call-overload]
    elif isinstance(node, ast.UnaryOp):
        node.op = ast.UAdd()
    elif isinstance(node, ast.Attribute):
        node.attr = NAMES[node.attr]
    elif isinstance(node, ast.Name):
        node.id = NAMES[node.id]
    else:
        node.op = SWAPS[type(node.op)]()  # type: ignore[attr-defined]


def _statement_of(tree: ast.Module, wanted: ast.AST) -> ast.stmt:
    """The innermost statement that holds the node."""
    found: ast.stmt | None = None
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and any(inside is wanted for inside in ast.walk(node)):
            found = node
    assert found is not None
    return found
