"""Use cases: what a contract stands at, a dossier, a level of tension."""
