"""How urgent the request behind a booking is: practitioners may ask to be told of P1 at any hour"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.add_column("booking", sa.Column("urgency", sa.SmallInteger(), nullable=True), schema="availability")
