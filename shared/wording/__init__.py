"""The catalogues of wordings, one file per language."""
