"""The board as the engine takes it: the one way from requests and slots to an instance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.model import Instance, Practitioner, Slot
from services.matching.sameday import reads
from services.matching.sameday.app.parameters import CptsParameters, parameters_of
from services.matching.sameday.app.round.deciding import full_slots, instance_of
from services.matching.sameday.app.round.reconciling import LiveBooking, unseen_places
from services.matching.sameday.store.tables import RequestRow
from shared.db import database_now


class LiveTerritory(Protocol):
    """What is known live of a CPTS's slots. Instants are in seconds since the epoch."""

    def slots(self, now_at_s: int) -> Sequence[Slot]:
        """The published slots that have not begun, full ones too."""

    def practitioners(self, now_at_s: int) -> Sequence[Practitioner]:
        """The ledgers and limits of the practitioners."""

    def bookings(self) -> Mapping[str, LiveBooking]:
        """Every live booking, by id."""


@dataclass(frozen=True, slots=True)
class BoardInstance:
    """What is to be decided at one moment. `full` slots have no place left: they explain, nobody gets them."""

    instance: Instance
    full: tuple[Slot, ...]
    now: datetime


def build_instance(
    rows: Sequence[RequestRow],
    territory: LiveTerritory,
    parameters: CptsParameters,
    now: datetime,
    slots: Iterable[Slot] | None = None,
) -> BoardInstance:
    """The instance of these requests on the slots of a territory, or on these `slots` of it only."""
    now_at_s = int(now.timestamp())
    offered = tuple(territory.slots(now_at_s) if slots is None else slots)
    people, unseen = territory.practitioners(now_at_s), unseen_places(rows, territory.bookings())
    instance = instance_of(rows, offered, people, parameters, now, unseen)
    return BoardInstance(instance, full_slots(offered, instance), now)


async def read_instance(
    session: AsyncSession, cpts_id: str, territory: LiveTerritory, slots: Iterable[Slot] | None = None
) -> BoardInstance:
    """The instance of a CPTS's board as it stands now in this transaction."""
    now, rows = await database_now(session), await reads.board_rows(session, cpts_id)
    return build_instance(rows, territory, await parameters_of(session, cpts_id), now, slots)
