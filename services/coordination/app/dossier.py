"""The frozen dossier of a period: one file that holds every figure, its list and the contract, and never changes.

`dossier.json` is the dossier as data; the PDF, the spreadsheets and the lists say the same to people.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.coordination.app.contract import MissionStanding
from services.coordination.app.paper import Section, write_pdf
from services.coordination.app.rows import FACTS, contract_rows, figure_rows, list_rows, table_rows
from services.coordination.core.figures import OURS, reckon, tabulate
from services.coordination.core.formula import read_formula
from services.coordination.core.measures import MEASURES
from services.coordination.core.suppression import with_sums
from services.coordination.core.year import Happened
from shared.http.export import Cell, ListName, as_csv, as_xlsx
from shared.wording.labels import Wording

FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The date of every entry of the archive, so that equal content is an equal file."""


@dataclass(frozen=True, slots=True)
class DossierContent:
    """What a dossier is made of: of which days (both included), when it was frozen, and what stood then."""

    cpts_id: str
    cpts_name: str
    since: date
    until: date
    frozen_at: datetime
    happened: Happened
    missions: Sequence[MissionStanding]
    communes: Mapping[str, str]
    """Their names by INSEE code."""


def read_data(content: DossierContent) -> dict[str, Any]:
    """The dossier as data: figures by code, names by count, requests by commune and class, the contract."""
    figures = [reckon(code, formula, content.happened) for code, formula in OURS]
    return {
        "cpts": content.cpts_id,
        "name": content.cpts_name,
        "since": content.since.isoformat(),
        "until": content.until.isoformat(),
        "frozen_at": content.frozen_at.isoformat(),
        "figures": {
            each.code: {
                "formula": each.formula,
                "value": _number(each.value),
                "numerator": _number(each.numerator),
                "denominator": _number(each.denominator),
            }
            for each in figures
        },
        "names": {name: each.count(each.list(content.happened)) for name, each in MEASURES.items()},
        "contract": [
            {
                "mission": mission.mission.code,
                "indicator": each.indicator.label,
                "value": _number(each.value),
                "source": each.given.source if each.given else FACTS if each.figure else "",
                "earned_eur": None if each.earned is None else each.earned.cents / 100,
                "weight_eur": each.indicator.weight_cents / 100,
            }
            for mission in content.missions
            for each in mission.indicators
        ],
    }


def freeze(content: DossierContent, data: Mapping[str, Any], words: Wording, named: ListName) -> tuple[bytes, bytes]:
    """The file of a dossier and its SHA-256."""
    figures, contract = _figures(data, words), _contract(data, words)
    communes, counts = tabulate(content.happened)
    table = table_rows(communes, with_sums(counts), content.communes, words)
    sections = [
        Section(words.say("coordination.dossier.figures"), figures, (0.36, 0.1, 0.12, 0.14, 0.28)),
        Section(words.say("coordination.dossier.contract"), contract, (0.22, 0.36, 0.1, 0.12, 0.1, 0.1)),
        Section(words.say("coordination.dossier.table"), table, (0.4, 0.12, 0.12, 0.12, 0.12, 0.12)),
    ]
    title = words.say("coordination.dossier.title", name=content.cpts_name)
    period = words.say("coordination.dossier.period", since=_day(content.since), until=_day(content.until))
    files: dict[str, bytes] = {
        "dossier.json": json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True).encode(),
        "dossier.pdf": write_pdf(title, period, sections, language=words.language),
        "chiffres.xlsx": as_xlsx(figures, named),
        "contrat.xlsx": as_xlsx(contract, named),
        "communes.xlsx": as_xlsx(table, named),
    }
    for name in _names_behind():
        files[f"listes/{name}.csv"] = as_csv(list_rows(name, content.happened), named)
    whole = _archive(files)
    return whole, hashlib.sha256(whole).digest()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What one dossier says otherwise than another: figures by code, indicators by name."""
    pairs = [
        (code, before["figures"].get(code, {}).get("value"), figure["value"])
        for code, figure in after["figures"].items()
    ]
    known = {(each["mission"], each["indicator"]): each["value"] for each in before["contract"]}
    pairs += [
        (each["indicator"], known.get((each["mission"], each["indicator"])), each["value"])
        for each in after["contract"]
    ]
    return [{"what": what, "before": old, "after": new} for what, old, new in pairs if old != new]


def read_dossier(content: bytes) -> dict[str, Any]:
    """The data of a frozen file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found: dict[str, Any] = json.loads(archive.read("dossier.json"))
    return found


def _figures(data: Mapping[str, Any], words: Wording) -> list[list[Cell]]:
    return figure_rows(
        (
            [
                words.say(f"coordination.figure.{code}"),
                each["value"],
                each["numerator"],
                each["denominator"],
                each["formula"],
            ]
            for code, each in data["figures"].items()
        ),
        words,
    )


def _contract(data: Mapping[str, Any], words: Wording) -> list[list[Cell]]:
    named = ({**each, "earned": each["earned_eur"], "weight": each["weight_eur"]} for each in data["contract"])
    return contract_rows(named, ("mission", "indicator", "value", "source", "earned", "weight"), words)


def _names_behind() -> list[str]:
    """The names that our figures say."""
    found = [name for _, formula in OURS for name in read_formula(formula, MEASURES).names]
    return list(dict.fromkeys(found))


def _archive(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, FIRST_DAY), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _number(value: Any) -> float | int | None:
    if value is None:
        return None
    return int(value) if value == int(value) else round(float(value), 4)


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
