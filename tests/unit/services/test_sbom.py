"""What the product is made of: every locked package is listed with a licence that may be shipped with ours."""

import json
import re

from services.installation.materials import write_sbom
from tests.architecture.rooms import ROOT

ALLOWED = frozenset(
    ("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
     "PSF-2.0", "Zlib")
)  # fmt: skip
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]+\])?==(\S+)", re.MULTILINE)


ELSEWHERE = frozenset(("async-timeout", "colorama", "exceptiongroup", "pywin32", "tomli"))
"""Needed by other systems or other Pythons alone."""


def may_be_shipped(expression: str) -> bool:
    """Whether one choice (OR) of an SPDX expression asks only for licences (AND) that are allowed."""
    return any(set(choice.split(" AND ")) <= ALLOWED for choice in expression.split(" OR "))


def test_every_package_is_listed_as_it_is_locked_with_a_licence_that_may_be_shipped() -> None:
    bill = json.loads(write_sbom())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    # A package may be locked once for each Python.
    locked = set(LOCKED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8")))
    found = {each["purl"].partition("/")[2].partition("@")[0]: each for each in bill["components"]}
    assert len(found) > 60
    assert {(name, each["version"]) for name, each in found.items()} <= locked
    licences = {name: each["licenses"][0]["expression"] for name, each in found.items()}
    assert {name: said for name, said in licences.items() if not may_be_shipped(said)} == {}
    # What is locked for this Python and system is listed, but for what only another one needs.
    assert {name for name, _ in locked} - found.keys() <= ELSEWHERE
    known = {each["bom-ref"] for each in (*bill["components"], bill["metadata"]["component"])}
    assert all({each["ref"], *each["dependsOn"]} <= known for each in bill["dependencies"])
    assert bill["metadata"]["component"]["licenses"] == [{"expression": "Apache-2.0"}]
