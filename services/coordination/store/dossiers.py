"""Adds frozen dossiers, numbered without a gap."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from shared.db import Session, run

# The lock makes the numbers of a CPTS come one after another: two who freeze at once get two numbers.
LOCK = text("select pg_advisory_xact_lock(hashtext('coordination.dossier'), hashtext(:cpts))")
ADD = text("""
insert into coordination.dossier (cpts_id, number, at, by, since, until, sha256, differs, content)
select :cpts, 1 + coalesce(max(number), 0), :at, :by, :since, :until, :sha256, cast(:differs as jsonb), :content
from coordination.dossier where cpts_id = :cpts
returning number
""")


async def add_dossier(
    session: Session,
    cpts_id: str,
    *,
    by: str,
    at: datetime,
    period: tuple[datetime, datetime],
    frozen: tuple[bytes, bytes],
    differs: Sequence[Mapping[str, Any]],
) -> int:
    """Add a dossier and answer its number. `frozen`: its file and the SHA-256 of it."""
    await run(session, LOCK, cpts=cpts_id)
    (since, until), (content, sha256) = period, frozen
    values = {"since": since, "until": until, "sha256": sha256, "content": content, "differs": json.dumps(differs)}
    number: int = (await run(session, ADD, cpts=cpts_id, by=by, at=at, **values)).scalar_one()
    return number
