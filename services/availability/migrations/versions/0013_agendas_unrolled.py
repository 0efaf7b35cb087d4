"""What is kept of an agenda, and how often it failed"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for column in (
        sa.Column("content_hash", sa.LargeBinary(), nullable=True),
        sa.Column("kept_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("unrolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_out", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("failures", sa.Integer(), nullable=False, server_default=sa.text("0")),
    ):
        op.add_column("agenda_feed", column, schema="availability")
    # Nothing is kept of what was read before: it is asked for again, whole.
    op.execute("update availability.agenda_feed set etag = '', next_read_at = common.now()")
