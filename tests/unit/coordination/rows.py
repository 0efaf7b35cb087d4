"""Rows of an agreement, and how a broken rule is told."""

from collections.abc import Iterable
from typing import Any

from services.coordination.core.broken import Broken
from shared.wording.labels import wording

SOURCE = {"source": "arrêté du 21 août 2019", "status": "verified", "valid_from": "2022-03-31"}
ROWS: dict[str, Any] = {
    "sizes": [
        {"size": 2, "min": 40_000, "max": 80_000, **SOURCE},
        {"size": 3, "min": 80_000, "max": 175_000, **SOURCE},
        {"size": 4, "min": 175_000, **SOURCE},
    ],
    "mission_sets": {
        "avenant_2": [
            {"code": "acces_soins", "kind": "socle", "start_months": 6, "deploy_months": 18, **SOURCE},
            {"code": "crise", "kind": "socle", "start_months": 6, "deploy_months": 18, **SOURCE},
            {"code": "qualite", "kind": "complementaire", **SOURCE},
        ],
        "plaquette": ["medecin_traitant", "qualite*"],
    },
    "amounts": [{"size": 3, "mission": "acces_soins", "part": "variable", "eur": 35_000, **SOURCE}],
    "example_indicators": [
        {
            "mission": "acces_soins",
            "label": "Patients en ALD sans MT",
            "kind": "steps",
            "direction": "down",
            "baseline": 219,
            "steps": [[219, 3000], [100, 6000], [50, 9000]],
            "weight_eur": 9000,
            "value_from": "cpam",
        }
    ],
}


def rules(found: Iterable[Broken]) -> list[tuple[str, str]]:
    """Each broken rule with its field."""
    return [(each.field, each.rule) for each in found]


def told(broken: Broken, language: str = "fr") -> str:
    """What a person reads."""
    words, values = wording(language), broken.write_values(language)
    return " ".join(words.say(key, **values) for key in (broken.key, broken.change_key))
