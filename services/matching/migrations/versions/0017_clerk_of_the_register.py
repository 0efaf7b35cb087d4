"""A reference on each entry of the register; rounds that may be undone until practitioners are told"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    reference = sa.Column("reference", sa.Text(), nullable=False, server_default=sa.text("''"))
    untold: sa.Column[bool] = sa.Column("untold", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    op.add_column("attachment", reference, schema="matching")
    op.add_column("attachment", untold, schema="matching")
    for name in ("tell_at", "told_at", "undone_at"):
        op.add_column("attachment_round", sa.Column(name, sa.DateTime(timezone=True), nullable=True), schema="matching")
