"""Which slots somebody who waits could take, as the matching of each CPTS says."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Column, Text, Uuid
from sqlmodel import Field

from services.availability.tables import AvailabilityRow
from shared.db import instant


class WaitingRow(AvailabilityRow, table=True):
    """What the matching of a CPTS last said of who waits there: the slots somebody could take. Real time.

    A CPTS without a row has no matching: nobody waits there.
    """

    __tablename__ = "waiting"

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    heard_at: datetime = instant()
    slot_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
