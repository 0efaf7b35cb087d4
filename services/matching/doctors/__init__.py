"""The register of people without a family doctor (médecin traitant): entries, rounds, answers."""
