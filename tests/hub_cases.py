"""Cases of the SAMU hub, of perimeter SNP: the official samples have none."""

from typing import Any
from uuid import uuid4

NIR = "260058815400233"
SAMU = "fr.health.test.samu480"


def a_case(**changes: Any) -> dict[str, Any]:
    """The body of an RS-EDA: fever in Mende, to be seen at a practice."""
    number = uuid4().hex[:12]
    return {
        "caseId": f"{SAMU}.DRFR{number}",
        "creation": "2026-11-24T08:55:00+01:00",
        "perimeter": "SNP",
        "qualification": {
            "origin": "15",
            "healthMotive": {"code": "M01.02", "label": "Motif fictif"},
            "details": {"priority": "P2", "careLevel": "R4"},
        },
        "location": {"city": {"name": "Mende", "inseeCode": "48095"}},
        "owner": SAMU,
        "initialAlert": {
            "reception": "2026-11-24T08:50:00+01:00",
            "caller": {"callerContact": {"channel": "PERSONNE", "type": "TEL", "detail": "+33600000000"}},
        },
        "patient": [
            {
                "patientId": f"{SAMU}.patient.DRFR{number}.1",
                "administrativeFile": {"externalId": [{"source": "NIR", "value": NIR}]},
                "identity": {
                    "strictFeatures": {"birthName": "ESSAI", "birthDate": "1950-02-03", "sex": "F"},
                    "nonStrictFeatures": {"complete": "Fictive Essai"},
                },
                "detail": {"age": "P76Y"},
            }
        ],
        "decision": [
            {
                "creation": "2026-11-24T08:54:00+01:00",
                "operator": {"role": "MEDECIN"},
                "decisionType": "ORIENT",
                "resourceType": "LIBERAL.MG",
                "orientationType": "CABINET",
            }
        ],
        **changes,
    }


def an_update(of: dict[str, Any], **said_now: Any) -> dict[str, Any]:
    """The message of an RS-EDA-MAJ that changes a case."""
    return a_message({"caseId": of["caseId"], **said_now}, "createCaseHealthUpdate", kind="Update")


def a_message(body: dict[str, Any], use_case: str = "createCaseHealth", kind: str = "Report") -> dict[str, Any]:
    """The whole message."""
    name = f"{SAMU}_{uuid4()}"
    return {
        "distributionID": name,
        "senderID": SAMU,
        "dateTimeSent": "2026-11-24T08:56:00+01:00",
        "dateTimeExpires": "2072-09-27T08:23:34+02:00",
        "distributionStatus": "Actual",
        "distributionKind": kind,
        "descriptor": {
            "language": "fr-FR",
            "explicitAddress": {"explicitAddressScheme": "hubex", "explicitAddressValue": "fr.health.test.cpts"},
        },
        "content": [
            {
                "jsonContent": {
                    "embeddedJsonContent": {
                        "message": {
                            "messageId": name,
                            "sender": {"name": SAMU, "URI": f"hubex:{SAMU}"},
                            "sentAt": "2026-11-24T08:56:00+01:00",
                            "kind": kind,
                            "status": "Actual",
                            "recipient": [{"name": "fr.health.test.cpts", "URI": "hubex:fr.health.test.cpts"}],
                            use_case: body,
                        }
                    }
                }
            }
        ],
    }


def said(envelope: dict[str, Any]) -> dict[str, Any]:
    """The use case inside a message."""
    message = envelope["content"][0]["jsonContent"]["embeddedJsonContent"]["message"]
    found: dict[str, Any] = message
    return found
