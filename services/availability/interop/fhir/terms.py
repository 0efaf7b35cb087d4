"""Systems, profiles and codes of the SAS, as the profiles write them."""

from enum import StrEnum

FHIR_JSON = "application/fhir+json; charset=utf-8"

SAS = "http://sas.fr/fhir/StructureDefinition"
ANS = "https://interop.esante.gouv.fr/ig/fhir/sas/StructureDefinition"
BUNDLE = f"{SAS}/BundleAgregateur"
BUNDLE_CPTS = f"{ANS}/sas-cpts-bundle-aggregator"
SLOT = f"{SAS}/FrSlotAgregateur"
SLOT_CPTS = f"{ANS}/sas-cpts-slot-aggregator"
SCHEDULE = f"{SAS}/FrScheduleAgregateur"
PRACTITIONER = f"{SAS}/FrPractitionerAgregateur"
ROLE = f"{SAS}/FrPractitionerRoleExerciceAgregateur"
LOCATION = f"{SAS}/FrLocationAgregateur"
HEALTHCARE_SERVICE = f"{ANS}/sas-cpts-healthcareservice-aggregator"
ORGANIZATION = f"{ANS}/sas-cpts-organization-aggregator"
APPOINTMENT = f"{SAS}/FrAppointmentSAS"
REGULATOR = f"{ANS}/FrPractitionerRegul"

NATIONAL_ID = "urn:oid:1.2.250.1.71.4.2.1"
STRUCTURE_ID = "urn:oid:1.2.250.1.71.4.2.2"
SAS_ID = "urn:oid:1.2.250.1.213.3.6"
IDENTIFIER_TYPE = "http://interopsante.org/fhir/CodeSystem/fr-v2-0203"
LOCATION_IDENTIFIER_TYPE = "http://interopsante.org/fhir/CodeSystem/fr-location-identifier-type"

SLOT_TYPE = "https://mos.esante.gouv.fr/NOS/TRE_R314-TypeCreneau/FHIR/TRE-R314-TypeCreneau"
STRUCTURE_CATEGORY = "https://mos.esante.gouv.fr/NOS/TRE_R66-CategorieEtablissement/FHIR/TRE-R66-CategorieEtablissement"
CPTS_CATEGORY = "604"
ENCOUNTER = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
APPOINTMENT_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0276"
SPECIALTY = "https://mos.esante.gouv.fr/NOS/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale"
SERVICE_TYPE_R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Slot.serviceType"
OPERATOR = "http://interopsante.org/fhir/StructureDefinition/FrAppointmentOperator"

SLOT_TYPES = ("PUBLIC", "PRO", "SNP", "CPTS")
MODES = ("AMB", "HH", "VR")


class Ig(StrEnum):
    """Which edition of the implementation guide the other side checks; the certification kit embeds 1.1.0."""

    V1_1_0 = "1.1.0"
    V1_2_0 = "1.2.0"

    @property
    def organization_identifier_type(self) -> str:
        """The system of a CPTS's identifier type, which changed between editions."""
        if self is Ig.V1_1_0:
            return LOCATION_IDENTIFIER_TYPE
        return "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
