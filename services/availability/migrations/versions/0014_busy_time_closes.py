"""Absences close time whatever comes first; slots that were moved do not come back; openings past midnight"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

# Who publishes and who declares an absence queue for the same practitioner: what was committed before is seen. After
# the row is written, because a practitioner's slot is what lets row-level security show their absences to its CPTS.
GUARD = """
create function availability.refuse_slot_while_away() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('slots ' || new.practitioner_id, 0));
  if exists (
    select from availability.absence a
    where a.practitioner_id = new.practitioner_id and a.starts_at < new.ends_at and a.ends_at > new.starts_at
  ) then
    raise exception using errcode = 'exclusion_violation', constraint = 'not_while_away',
      message = 'not_while_away: the practitioner is absent';
  end if;
  return null;
end $$
"""
WATCHED = "new.status = 'published' and not new.despite_absence and new.live"
QUEUE = """
create function availability.queue_absence() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('slots ' || new.practitioner_id, 0));
  return new;
end $$
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    despite: sa.Column[bool] = sa.Column(
        "despite_absence", sa.Boolean(), nullable=False, server_default=sa.text("false")
    )
    op.add_column("slot", despite, schema="availability")
    op.add_column("slot", sa.Column("cut_at", sa.DateTime(timezone=True), nullable=True), schema="availability")
    # What is published over an absence now was accepted when it was published.
    op.execute("update availability.slot set cut_at = starts_at where opening_id is not null")
    op.execute(
        "update availability.slot s set despite_absence = true where status = 'published' and live and exists"
        " (select from availability.absence a where a.practitioner_id = s.practitioner_id"
        " and a.starts_at < s.ends_at and a.ends_at > s.starts_at)"
    )
    op.drop_index("uq_slot_opening_id_starts_at", "slot", schema="availability")
    op.create_index(
        "uq_slot_opening_id_cut_at",
        "slot",
        ["opening_id", "cut_at"],
        unique=True,
        schema="availability",
        postgresql_where=sa.text("absence_id is null"),
    )
    op.execute(GUARD)
    op.execute(
        "create trigger not_while_away_inserted after insert on availability.slot for each row"
        f" when ({WATCHED}) execute function availability.refuse_slot_while_away()"
    )
    op.execute(
        "create trigger not_while_away_changed after update of starts_at, ends_at, status, despite_absence"
        f" on availability.slot for each row when ({WATCHED})"
        " execute function availability.refuse_slot_while_away()"
    )
    op.execute(QUEUE)
    op.execute(
        "create trigger absence_queues before insert or update on availability.absence for each row"
        " execute function availability.queue_absence()"
    )
    op.execute("alter table availability.opening drop constraint ck_opening_forwards")
