"""The hub's own JSON Schemas, read where the settings say: they are published by the ANS and not shipped here."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from services.matching.hub.messages import SCHEMAS, Received

MOST_CAUSES = 20


class HubSchemas:
    """Validators by use case."""

    def __init__(self, folder: Path) -> None:
        """Read them all, so that a missing one is known at the start."""
        files = {key: folder / f"{name}.schema.json" for key, name in SCHEMAS.items()}
        self._validators = {key: Draft7Validator(json.loads(file.read_text("utf-8"))) for key, file in files.items()}
        outer = json.loads((folder / "EDXL-DE-envelope-only.schema.json").read_text("utf-8"))
        self._envelope = Draft7Validator(outer)

    def faults(self, envelope: Mapping[str, Any], message: Received) -> list[str]:
        """Where a message breaks its schemas, and which rule; without the values, which may be a patient's."""
        found = [("envelope", error) for error in self._envelope.iter_errors(envelope)]
        if message.use_case in self._validators:
            validator = self._validators[message.use_case]
            found += [(message.use_case, error) for error in validator.iter_errors(message.body)]
        causes = [f"{part}.{'.'.join(map(str, error.absolute_path))}: {error.validator}" for part, error in found]
        return sorted(set(causes))[:MOST_CAUSES]
