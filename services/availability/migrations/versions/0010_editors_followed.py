"""Until when an editor is followed"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    # Whoever follows an editor says so as soon as it starts.
    until = sa.Column("followed_until", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()"))
    op.add_column("foreign_source", until, schema="availability")
    op.alter_column("foreign_source", "followed_until", server_default=None, schema="availability")
