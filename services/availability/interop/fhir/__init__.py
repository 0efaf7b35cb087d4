"""The FHIR R4 interface of the national service d'accès aux soins (profiles `ans.fhir.fr.sas`).

Everything stored is unprefixed; prefixes (`8`+RPPS, `1`+FINESS…) exist only here. A resource claims one profile. What
we send is stricter than the official examples; what we accept is not. Nothing about a patient passes.
"""
