"""One catalogue per language: complete, with the same values to fill in, and no key that a page asks for in vain."""

import re
from pathlib import Path
from string import Formatter

import pytest

from shared.wording.labels import LANGUAGES, wording

ROOT = Path(__file__).parents[3]
PAGES = [
    path
    for folder in ("shared/web", "services/availability/web", "services/matching/web")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".html", ".js", ".py"} and "vendor" not in path.parts
]
CALL = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]|title=["'](\w+\.\w+)["']""")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def forms(key: str) -> str:
    return re.sub(r"\.(one|other)$", "", key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_says_everything(language: str) -> None:
    french, other = wording("fr").texts, wording(language).texts
    assert other.keys() == french.keys()
    assert {key: fields(text) for key, text in other.items()} == {key: fields(text) for key, text in french.items()}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_wording_a_page_asks_for_exists(path: Path) -> None:
    known = {forms(key) for key in wording("fr").texts} | wording("fr").texts.keys()
    asked = {first or second for first, second in CALL.findall(path.read_text())}
    assert asked <= known


def test_counts_choose_their_form() -> None:
    assert wording("fr").say("common.suggestions_count", n=0) == "0 proposition"
    assert wording("fr").say("common.suggestions_count", n=2) == "2 propositions"
    assert wording("en").say("common.suggestions_count", n=0) == "0 suggestions"


def test_a_code_nobody_named_shows_as_itself() -> None:
    assert wording().label("blocker", "distance") == "trop loin"
    assert wording().label("motive", "imported_since") == "imported_since"


def test_a_wording_nobody_wrote_is_an_error() -> None:
    with pytest.raises(KeyError):
        wording().say("login.nothing")
