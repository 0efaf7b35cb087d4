"""What is read of the national directory"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import only_in_scope

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "directory_load",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", name=op.f("pk_directory_load")),
        schema="availability",
    )
    op.add_column("schedule", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True), schema="availability")
    for statement in only_in_scope("availability.directory_load"):
        op.execute(statement)
