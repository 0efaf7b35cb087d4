"""One word for one thing: no two classes of the product have the same name, and functions are verbs."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.architecture.rooms import modules

# fmt: off
IRREGULAR = frozenset((
    "begun", "born", "borne", "bound", "bought", "broken", "brought", "built", "caught", "chosen", "done", "drawn",
    "driven", "fallen", "forgotten", "found", "given", "gone", "grown", "heard", "held", "hidden", "kept",
    "known", "laid", "left", "lost", "made", "meant", "met", "paid", "risen", "rung", "said", "seen", "sent",
    "shown", "sold", "sought", "spent", "spoken", "stood", "taken", "taught", "thought", "thrown", "told", "understood",
    "woken", "won", "worn", "written",
))
# fmt: on
VERBS_IN_ED = frozenset(["embed", "exceed", "feed", "heed", "need", "proceed", "seed", "shed", "speed", "succeed"])


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    """Every class of the product that is not private, with the module that defines it."""
    for module, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield module, node


def test_no_two_classes_share_a_name() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for module, node in classes():
        found[node.name].append(module)
    assert {name: where for name, where in found.items() if len(where) > 1} == {}


def test_functions_are_verbs() -> None:
    """A function that builds a value says what it does, not what was done: `hold`, not `held`.

    A property is a value, and what answers yes or no is a predicate: both may be participles.
    """
    named = [
        f"{module}.{node.name}"
        for module, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and is_participle(node.name.strip("_").split("_")[0])
        and not _is_value_or_predicate(node)
    ]
    assert named == []


def test_a_participle_is_seen() -> None:
    assert all(map(is_participle, ("held", "left", "told", "rung", "followed", "widened")))
    assert not any(map(is_participle, ("hold", "read", "put", "set", "embed", "need", "feed")))


def is_participle(word: str) -> bool:
    """Whether a word can only be what was done; `read`, `put`, `set`, `cut` and `run` are verbs as they are."""
    return word in IRREGULAR or (word.endswith("ed") and word not in VERBS_IN_ED)


def _is_value_or_predicate(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    marks = {ast.unparse(mark) for mark in node.decorator_list}
    return bool(marks & {"property", "cached_property"}) or (
        node.returns is not None and ast.unparse(node.returns) == "bool"
    )
