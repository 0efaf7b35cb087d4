"""What CPTS set for their rounds."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.tables import ParametersRow
from shared.db import run


async def put_parameters(session: AsyncSession, cpts_id: str, values: Mapping[str, Any]) -> ParametersRow:
    """Write what a CPTS set, in the place of what it had."""
    row = insert(ParametersRow).values(cpts_id=cpts_id, **values)
    await run(session, row.on_conflict_do_update(index_elements=["cpts_id"], set_=dict(values)))
    return await session.get_one(ParametersRow, cpts_id, populate_existing=True)
