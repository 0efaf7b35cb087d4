"""Slots go back only when nobody who waits could take them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import only_in_scope

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    own: sa.Column[bool] = sa.Column("own_notice", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    op.add_column("slot", own, schema="availability")
    op.create_table(
        "waiting",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slot_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", name=op.f("pk_waiting")),
        schema="availability",
    )
    for statement in only_in_scope("availability.waiting"):
        op.execute(statement)
