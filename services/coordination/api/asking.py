"""Who asks for figures, of which days, and what of them may be told."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from services.coordination.core.year import Happened
from services.coordination.reads import KeptFacts
from shared.auth import Caller, Role
from shared.db.clock import midnight, zone_at
from shared.http import CallerDep, SessionDep
from shared.http.parts import find_part
from shared.outside.asked import CptsId, Day
from shared.refusals import Invalid

READERS = (Role.COORDINATOR, Role.ADMIN)
TOLD = (*READERS, Role.COMMITTEE)
LONGEST = timedelta(days=366 * 5)
DAY = timedelta(days=1)


class Asked:
    """One question about the days of a CPTS, both included."""

    def __init__(
        self, request: Request, caller: Caller, session: AsyncSession, cpts_id: str, since: date, until: date
    ) -> None:
        """Whoever may not see small counts asks for whole months only: shifting a day must tell nothing."""
        caller.require(*TOLD)
        caller.require_cpts(cpts_id)
        if not timedelta() <= until - since <= LONGEST:
            raise Invalid(
                "Choisissez des jours du premier au dernier, cinq ans au plus.", field="since", value=str(since)
            )
        if caller.role is Role.COMMITTEE and not (since.day == 1 and (until + DAY).day == 1):
            raise Invalid("Choisissez des mois entiers.", field="since", value=str(since), rule="whole months")
        self.caller, self.cpts_id, self.since, self.until = caller, cpts_id, since, until
        self._request, self._session = request, session

    @property
    def sees_all(self) -> bool:
        """Whether small counts may be told."""
        return self.caller.role in READERS

    async def read(self) -> Happened:
        """What happened in these days."""
        since, until = await self.instants()
        whole = await find_part(self._request, KeptFacts).read(self._session, self.cpts_id)
        return whole.between(since, until)

    async def instants(self) -> tuple[datetime, datetime]:
        """When the first day begins and the last one ends, by the clocks of the place."""
        zone = await zone_at(self._session, self.cpts_id)
        return midnight(self.since, zone), midnight(self.until + DAY, zone)


async def ask_for(
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    cpts: CptsId,
    since: Annotated[Day, Query()],
    until: Annotated[Day, Query()],
) -> Asked:
    """The question of this request."""
    return Asked(request, caller, session, cpts, since, until)


AskedDep = Annotated[Asked, Depends(ask_for, scope="function")]
