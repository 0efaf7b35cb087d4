"""Who chooses by hand, until when, whether rounds may give a slot by themselves, and the mode agreed"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    # What waits already was put on the board as it was then: rounds serve it.
    automatic: sa.Column[bool] = sa.Column("automatic", sa.Boolean(), nullable=False, server_default=sa.text("true"))
    in_hand_by: sa.Column[str] = sa.Column("in_hand_by", sa.Text(), nullable=False, server_default=sa.text("''"))
    mode: sa.Column[str] = sa.Column("mode", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("request", automatic, schema="matching")
    op.add_column("request", in_hand_by, schema="matching")
    op.add_column("request", mode, schema="matching")
    op.add_column("request", sa.Column("in_hand_until", sa.DateTime(timezone=True), nullable=True), schema="matching")
