"""The national service d'accès aux soins: its FHIR interface, its regulators' accounts, what it is told back."""
