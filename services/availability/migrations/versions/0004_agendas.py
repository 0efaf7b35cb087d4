"""Practitioners' agendas, in and out"""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import force_policies

revision = "0004"
down_revision = "0003"

OF_PRACTITIONER = ["availability.practitioner.id"]


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "agenda_feed",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["practitioner_id"], OF_PRACTITIONER, name=op.f("fk_agenda_feed_practitioner_id")),
        sa.PrimaryKeyConstraint("practitioner_id", name=op.f("pk_agenda_feed")),
        schema="availability",
    )
    op.create_index(op.f("ix_agenda_feed_next_read_at"), "agenda_feed", ["next_read_at"], schema="availability")
    op.create_table(
        "agenda_busy",
        sa.Column("absence_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["absence_id"], ["availability.absence.id"], name=op.f("fk_agenda_busy_absence_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["practitioner_id"], OF_PRACTITIONER, name=op.f("fk_agenda_busy_practitioner_id")),
        sa.PrimaryKeyConstraint("absence_id", name=op.f("pk_agenda_busy")),
        schema="availability",
    )
    op.create_index(op.f("ix_agenda_busy_practitioner_id"), "agenda_busy", ["practitioner_id"], schema="availability")
    op.create_table(
        "agenda_key",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["practitioner_id"], OF_PRACTITIONER, name=op.f("fk_agenda_key_practitioner_id")),
        sa.PrimaryKeyConstraint("practitioner_id", name=op.f("pk_agenda_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_agenda_key_key_hash")),
        schema="availability",
    )
    for table in ("agenda_feed", "agenda_busy", "agenda_key"):
        member = f"exists (select from availability.membership m where m.practitioner_id = {table}.practitioner_id)"
        mine = f"{member} and common.may_write_for(practitioner_id)"
        for statement in force_policies(f"availability.{table}", shown=mine, inserted=mine, updated=mine, deleted=mine):
            op.execute(statement)
