"""Practitioners answer by a link; the doctor somebody already saw is asked before any round"""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import only_in_scope

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    seen: sa.Column[object] = sa.Column("seen_practitioner_id", sa.Uuid(), nullable=True)
    op.add_column("attachment", seen, schema="matching")
    answer: sa.Column[str] = sa.Column("seen_answer", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("attachment", answer, schema="matching")
    op.create_index(
        op.f("ix_attachment_seen_practitioner_id"), "attachment", ["seen_practitioner_id"], schema="matching"
    )
    op.create_table(
        "doctor_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor_link")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_doctor_link_secret_hash")),
        schema="matching",
    )
    for statement in only_in_scope("matching.doctor_link"):
        op.execute(statement)
