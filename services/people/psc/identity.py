"""What Pro Santé Connect says of a professional: national identifier, and the activities they may come with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.people.psc.oidc import SignInRefused
from shared.auth import Role
from shared.outside.untrusted import object_at, objects_at, text_at

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
class PscIdentity:
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


def parse_identity(userinfo: Mapping[str, Any]) -> PscIdentity:
    """Read the provider's answer; raises `SignInRefused` without a national identifier. Empty strings are common."""
    national_id = text_at(userinfo, "SubjectNameID") or text_at(userinfo, "preferred_username")
    if not national_id:
        raise SignInRefused("L'identité reçue n'a pas d'identifiant national.", field="SubjectNameID", rule="required")
    practices = objects_at(object_at(userinfo, "SubjectRefPro"), "exercices")
    return PscIdentity(
        national_id=national_id,
        family=text_at(userinfo, "family_name") or next((text_at(each, "nomDexercice") for each in practices), ""),
        given=text_at(userinfo, "given_name") or next((text_at(each, "prenomDexercice") for each in practices), ""),
        activities=tuple(
            Activity(
                profession=text_at(practice, "codeProfession"),
                structure=text_at(activity, "raisonSocialeSite") or text_at(activity, "enseigneCommercialeSite"),
                finess=text_at(activity, "numeroFinessSite"),
                siret=text_at(activity, "numeroSiretSite"),
                insee=text_at(activity, "codeCommune"),
            )
            for practice in practices
            for activity in objects_at(practice, "activities")
        ),
    )
