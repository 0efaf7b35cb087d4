"""What Pro Santé Connect says of a professional: national identifier, and the activities they may come with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.auth import Role
from shared.oidc import SignInRefused

PHARMACIST = "21"
_RPPS = re.compile(r"8(\d{11})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity: the profession it is exercised in (TRE_G15) and where. Unknown parts are empty."""

    profession: str
    structure: str
    finess: str = ""
    siret: str = ""
    insee: str = ""

    @property
    def role(self) -> Role:
        """What someone of this profession does here."""
        return Role.PHARMACIST if self.profession == PHARMACIST else Role.PRACTITIONER


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in. `national_id` is as the provider writes it: prefixed, or a test's own form."""

    national_id: str
    family: str
    given: str
    activities: tuple[Activity, ...]

    @property
    def rpps(self) -> str:
        """The RPPS, empty for who has none (regulators may not)."""
        found = _RPPS.fullmatch(self.national_id)
        return found[1] if found else ""


def parse_identity(userinfo: Mapping[str, Any]) -> Identity:
    """Read the provider's answer; raises `SignInRefused` without a national identifier. Empty strings are common."""
    national_id = _text(userinfo, "SubjectNameID") or _text(userinfo, "preferred_username")
    if not national_id:
        raise SignInRefused("L'identité reçue n'a pas d'identifiant national.", field="SubjectNameID", rule="required")
    practices = _items(_item(userinfo, "SubjectRefPro"), "exercices")
    return Identity(
        national_id=national_id,
        family=_text(userinfo, "family_name") or next((_text(each, "nomDexercice") for each in practices), ""),
        given=_text(userinfo, "given_name") or next((_text(each, "prenomDexercice") for each in practices), ""),
        activities=tuple(
            Activity(
                profession=_text(practice, "codeProfession"),
                structure=_text(activity, "raisonSocialeSite") or _text(activity, "enseigneCommercialeSite"),
                finess=_text(activity, "numeroFinessSite"),
                siret=_text(activity, "numeroSiretSite"),
                insee=_text(activity, "codeCommune"),
            )
            for practice in practices
            for activity in _items(practice, "activities")
        ),
    )


def _item(owner: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = owner.get(name)
    return found if isinstance(found, dict) else {}


def _items(owner: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = owner.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _text(owner: Mapping[str, Any], name: str) -> str:
    found = owner.get(name)
    return found.strip() if isinstance(found, str) else ""
