"""What looking ahead needs: the slots that were offered, requests by date, how each round decided"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import only_in_scope

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "slot_seen",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("offer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("cpts_id", "slot_id", name=op.f("pk_slot_seen")),
        schema="matching",
    )
    op.create_index(op.f("ix_slot_seen_cpts_id_starts_at"), "slot_seen", ["cpts_id", "starts_at"], schema="matching")
    for statement in only_in_scope("matching.slot_seen"):
        op.execute(statement)
    op.create_index("ix_request_asked", "request", ["cpts_id", "submitted_at"], schema="matching")
    for name in ("policy", "fallback"):
        column = sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''"))
        op.add_column("round", column, schema="matching")
    held = sa.Column("held_back", sa.Integer(), nullable=False, server_default=sa.text("0"))
    op.add_column("round", held, schema="matching")
