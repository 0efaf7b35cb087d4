"""A patient kept on a row: sealed when given, opened for who may; both leave a trace in the same transaction."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.auth import Caller, record_access
from shared.db import database_now
from shared.patients.patient import Patient
from shared.patients.vault import KeyLost, Vault
from shared.refusals import NotFound

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class KeptPatient:
    """What a row keeps of a patient; `kind` names the row in the log of who saw what."""

    kind: str
    row_id: UUID
    cpts_id: str
    sealed: bytes | None

    async def seal(self, session: AsyncSession, caller: Caller, vault: Vault, patient: Patient) -> bytes:
        """Encrypt a patient for this row; leaves a trace. Raises `PatientNumberRefused`, `Invalid`."""
        patient.refuse_national_numbers()
        patient.refuse_unborn(await database_now(session))
        await self._trace(session, caller, "write")
        return vault.seal(patient.model_dump(mode="json"), cpts_id=self.cpts_id, row_id=str(self.row_id))

    async def read(self, session: AsyncSession, caller: Caller, vault: Vault) -> dict[str, Any]:
        """Decrypt what is kept, for somebody who may read it; leaves a trace. Raises `NotFound` when nothing is."""
        opened = self.open(vault)
        if opened is None:
            raise NotFound("Aucune donnée du patient n'a été donnée.", field=f"{self.kind}_id", value=self.row_id)
        await self._trace(session, caller, "read")
        return opened

    def open(self, vault: Vault) -> dict[str, Any] | None:
        """Decrypt what is kept, if anything is: to pass it on, not to show it."""
        if self.sealed is None:
            return None
        return vault.open(self.sealed, cpts_id=self.cpts_id, row_id=str(self.row_id))

    def find(self, vault: Vault) -> dict[str, Any]:
        """The same, among many: empty when nothing is kept, or no key of ours opens it, for the others' sake."""
        try:
            return self.open(vault) or {}
        except KeyLost:
            log.warning("patient_lost", kind=self.kind, row=str(self.row_id))
            return {}

    async def _trace(self, session: AsyncSession, caller: Caller, action: str) -> None:
        await record_access(
            session, caller, cpts_id=self.cpts_id, action=action, object_kind=self.kind, object_id=str(self.row_id)
        )
