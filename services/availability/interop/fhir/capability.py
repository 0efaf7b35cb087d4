"""What this FHIR interface can do (`GET /fhir/metadata`)."""

from services.availability.interop.fhir import terms
from services.availability.interop.fhir.query import IDENTIFIERS, Include
from services.availability.interop.fhir.resources import Resource


def capability_statement(*, base: str, version: str, date: str) -> Resource:
    """The CapabilityStatement. `date`: the day of this edition, YYYY-MM-DD."""
    slot = {
        "type": "Slot",
        "supportedProfile": [terms.SLOT, terms.SLOT_CPTS],
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchInclude": list(Include),
        "searchParam": [
            {
                "name": "start",
                "definition": "https://interop.esante.gouv.fr/ig/fhir/sas/SearchParameter/slot-sp-start",
                "type": "date",
            },
            {"name": "status", "type": "token"},
            {"name": IDENTIFIERS, "type": "token"},
        ],
    }
    practitioner = {
        "type": "Practitioner",
        "supportedProfile": [terms.PRACTITIONER, terms.REGULATOR],
        "interaction": [{"code": "read"}, {"code": "create"}, {"code": "update"}],
        "updateCreate": True,
        "conditionalUpdate": True,
        "searchParam": [{"name": "identifier", "type": "token"}],
    }
    schedule = {
        "type": "Schedule",
        "supportedProfile": [terms.SCHEDULE],
        "interaction": [{"code": "read"}],
    }
    security = {"description": "TLS mutuel, certificats IGC-Santé : émetteur, CN, OU et révocation sont vérifiés."}
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "Aiguillage", "version": version},
        "implementation": {"description": "Créneaux de soins non programmés d'une CPTS", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{"mode": "server", "security": security, "resource": [slot, schedule, practitioner]}],
    }
