"""A code of the second factor serves once"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    step = sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("account", step, schema="common")
