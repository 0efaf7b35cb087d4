"""Appointments that regulators took, told to the SAS (INT_R03). The bookings themselves are the outbox.

What the SAS should know is read from the booking, what it knows is written beside it; the difference is sent until it
is accepted. A first telling is a POST; whatever follows, or follows an unknown outcome, is a PUT that may be repeated.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import structlog
from sqlalchemy import Row, text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.interop.fhir import terms
from services.availability.interop.sas.api import EVERYTHING
from services.availability.interop.sas.appointments import AppointmentValue, appointment
from services.availability.interop.sas.settings import SasSettings
from services.availability.interop.sas.tls import client_context
from shared.db import run, set_scope
from shared.running.background import rung
from shared.wiring import Wiring

log = structlog.get_logger()
STREAM = "availability:sas-returns"
LEASE = timedelta(seconds=60)
SOONEST, LATEST = timedelta(seconds=30), timedelta(hours=1)
BATCH = 50

_NEW = text("""
insert into availability.sas_return (booking_id, regulator_id, told, tries, next_try_at, error)
select b.id, r.id, '', 0, common.now(), ''
from availability.booking b join availability.regulator r on r.id::text = b.held_by
where b.state in ('confirmed', 'honoured', 'no_show')
on conflict do nothing
""")
_STATUS = """
case b.state when 'confirmed' then 'booked' when 'honoured' then 'fulfilled' when 'no_show' then 'noshow'
             when 'cancelled' then 'cancelled' end
"""
_WANTED = f"""
from availability.sas_return t
join availability.booking b on b.id = t.booking_id
join availability.slot s on s.id = b.slot_id
join availability.practitioner p on p.id = s.practitioner_id
join availability.regulator r on r.id = t.regulator_id
cross join lateral (select {_STATUS} as status) w
cross join lateral (select w.status || ' ' || to_char(s.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI')
                                       || to_char(s.ends_at at time zone 'UTC', '/HH24:MI') as telling) k
where w.status is not null and k.telling <> t.told
"""
_DUE = text(f"""
update availability.sas_return set next_try_at = common.now() + :lease, tries = sas_return.tries + 1
from (
  select t.booking_id as id, t.told, t.tries, w.status, k.telling, s.starts_at, s.ends_at, p.rpps,
         r.national_id, r.sas_id,
         (select min(at) from availability.booking_change c where c.booking_id = b.id) as created_at
  {_WANTED} and t.next_try_at <= common.now()
  order by t.next_try_at limit :batch for update of t skip locked
) due
where sas_return.booking_id = due.id
returning due.*
""")  # noqa: S608  constant texts, joined
_TOLD = text(
    "update availability.sas_return set told = :telling, tries = 0, error = '', next_try_at = common.now()"
    " where booking_id = :id"
)
_FAILED = text(
    "update availability.sas_return set error = :error, next_try_at = common.now() + :pause where booking_id = :id"
)
_STATE = text(f"select t.booking_id, w.status, t.tries, t.error {_WANTED} order by t.next_try_at")


@dataclass(frozen=True, slots=True)
class DueReturn:
    """An appointment that the SAS does not know as it is: what is wanted, what went wrong so far."""

    booking_id: UUID
    status: str
    tries: int
    error: str


class Returns:
    """Tells the SAS; `system` names this installation in the appointments' identifiers."""

    def __init__(self, wiring: Wiring, client: httpx.AsyncClient, *, system: str) -> None:
        """`client`: of the SAS's FHIR interface."""
        self._wiring, self._client, self._system = wiring, client, system

    async def turn(self) -> int:
        """Send what is due, once each; answers how many were tried. No transaction waits for the network."""
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            await run(session, _NEW)
            due = (await run(session, _DUE, lease=LEASE, batch=BATCH)).all()
        for row in due:
            error = await self._send(row)
            async with self._wiring.open_session() as session:
                if error:
                    pause = min(LATEST, SOONEST * 2 ** min(row.tries, 10))
                    await run(session, _FAILED, id=row.id, error=error, pause=pause)
                    log.warning("sas_return_waits", booking=str(row.id), error=error)
                else:
                    await run(session, _TOLD, id=row.id, telling=row.telling)
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


async def waiting(session: AsyncSession) -> list[DueReturn]:
    """What the SAS does not know yet, of the CPTS in the transaction's scope."""
    rows = await run(session, _STATE)
    return [DueReturn(row.booking_id, row.status, row.tries, row.error) for row in rows]


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

        async with wiring.background.keeping("sas returns", rung(wiring.bell, STREAM, work, waits="sas_returns_wait")):
            yield
