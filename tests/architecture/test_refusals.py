"""Refusals: one mechanism, whose sentences exist in every language that the pages speak."""

import ast
import re
import tomllib
from collections.abc import Iterator

from shared.refusals import CannotStart, Refusal
from shared.wording.labels import wording
from tests.architecture.rooms import ROOT, modules

ABROAD = (
    "services.availability.interop.fhir.",
    "services.availability.interop.sas.",
    "services.availability.interop.ihe.",
    "services.availability.interop.editors.",
    "services.imports.annuaire",
    "services.cli.",
)
"""What programs of the country and the terminal are told: in French."""
ENGLISH = tomllib.loads((ROOT / "shared" / "wording" / "refusals.en.toml").read_text("utf-8"))
SOURCES = {name: ast.parse(path.read_text("utf-8")) for name, path in modules().items()}


def refusals() -> dict[str, ast.ClassDef]:
    """Every class of refusal by its name."""
    classes = [node for tree in SOURCES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    known = {"Refusal"}
    while found := {
        each.name for each in classes if each.name not in known and known & {ast.unparse(base) for base in each.bases}
    }:
        known |= found
    return {each.name: each for each in classes if each.name in known}


TERMINAL = {"Refusal", "CannotStart", "AlreadyRunning"}
"""What has no sentence of its own, or is said at the terminal alone."""
REFUSALS = refusals().keys() - TERMINAL


def sentences() -> Iterator[tuple[str, str]]:
    """Every sentence by which a person is refused, and the module that has it."""
    for name, tree in SOURCES.items():
        if f"{name}.".startswith(ABROAD):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name in REFUSALS:
                yield ast.get_docstring(node) or "", name
            elif (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in REFUSALS | {"Refusal", "fill"}
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                yield str(node.args[0].value), name


def test_every_refusal_of_a_person_has_its_english_sentence() -> None:
    said = dict(sentences())
    assert len(said) > 100
    missing = {sentence: name for sentence, name in said.items() if sentence not in ENGLISH}
    assert missing == {}


def test_no_english_sentence_is_left_without_its_french_one() -> None:
    everything = "\n".join(
        str(node.value)
        for tree in SOURCES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    assert [sentence for sentence in ENGLISH if sentence not in everything] == []


def test_a_refusal_is_made_of_no_text_that_nobody_could_translate() -> None:
    made = [
        f"{name}:{node.lineno}"
        for name, tree in SOURCES.items()
        if not f"{name}.".startswith(ABROAD)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in REFUSALS | {"Refusal"}
        and node.args
        and isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
    ]
    assert made == []


def test_every_sentence_keeps_its_values() -> None:
    named = re.compile(r"{(\w+)}")
    assert [french for french, english in ENGLISH.items() if named.findall(french) != named.findall(english)] == []


def test_a_refusal_is_said_in_the_language_of_the_reader() -> None:
    english = wording("en")
    assert english.refuse(Refusal("Cette commune est inconnue.")) == "This commune is unknown."
    assert english.refuse(Refusal(lambda language: f"in {language}")) == "in en"
    assert english.refuse(Refusal("Un texte que personne n'a traduit.")) == "Un texte que personne n'a traduit."
    assert wording("fr").refuse(CannotStart("Rien.")) == "Rien."
