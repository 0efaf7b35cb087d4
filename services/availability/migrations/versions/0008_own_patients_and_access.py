"""Whether a patient is the practitioner's own, counted by week; how one gets into a place"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    own: sa.Column[bool] = sa.Column("own_patient", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    op.add_column("booking", own, schema="availability")
    counted: sa.Column[int] = sa.Column("unknown_this_week", sa.Integer(), nullable=False, server_default=sa.text("0"))
    op.add_column("ledger", counted, schema="availability")
    note: sa.Column[str] = sa.Column("access_note", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("place", note, schema="availability")
