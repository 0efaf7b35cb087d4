"""Patients on top of the slots, counted by week"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    limit = sa.Column("supplement_limit", sa.Integer(), nullable=False, server_default=sa.text("20"))
    op.add_column("cpts", limit, schema="availability")
    counted = sa.Column("supplements_this_week", sa.Integer(), nullable=False, server_default=sa.text("0"))
    op.add_column("ledger", counted, schema="availability")
