"""Resources of the Annuaire Santé (FHIR R4) → people with their places. Identified by business numbers alone.

Technical ids only tie the resources of one answer together: the directory has changed them before.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.files.communes import INSEE
from services.files.professionals import PracticePlace, Professional
from services.files.table import SHOWN, BadRow
from shared.outside.untrusted import object_at, objects_at, text_at
from shared.typed.phones import digits

RPPS, IDNPS = "https://rpps.esante.gouv.fr", "urn:oid:1.2.250.1.71.4.2.1"
IDNST, FINESS, RANK = (
    "urn:oid:1.2.250.1.71.4.2.2",
    "https://finess.esante.gouv.fr",
    "https://rppsrang.esante.gouv.fr",
)
PROFESSION, SPECIALTY, MODE = "TRE-G15-ProfessionSante", "TRE-R38-SpecialiteOrdinale", "TRE-R23-ModeExercice"
_KINDS = {"1": "finess", "3": "siret", "4": "rank"}
_PATTERNS = {
    "finess": r"[0-9][0-9AB][0-9]{7}",
    "siret": r"[0-9]{14}",
    "rank": r"[0-9]{14}",
    "other": r"[0-9A-Z]{5,20}",
}
_STREET = ("houseNumber", "buildingNumberSuffix", "streetNameType", "streetNameBase")


@dataclass(frozen=True, slots=True)
class AnnuairePerson:
    """A practitioner of the directory; `places` are left to the roles."""

    rpps: str
    family: str
    given: str
    profession: str
    specialties: tuple[str, ...]
    active: bool


@dataclass(frozen=True, slots=True)
class AnnuaireRole:
    """Someone practises somewhere, or no more."""

    person: str
    structure: str
    mode: str
    active: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """What the directory says is over: who, and the business key of the place."""

    rpps: str
    place: str


class Wrong(ValueError):
    """A resource that cannot be taken in: its element, its value and what to change."""

    def __init__(self, element: str, value: str, change: str) -> None:
        """`value` is shortened."""
        super().__init__(element)
        self.element, self.value, self.change = element, value[:SHOWN], change


def person_of(resource: Mapping[str, Any]) -> AnnuairePerson:
    """A `Practitioner`; raises `Wrong`."""
    _require_id(resource)
    numbers = _numbers(resource)
    rpps = numbers.get(RPPS) or numbers.get(IDNPS, "")[1:]
    if not re.fullmatch(r"[0-9]{11}", rpps, re.ASCII):
        raise Wrong("identifier", rpps, "un numéro RPPS de 11 chiffres")
    name = next(iter(objects_at(resource, "name")), {})
    family = text_at(name, "family")
    if not family:
        raise Wrong("name.family", "", "à remplir")
    coded = [pair for each in objects_at(resource, "qualification") for pair in _codings(object_at(each, "code"))]
    professions = [code for system, code in coded if system.endswith(PROFESSION)]
    if not professions or not re.fullmatch(r"[0-9]{2}", professions[0], re.ASCII):
        raise Wrong("qualification", "".join(professions[:1]), "un code de profession à deux chiffres (TRE_G15)")
    specialties = tuple(sorted({code for system, code in coded if system.endswith(SPECIALTY)}))
    given = name.get("given")
    first = given[0] if isinstance(given, list) and given and isinstance(given[0], str) else ""
    return AnnuairePerson(rpps, family[:80], first[:80], professions[0], specialties, _active(resource))


def place_of(resource: Mapping[str, Any]) -> tuple[PracticePlace, bool]:
    """An `Organization` that has an address, and whether it is active; raises `Wrong`."""
    _require_id(resource)
    address = next(iter(objects_at(resource, "address")), {})
    insee = _insee(address)
    if not re.fullmatch(INSEE, insee, re.ASCII):
        raise Wrong("address", insee, "un code INSEE de cinq caractères, comme 13214 ou 2A004")
    place = PracticePlace(
        **_structure(resource),
        name=text_at(resource, "name")[:120],
        address=_street(address)[:160],
        postal_code=text_at(address, "postalCode")[:10],
        insee=insee,
        phone=_phone(resource, insee),
        mode="",
    )
    return place, _active(resource)


def activity_of(resource: Mapping[str, Any]) -> AnnuaireRole:
    """A `PractitionerRole`; raises `Wrong`."""
    person, structure = (_reference(resource, name) for name in ("practitioner", "organization"))
    modes = [code for each in objects_at(resource, "code") for system, code in _codings(each) if system.endswith(MODE)]
    return AnnuaireRole(person, structure, "".join(modes[:1]), _active(resource))


def professionals_of(
    resources: Iterable[Mapping[str, Any]], places: Mapping[str, tuple[PracticePlace, bool]], first_line: int = 1
) -> Iterator[Professional | Ended | BadRow]:
    """People with the places where they practise now, what has ended, and what cannot be taken in.

    `resources` are the roles of whole structures (or of whole persons) with their practitioners; `places` are the
    structures of the territory, by reference. Whoever practises at none of them is left out.
    """
    people: dict[str, AnnuairePerson] = {}
    activities: list[tuple[int, AnnuaireRole]] = []
    told: set[str] = set()
    for line, resource in enumerate(resources, first_line):
        kind = text_at(resource, "resourceType")
        try:
            if kind == "Practitioner":
                told.add(name := f"Practitioner/{text_at(resource, 'id')}")
                people[name] = person_of(resource)
            elif kind == "PractitionerRole":
                activities.append((line, activity_of(resource)))
        except Wrong as wrong:
            yield BadRow(line, f"{kind} {wrong.element}", wrong.value, wrong.change)
    here = [(line, each) for line, each in activities if each.structure in places]
    for line, each in here:
        if each.person not in told:
            yield BadRow(line, "PractitionerRole practitioner", each.person[:SHOWN], "une personne jointe à la réponse")
    ours = [each for _, each in here if each.person in people]
    yield from _tell(ours, people, places, first_line)


def _tell(
    activities: list[AnnuaireRole],
    people: Mapping[str, AnnuairePerson],
    places: Mapping[str, tuple[PracticePlace, bool]],
    line: int,
) -> Iterator[Professional | Ended]:
    for reference, person in people.items():
        here = {each.structure: False for each in activities if each.person == reference}
        for each in activities:
            if each.person == reference:
                here[each.structure] |= each.active and places[each.structure][1] and person.active
        open_places = tuple(places[structure][0] for structure, is_open in here.items() if is_open)
        if open_places:
            yield Professional(
                line, person.rpps, person.family, person.given, person.profession, person.specialties, open_places
            )
        kept = {place.key(person.rpps) for place in open_places}
        closed = {places[structure][0].key(person.rpps) for structure, is_open in here.items() if not is_open}
        yield from (Ended(person.rpps, key) for key in sorted(closed - kept))


def _require_id(resource: Mapping[str, Any]) -> None:
    """Without it nothing can be tied to this resource."""
    if not text_at(resource, "id"):
        raise Wrong("id", "", "à remplir")


def _active(resource: Mapping[str, Any]) -> bool:
    """Whether it still holds; unsaid, it does. What is neither true nor false is not taken for either."""
    said = resource.get("active", True)
    if not isinstance(said, bool):
        raise Wrong("active", str(said), "true ou false")
    return said


def _structure(resource: Mapping[str, Any]) -> dict[str, str]:
    """The numbers that identify a structure, empty when unknown; raises `Wrong` when there is none at all."""
    numbers = _numbers(resource)
    former = numbers.get(RANK, "")
    found = {"finess": numbers.get(FINESS, ""), "siret": "", "rank": former, "other": former}
    national = numbers.get(IDNST, "")
    if national[:1] in _KINDS:
        kind = _KINDS[national[0]]
        found[kind] = found[kind] if kind == "finess" and found[kind] else national[1:]
    # The official examples hold a URL in place of a rank: what is no number is none.
    good = {kind: text if re.fullmatch(_PATTERNS[kind], text, re.ASCII) else "" for kind, text in found.items()}
    if good["finess"] or good["siret"] or good["rank"]:
        good["other"] = ""
    if not any(good.values()):
        raise Wrong("identifier", national, "un FINESS, un SIRET ou un rang RPPS")
    return good


def _numbers(resource: Mapping[str, Any]) -> dict[str, str]:
    return {text_at(each, "system"): text_at(each, "value") for each in objects_at(resource, "identifier")}


def _codings(concept: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(text_at(each, "system"), text_at(each, "code")) for each in objects_at(concept, "coding")]


def _reference(resource: Mapping[str, Any], name: str) -> str:
    said = text_at(object_at(resource, name), "reference")
    if not said:
        raise Wrong(name, "", "à remplir")
    return "/".join(said.split("/")[-2:])


def _insee(address: Mapping[str, Any]) -> str:
    extensions = objects_at(address, "extension")
    coded = [each for each in extensions if text_at(each, "url").endswith("fr-core-address-insee-code")]
    return text_at(object_at(coded[0], "valueCoding"), "code") if coded else ""


def _street(address: Mapping[str, Any]) -> str:
    parts = {
        text_at(each, "url").rpartition("-")[2]: text_at(each, "valueString")
        for line in objects_at(address, "_line")[:1]
        for each in objects_at(line, "extension")
    }
    said = " ".join(filter(None, (parts.get(name, "") for name in _STREET)))
    lines = address.get("line")
    written = lines[0] if isinstance(lines, list) and lines and isinstance(lines[0], str) else ""
    return re.sub(r"\s+", " ", said or written).strip()


def _phone(resource: Mapping[str, Any], insee: str) -> str:
    phones = [text_at(each, "value") for each in objects_at(resource, "telecom") if text_at(each, "system") == "phone"]
    known = next((number for each in phones if (number := digits(each, insee))), "")
    return (known or re.sub(r"[^0-9+]", "", next(iter(phones), "")))[:30]
