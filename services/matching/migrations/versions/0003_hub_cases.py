"""Cases of the SAMU hub"""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import only_in_scope

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "hub_case",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("told", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["matching.request.id"], name=op.f("fk_hub_case_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_hub_case")),
        schema="matching",
    )
    op.create_index(op.f("ix_hub_case_cpts_id"), "hub_case", ["cpts_id"], schema="matching")
    for statement in only_in_scope("matching.hub_case"):
        op.execute(statement)
