"""What a practitioner is trained for, and the structures they work in: some motives go to them only"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    own: sa.Column[list[str]] = sa.Column(
        "qualifications", postgresql.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")
    )
    op.add_column("practice", own, schema="availability")
