"""What the availability service tells Prometheus: places, holds, agendas, notices."""

from collections.abc import Iterable

from prometheus_client.core import Metric
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run
from shared.web.metrics import gauge

_FIGURES = text("""
select
  (select coalesce(sum(capacity - taken), 0) from availability.slot
    where status = 'published' and starts_at between common.now() and common.now() + interval '4 hours') as free,
  (select count(*) from availability.booking where state = 'held') as held,
  (select count(*) from availability.agenda_feed) as followed,
  (select count(*) from availability.agenda_feed where error <> '') as troubled,
  (select count(*) from common.notice where state = 'waiting' and due_at <= common.now()) as notices
""")


async def measure(session: AsyncSession) -> Iterable[Metric]:
    """The figures."""
    row = (await run(session, _FIGURES)).one()
    return [
        gauge("free_places_4_hours", "Places free in the next four hours.", [((), row.free)]),
        gauge("holds", "Places held and not confirmed.", [((), row.held)]),
        gauge("agendas", "Agendas followed.", [((), row.followed)]),
        gauge("agendas_troubled", "Agendas whose last reading failed.", [((), row.troubled)]),
        gauge("notices_due", "Notices that should have been sent by now.", [((), row.notices)]),
    ]
