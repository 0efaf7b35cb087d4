"""Adds a change of the level of tension; said again, it adds nothing."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from shared.db import Session, run

ADD = text("""
insert into coordination.level (cpts_id, at, level, points)
select :cpts, :at, :level, cast(:points as jsonb)
where :level is distinct from (
  select level from coordination.level where cpts_id = :cpts order by at desc limit 1
)
on conflict do nothing
""")


async def note_level(
    session: Session, cpts_id: str, at: datetime, level: int, points: Sequence[Mapping[str, Any]]
) -> None:
    """Note that the level of a territory is another since now."""
    await run(session, ADD, cpts=cpts_id, at=at, level=level, points=json.dumps(points))
