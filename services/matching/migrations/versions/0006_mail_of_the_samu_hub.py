"""Mail of the SAMU hub"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import only_in_scope

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "hub_message",
        sa.Column("distribution_id", sa.Text(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("answer", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("distribution_id", "cpts_id", name=op.f("pk_hub_message")),
        schema="matching",
    )
    op.create_index(op.f("ix_hub_message_at"), "hub_message", ["at"], schema="matching")
    op.create_table(
        "hub_outgoing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub_outgoing")),
        schema="matching",
    )
    op.create_index(op.f("ix_hub_outgoing_cpts_id"), "hub_outgoing", ["cpts_id"], schema="matching")
    op.create_index(op.f("ix_hub_outgoing_next_try_at"), "hub_outgoing", ["next_try_at"], schema="matching")
    for table in ("matching.hub_message", "matching.hub_outgoing"):
        for statement in only_in_scope(table):
            op.execute(statement)
