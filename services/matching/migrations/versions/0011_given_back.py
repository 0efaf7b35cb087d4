"""Bookings that a request gives back, written before they are ended"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    given_back: sa.Column[list[str]] = sa.Column(
        "given_back", sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")
    )
    op.add_column("request", given_back, schema="matching")
