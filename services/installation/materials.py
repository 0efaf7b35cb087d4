"""`aiguillage sbom`: what this installation is made of, as CycloneDX 1.6, from the packages that are installed.

Names, versions, licences and what depends on what are those that the packages declare; no network is asked.
"""

import json
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

OURS = "aiguillage"
EXPRESSION = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")
SPDX = {
    "MIT License": "MIT",
    "MIT": "MIT",
    "BSD License": "BSD-3-Clause",
    "BSD": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
}
"""What older packages call their licence, and its SPDX name."""


def sbom() -> dict[str, Any]:
    """The bill of materials of what is installed, the same for the same packages."""
    found = {normal(each.metadata["Name"]): each for each in find_needed(OURS)}
    ours = found.pop(OURS)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": component(ours, kind="application")},
        "components": [component(found[name]) for name in sorted(found)],
        "dependencies": [
            {
                "ref": reference(each),
                "dependsOn": sorted(reference(found[name]) for name in needs(each) if name in found),
            }
            for _, each in sorted({**found, OURS: ours}.items())
        ],
    }


def write_sbom() -> str:
    """The same as JSON."""
    return json.dumps(sbom(), ensure_ascii=False, indent=2)


def find_needed(name: str) -> Iterator[Distribution]:
    """A package and all that it needs, whatever needs them, once each."""
    waiting, seen = [name], set[str]()
    while waiting:
        name = normal(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            each = distribution(name)
        except PackageNotFoundError:
            continue  # of another system, or an extra that is not installed
        yield each
        waiting += needs(each)


def needs(each: Distribution) -> list[str]:
    """What a package needs here."""
    found = []
    for line in each.requires or ():
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        extras = ("", "asyncio")
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in extras):
            found.append(normal(wanted.name))
    return found


def component(each: Distribution, kind: str = "library") -> dict[str, Any]:
    """One package."""
    licence = licence_of(each)
    return {
        "type": kind,
        "bom-ref": reference(each),
        "name": each.metadata["Name"],
        "version": each.version,
        "purl": reference(each),
        **({"licenses": [{"expression": licence}]} if licence else {}),
    }


def reference(each: Distribution) -> str:
    """The package's address among all packages (purl)."""
    return f"pkg:pypi/{normal(each.metadata['Name'])}@{each.version}"


def licence_of(each: Distribution) -> str:
    """The SPDX expression that a package declares, or what its older declaration comes to; empty: it says nothing."""
    told = {name: each.metadata.get_all(name) or [] for name in ("License-Expression", "Classifier", "License")}
    if told["License-Expression"]:
        return str(told["License-Expression"][0])
    named = [line.rpartition(" :: ")[2] for line in told["Classifier"] if line.startswith("License ::")]
    written = [said.strip().splitlines()[0] for said in told["License"] if said.strip()]
    known = [SPDX[said] for said in (*named, *written) if said in SPDX]
    whole = [said for said in written if EXPRESSION.fullmatch(said)]
    return next(iter((*known, *whole)), "")


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
