"""Refusals of the FHIR interface, and the OperationOutcome that says them."""

from typing import ClassVar

from services.availability.interop.fhir.resources import Resource
from shared.refusals import Refusal


class FhirRefusal(Refusal):
    """La requête ne peut pas être traitée."""

    code = "fhir_refused"
    status = 400
    issue: ClassVar[str] = "invalid"


class Malformed(FhirRefusal):
    """La requête est mal formée : corrigez la valeur indiquée."""

    code = "fhir_malformed"


class Missing(FhirRefusal):
    """Un paramètre ou un élément obligatoire manque."""

    code = "fhir_required"
    issue = "required"


class RuleBroken(FhirRefusal):
    """La valeur est bien formée mais une règle du SAS ne l'admet pas."""

    code = "fhir_business_rule"
    status = 422
    issue = "business-rule"


class Duplicate(FhirRefusal):
    """Un compte porte déjà cet identifiant ou cette adresse."""

    code = "fhir_duplicate"
    status = 409
    issue = "duplicate"


class Unknown(FhirRefusal):
    """Aucune ressource ne porte cet identifiant ici."""

    code = "fhir_not_found"
    status = 404
    issue = "not-found"


class NotJson(FhirRefusal):
    """Seul le format JSON est servi : demandez `application/fhir+json`."""

    code = "fhir_not_acceptable"
    status = 406
    issue = "not-supported"


class NotJsonSent(FhirRefusal):
    """Seul le format JSON est lu : envoyez `application/fhir+json`."""

    code = "fhir_unsupported_media_type"
    status = 415
    issue = "not-supported"


class NoCertificate(FhirRefusal):
    """Présentez un certificat de l'IGC-Santé admis ici : émetteur, CN et OU sont vérifiés."""

    code = "fhir_certificate"
    status = 403
    issue = "security"


def outcome(refusal: Refusal) -> Resource:
    """The OperationOutcome of a refusal: what is wrong, where, which value, which rule."""
    issue: Resource = {
        "severity": "error",
        "code": refusal.issue if isinstance(refusal, FhirRefusal) else _ISSUES.get(refusal.status, "processing"),
        "details": {"text": refusal.detail},
    }
    said = [f"{name}: {refusal.extra[name]}" for name in ("field", "value", "rule") if refusal.extra.get(name)]
    if said:
        issue["diagnostics"] = "; ".join(said)
    return {"resourceType": "OperationOutcome", "issue": [issue]}


_ISSUES = {401: "login", 403: "forbidden", 404: "not-found", 409: "conflict", 422: "invalid", 429: "throttled"}
