"""The level of tension of each territory, change by change"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import IN_SCOPE, force_policies

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "level",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("points", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", "at", name=op.f("pk_level")),
        schema="coordination",
    )
    inside = IN_SCOPE.format(column="cpts_id")
    for statement in force_policies(
        "coordination.level", shown=inside, inserted=inside, updated="false", deleted="false"
    ):
        op.execute(statement)
