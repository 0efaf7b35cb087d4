"""Adds facts, and how far each stream was heard, in one transaction: hearing a thing twice writes it once."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import text

from services.coordination.core.facts import KeptFact
from shared.db import Session, run

# A fact that says of its subject what the one before said is none: practitioners are told again with every patient.
ADD = text("""
with told as (
  select * from jsonb_to_recordset(cast(:facts as jsonb))
    as f (seq bigint, at timestamptz, type text, collection text, subject text, body jsonb)
), heard as (
  insert into coordination.followed as f (cpts_id, service, epoch, seq)
  values (:cpts, :service, :epoch, :seq)
  on conflict (cpts_id, service) do update
  set epoch = excluded.epoch,
      seq = case when f.epoch = excluded.epoch then greatest(f.seq, excluded.seq) else excluded.seq end
)
insert into coordination.fact (cpts_id, service, epoch, seq, collection, subject, at, type, body)
select :cpts, :service, :epoch, told.seq, told.collection, told.subject, told.at, told.type, told.body
from told left join lateral (
  select body from coordination.fact k
  where k.cpts_id = :cpts and k.service = :service and k.collection = told.collection and k.subject = told.subject
  order by k.at desc, k.seq desc limit 1
) as last on true
where last.body is distinct from told.body
on conflict do nothing
""")


async def add_facts(
    session: Session, cpts_id: str, service: str, *, epoch: UUID, seq: int, facts: Sequence[KeptFact]
) -> None:
    """Add what a stream told up to `seq`."""
    rows = json.dumps([asdict(fact) for fact in facts])
    await run(session, ADD, cpts=cpts_id, service=service, epoch=epoch, seq=seq, facts=rows)
