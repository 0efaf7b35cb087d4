"""Asks for one more patient"""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import IN_SCOPE, force_policies, only_in_scope

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "overbooking_ask",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("request_by", sa.Text(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("insee", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("modes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("party", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["matching.request.id"], name=op.f("fk_overbooking_ask_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overbooking_ask")),
        schema="matching",
    )
    op.create_index(op.f("ix_overbooking_ask_cpts_id"), "overbooking_ask", ["cpts_id"], unique=False, schema="matching")
    op.create_index(
        op.f("ix_overbooking_ask_request_id"), "overbooking_ask", ["request_id"], unique=False, schema="matching"
    )
    op.create_index(
        "uq_overbooking_ask_request_id_practitioner_id",
        "overbooking_ask",
        ["request_id", "practitioner_id"],
        unique=True,
        schema="matching",
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_table(
        "overbooking_ask_change",
        sa.Column("ask_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ask_id"],
            ["matching.overbooking_ask.id"],
            name=op.f("fk_overbooking_ask_change_ask_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ask_id", "version", name=op.f("pk_overbooking_ask_change")),
        schema="matching",
    )
    for statement in only_in_scope("matching.overbooking_ask"):
        op.execute(statement)
    inside = IN_SCOPE.format(column="cpts_id")
    for statement in force_policies("matching.overbooking_ask_change", shown=inside, inserted=inside, updated="false"):
        op.execute(statement)
