"""SQL that writes, as a source says it: statements built, statements in words, objects given to a session."""

import ast
import re
from collections.abc import Iterator

BUILDERS = {"insert", "update", "delete"}
LIBRARIES = ("sqlalchemy", "sqlmodel")
SESSION = {"add", "add_all", "merge", "delete", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"}
COPIES = {"copy_records_to_table", "copy_to_table"}
WORDS = re.compile(
    r"\binsert\s+into\b|\bdelete\s+from\b|\bmerge\s+into\b|\btruncate\s+(table\s+)?[\w.\"{]|\bsetval\s*\("
    r"|\bupdate\s+(only\s+)?[\w.\"{}]+(\s+(as\s+)?\w+)?\s+set\b|\bcopy\s+[\w.\"{}]+\s*(\([^)]*\)\s*)?from\b",
    re.IGNORECASE,
)


def writes(source: str) -> list[tuple[int, str]]:
    """Line and kind of each place of a source that writes to a database."""
    tree = ast.parse(source)
    return sorted({*_built(tree), *_said(tree), *_changed(tree)})


def _built(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Calls that build a statement, and calls on a session, a table or a connection that write."""
    builders = dict(_builders(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and builders.get(node.func.id) in BUILDERS:
            yield node.lineno, builders[node.func.id]
        elif isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            kind = node.func.attr
            if (
                kind in COPIES
                or (kind in SESSION and owner.rsplit(".", 1)[-1].lower().endswith("session"))
                or (kind in BUILDERS and (not node.args or builders.get(owner.split(".")[0]) == "*"))
            ):
                yield node.lineno, kind


def _builders(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names of a module that stand for a builder of statements; those of a whole library stand for "*"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(LIBRARIES):
            for each in node.names:
                yield each.asname or each.name, each.name if each.name in BUILDERS else "*"
        elif isinstance(node, ast.Import):
            for each in node.names:
                if each.name.startswith(LIBRARIES):
                    yield (each.asname or each.name).split(".")[0], "*"


def _said(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Statements in words, in any text of the code that is not a docstring."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in docs:
            continue
        if isinstance(node, ast.JoinedStr):
            said = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = node.value
        else:
            continue
        for found in WORDS.finditer(said):
            yield node.lineno, " ".join(found.group().lower().split())


def _changed(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Rows that a session gave and that are changed in place: the session writes them at its commit."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            rows = _rows_of(function)
            for node in ast.walk(function):
                if not isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
                    continue
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Attribute) and ast.unparse(target.value) in rows:
                        yield node.lineno, f"{ast.unparse(target)} ="


def _rows_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Names that stand for what a session gave: arguments that are rows, and what is awaited of a session."""
    arguments = (*function.args.args, *function.args.kwonlyargs)
    rows = {each.arg for each in arguments if each.annotation and "Row" in ast.unparse(each.annotation)}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.For | ast.AsyncFor | ast.NamedExpr):
            given = ast.unparse(node.iter if isinstance(node, ast.For | ast.AsyncFor) else node.value)
            if re.search(r"await (\w+\.)*_?session\.", given):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    rows |= {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}
    return rows
