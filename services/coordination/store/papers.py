"""Adds versions of what people write; who wrote over an older one than the last is told so."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from shared.db import Session, run

ADD = text("""
insert into coordination.paper (cpts_id, kind, version, at, by, body)
select :cpts, :kind, :after + 1, :at, :by, cast(:body as jsonb)
where :after = coalesce((select max(version) from coordination.paper where cpts_id = :cpts and kind = :kind), 0)
on conflict do nothing returning version
""")


async def add_paper(
    session: Session, cpts_id: str, kind: str, body: Mapping[str, Any], *, by: str, at: datetime, after: int
) -> int | None:
    """Add the version that comes after `after` and answer its number; None when another was written meanwhile."""
    row = await run(session, ADD, cpts=cpts_id, kind=kind, after=after, at=at, by=by, body=json.dumps(body))
    version: int | None = row.scalar_one_or_none()
    return version
