"""Every change of what people set"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import readable_in_scope

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "setting_change",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setting_change")),
        schema="common",
    )
    op.create_index(op.f("ix_setting_change_cpts_id"), "setting_change", ["cpts_id"], schema="common")
    for statement in readable_in_scope("common.setting_change"):
        op.execute(statement)
