"""Reading what others send: walks over JSON that nobody has checked yet."""

import json
import re
from typing import Any

from services.availability.interop.fhir.outcome import Malformed, Missing

_NO_TEXT = re.compile("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Half a character: JSON may say it, UTF-8 may not. Control characters: nobody reads them."""


def parse_resource(body: bytes, kind: str) -> dict[str, Any]:
    """A FHIR resource of this type from a request's body; raises `Malformed`."""
    try:
        found = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Malformed("Le corps n'est pas du JSON.", field="body", rule="JSON in UTF-8") from None
    if not isinstance(found, dict) or found.get("resourceType") != kind:
        raise Malformed("Ce n'est pas la ressource attendue.", field="resourceType", rule=kind)
    if "\\u0000" in body.decode("utf-8", "replace"):
        raise Malformed("Le corps contient un caractère nul.", field="body", rule="no NUL")
    return found


def items(owner: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a repeated element, none when it is absent; raises `Malformed` for anything else."""
    found = owner.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Malformed("Cet élément doit être une liste d'objets.", field=name, rule="0..*")
    return found


def item(owner: dict[str, Any], name: str) -> dict[str, Any]:
    """An object, empty when it is absent; raises `Malformed` for anything else."""
    found = owner.get(name, {})
    if not isinstance(found, dict):
        raise Malformed("Cet élément doit être un objet.", field=name, rule="0..1")
    return found


def text(owner: dict[str, Any], name: str, *, longest: int = 200) -> str:
    """A string, empty when it is absent; raises `Malformed` for anything else or what is too long."""
    found = owner.get(name, "")
    if not isinstance(found, str) or len(found) > longest or _NO_TEXT.search(found):
        raise Malformed("Cet élément doit être un texte.", field=name, rule=f"at most {longest} characters")
    return found.strip()


def require_text(owner: dict[str, Any], name: str, *, longest: int = 200) -> str:
    """A string that must be there; raises `Missing` or `Malformed`."""
    found = text(owner, name, longest=longest)
    if not found:
        raise Missing(f"L'élément `{name}` manque ou est vide.", field=name, rule="1..1")
    return found


def codings(concept: dict[str, Any]) -> list[tuple[str, str]]:
    """The (system, code) pairs of a CodeableConcept."""
    return [(text(coding, "system"), text(coding, "code")) for coding in items(concept, "coding")]


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
