"""Of which of a case's patients a request is"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    patient_id = sa.Column("patient_id", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("hub_case", patient_id, schema="matching")
