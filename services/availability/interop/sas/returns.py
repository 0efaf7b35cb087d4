"""Appointments that regulators took, told to the SAS (INT_R03). The bookings themselves are the outbox.

What the SAS should know is read from the booking, what it knows is written beside it; the difference is sent until it
is accepted. A first telling is a POST; whatever follows, or follows an unknown outcome, is a PUT that may be repeated.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import structlog
from sqlalchemy import Row

from services.availability.interop.fhir import terms
from services.availability.interop.sas.api import EVERYTHING
from services.availability.interop.sas.appointments import AppointmentValue, appointment
from services.availability.interop.sas.settings import SasSettings
from services.availability.interop.sas.tls import client_context
from services.availability.store.interop import sas_returns
from shared.db import set_scope
from shared.db.store.work import pause_after
from shared.running.background import ring_work
from shared.wiring import Wiring

log = structlog.get_logger()
STREAM = "availability:sas-returns"
LEASE = timedelta(seconds=60)
SOONEST, LATEST = timedelta(seconds=30), timedelta(hours=1)
BATCH = 50


class Returns:
    """Tells the SAS; `system` names this installation in the appointments' identifiers."""

    def __init__(self, wiring: Wiring, client: httpx.AsyncClient, *, system: str) -> None:
        """`client`: of the SAS's FHIR interface."""
        self._wiring, self._client, self._system = wiring, client, system

    async def turn(self) -> int:
        """Send what is due, once each; answers how many were tried. No transaction waits for the network."""
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            due = await sas_returns.claim(session, lease=LEASE, most=BATCH)
        for row in due:
            error = await self._send(row)
            async with self._wiring.open_session() as session:
                if error:
                    pause = pause_after(row.tries + 1, soonest=SOONEST, longest=LATEST)
                    await sas_returns.mark_failed(session, row.id, error, pause=pause)
                    log.warning("sas_return_waits", booking=str(row.id), error=error)
                else:
                    await sas_returns.mark_told(session, row.id, row.telling)
        return len(due)

    async def _send(self, row: Row[Any]) -> str:
        """Tell one; answers what went wrong, or nothing."""
        value = AppointmentValue(
            id=str(row.id),
            status=row.status,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            created_at=row.created_at,
            rpps=row.rpps,
            operator_national_id=row.national_id,
            operator_sas_id=row.sas_id,
        )
        body = appointment(value, system=self._system)
        headers = {"content-type": terms.FHIR_JSON, "accept": "application/fhir+json"}
        is_first = row.told == "" and row.tries == 0
        try:
            if is_first:
                answer = await self._client.post("Appointment", json=body, headers=headers)
            else:
                answer = await self._client.put(f"Appointment?Identifier={row.id}", json=body, headers=headers)
        except httpx.HTTPError as error:
            return type(error).__name__
        return "" if answer.is_success else f"HTTP {answer.status_code}"


@asynccontextmanager
async def telling_the_sas(wiring: Wiring, sas: SasSettings) -> AsyncIterator[None]:
    """Keep telling while the context is open, if the settings say where the SAS is."""
    if not sas.returns_url:
        yield
        return
    base = f"{sas.returns_url.rstrip('/')}/"
    shown = client_context(sas.returns_certificate, sas.returns_key, sas.returns_issuers)
    async with httpx.AsyncClient(base_url=base, verify=shown, timeout=httpx.Timeout(10)) as client:
        returns = Returns(wiring, client, system=sas.system or wiring.settings.public_url)

        async def work() -> bool:
            await returns.turn()
            return True

        async with wiring.background.keeping(
            "sas returns", ring_work(wiring.bell, STREAM, work, waits="sas_returns_wait")
        ):
            yield
