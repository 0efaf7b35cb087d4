"""Rounds of the register whose calculation failed"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    failed: sa.Column[bool] = sa.Column("failed", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    op.add_column("attachment_round", failed, schema="matching")
