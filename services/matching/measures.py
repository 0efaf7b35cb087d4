"""What the matching service tells Prometheus: who waits, the rounds, the slots it follows, messages to patients."""

import asyncio
from collections.abc import Iterable

from prometheus_client.core import Metric
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.edges.following import Territories
from shared.contracts import ON_THE_BOARD
from shared.db import run
from shared.web.metrics import Measure, gauge

URGENCIES = range(1, 5)
_WAITING = text("""
select urgency, count(*) filter (where state = any (:waiting)) as waiting,
       count(*) filter (where state = 'held') as held,
       coalesce(max(extract(epoch from common.now() - submitted_at)) filter (where state = any (:waiting)), 0) as oldest
from matching.request where archived_at is null and (state = any (:waiting) or state = 'held') group by urgency
""")
_ROUNDS = text("""
select count(*) as done, count(*) filter (where failure <> '') as failed, coalesce(sum(seconds), 0) as seconds,
       coalesce(max(seconds), 0) as longest
from matching.round where at > common.now() - interval '15 minutes'
""")
_MESSAGES = text("select count(*) from matching.patient_message where state in ('waiting', 'sending')")


def measure(territories: Territories) -> tuple[Measure, ...]:
    """The figures of a service that follows these territories."""

    async def slots_followed(_session: AsyncSession) -> Iterable[Metric]:
        late = territories.late(asyncio.get_running_loop().time())
        return [
            gauge("territories_followed", "CPTS whose slots are known.", [((), len(territories.all_known()))]),
            gauge("territories_late", "CPTS whose slots may have changed unheard.", [((), len(late))]),
        ]

    return slots_followed, _waiting, _rounds, _messages


async def _waiting(session: AsyncSession) -> Iterable[Metric]:
    found = {row.urgency: row for row in await run(session, _WAITING, waiting=sorted(ON_THE_BOARD))}
    kinds = {
        "requests_waiting": ("waiting", "Requests on the board."),
        "requests_held": ("held", "Requests with a slot held and not confirmed."),
        "oldest_request_seconds": ("oldest", "For how long the first of them has waited."),
    }
    return [
        gauge(name, said, [((f"P{n}",), float(getattr(found[n], of)) if n in found else 0.0) for n in URGENCIES],
              ["urgency"])
        for name, (of, said) in kinds.items()
    ]  # fmt: skip


async def _rounds(session: AsyncSession) -> Iterable[Metric]:
    row = (await run(session, _ROUNDS)).one()
    said = "of the rounds of the last 15 minutes."
    return [
        gauge("rounds_recent", f"How many rounds changed something: {said}", [((), row.done)]),
        gauge("rounds_failed_recent", f"Without an answer of the solver, {said}", [((), row.failed)]),
        gauge("round_seconds_recent", f"Time in all, {said}", [((), row.seconds)]),
        gauge("round_longest_seconds_recent", f"The longest, {said}", [((), row.longest)]),
    ]


async def _messages(session: AsyncSession) -> Iterable[Metric]:
    waiting = (await run(session, _MESSAGES)).scalar_one()
    return [gauge("patient_messages_waiting", "Messages to patients that are not sent yet.", [((), waiting)])]
