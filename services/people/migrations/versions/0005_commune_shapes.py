"""Outlines of communes, for maps; on which number an account is called back"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "commune_shape",
        sa.Column("insee", sa.Text(), nullable=False),
        sa.Column("rings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("insee", name=op.f("pk_commune_shape")),
        schema="common",
    )
    phone = sa.Column("phone", sa.Text(), server_default=sa.text("''"), nullable=False)
    op.add_column("account", phone, schema="common")
