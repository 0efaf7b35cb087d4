"""Notes that people leave on a request for each other"""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import only_in_scope

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "request_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["matching.request.id"], name=op.f("fk_request_note_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_note")),
        schema="matching",
    )
    op.create_index(op.f("ix_request_note_request_id"), "request_note", ["request_id"], schema="matching")
    for statement in only_in_scope("matching.request_note"):
        op.execute(statement)
