"""Seals over what was logged"""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import force_policies

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "seal",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("since", instant, nullable=False),
        sa.Column("until", instant, nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "number", name=op.f("pk_seal")),
        schema="common",
    )
    for statement in force_policies("common.seal", shown="true", inserted="true", updated="false"):
        op.execute(statement)
