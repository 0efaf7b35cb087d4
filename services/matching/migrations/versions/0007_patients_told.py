"""Since when the patient knows where their request stands"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    # Nobody is called back for what happened before: every request there is counts as told.
    told_at = sa.Column("told_at", sa.DateTime(timezone=True), nullable=True, server_default=sa.text("now()"))
    op.add_column("request", told_at, schema="matching")
    op.alter_column("request", "told_at", server_default=None, schema="matching")
