"""Free slots of other editors"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import only_in_scope

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "foreign_source",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cpts_id"], ["availability.cpts.finess"], name=op.f("fk_foreign_source_cpts_id")),
        sa.PrimaryKeyConstraint("cpts_id", "editor", name=op.f("pk_foreign_source")),
        schema="availability",
    )
    op.create_index(
        op.f("ix_foreign_source_next_read_at"), "foreign_source", ["next_read_at"], unique=False, schema="availability"
    )
    op.create_table(
        "foreign_slot",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("their_id", sa.Text(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("modes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("appointment", sa.Text(), nullable=False),
        sa.Column("agenda_url", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_foreign_slot_forwards")),
        sa.ForeignKeyConstraint(
            ["cpts_id", "editor"],
            ["availability.foreign_source.cpts_id", "availability.foreign_source.editor"],
            name="fk_foreign_slot_source",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["availability.practitioner.id"], name=op.f("fk_foreign_slot_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("cpts_id", "editor", "their_id", name=op.f("pk_foreign_slot")),
        schema="availability",
    )
    op.create_index(
        op.f("ix_foreign_slot_practitioner_id_starts_at"),
        "foreign_slot",
        ["practitioner_id", "starts_at"],
        unique=False,
        schema="availability",
    )
    for table in ("foreign_source", "foreign_slot"):
        for statement in only_in_scope(f"availability.{table}"):
            op.execute(statement)
