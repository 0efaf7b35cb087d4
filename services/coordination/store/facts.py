"""Adds facts, what they come to, and how far each stream was heard, in one transaction.

Hearing a thing twice writes it once. A fact that says of its subject what the one before said is none: professionals
are told again with every patient.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import text

from services.coordination.core.facts import KeptFact
from shared.db import Session, run

MOST = 1000
"""How many facts one statement adds."""
ADD = text("""
with said as (
  select f.*, f.body ->> 'state' as state, known.body as known_body, known.at as known_at, known.seq as known_seq
  from jsonb_to_recordset(cast(:facts as jsonb))
    as f (seq bigint, at timestamptz, type text, collection text, subject text, body jsonb)
  left join coordination.subject known
    on known.cpts_id = :cpts and known.service = :service
      and known.collection = f.collection and known.subject = f.subject
), told as (
  select *, coalesce(lag(body) over (partition by collection, subject order by at, seq), known_body) as before from said
  where known_at is null or (at, seq) >= (known_at, known_seq)
), heard as (
  insert into coordination.followed as f (cpts_id, service, epoch, seq)
  values (:cpts, :service, :epoch, :seq)
  on conflict (cpts_id, service) do update
  set epoch = excluded.epoch,
      seq = case when f.epoch = excluded.epoch then greatest(f.seq, excluded.seq) else excluded.seq end
), firsts as (
  select collection, subject, jsonb_object_agg(state, at) as firsts from (
    select collection, subject, state, min(at) as at from told where state is not null group by 1, 2, 3
  ) each group by collection, subject
), kept as (
  insert into coordination.subject as s (cpts_id, service, collection, subject, at, seq, body, firsts)
  select distinct on (collection, subject)
    :cpts, :service, collection, subject, at, seq, body, coalesce(firsts.firsts, '{}')
  from told left join firsts using (collection, subject)
  order by collection, subject, at desc, seq desc
  on conflict (cpts_id, service, collection, subject) do update
  set at = excluded.at, seq = excluded.seq, body = excluded.body, firsts = excluded.firsts || s.firsts
)
insert into coordination.fact (cpts_id, service, epoch, seq, collection, subject, at, type, body)
select :cpts, :service, :epoch, seq, collection, subject, at, type, body from told
where before is distinct from body
on conflict do nothing
""")


async def add_facts(
    session: Session, cpts_id: str, service: str, *, epoch: UUID, seq: int, facts: Sequence[KeptFact]
) -> None:
    """Add what a stream told up to `seq`, in the order it told it."""
    for at in range(0, max(1, len(facts)), MOST):
        rows = json.dumps([asdict(fact) for fact in facts[at : at + MOST]])
        await run(session, ADD, cpts=cpts_id, service=service, epoch=epoch, seq=seq, facts=rows)
