"""What is done in one place only: an instance made of a board."""

import ast
from collections.abc import Iterator

from tests.architecture.rooms import modules


def calls(name: str) -> Iterator[str]:
    """The modules of the product that call a function of this name."""
    for module, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == name:
                yield module


def test_a_board_becomes_an_instance_in_one_place() -> None:
    assert set(calls("instance_of")) == {"services.matching.sameday.app.board"}
    assert set(calls("build_instance")) >= {"services.matching.sameday.round", "services.matching.sameday.app.board"}
