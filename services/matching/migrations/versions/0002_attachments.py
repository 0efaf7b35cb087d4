"""The register of people without a médecin traitant"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import IN_SCOPE, force_policies, only_in_scope

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("insee", sa.Text(), nullable=False),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flags", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("priority_class", sa.Text(), nullable=False),
        sa.Column("home_visits", sa.Boolean(), nullable=False),
        sa.Column("household", sa.Uuid(), nullable=False),
        sa.Column("max_travel_s", sa.Integer(), nullable=True),
        sa.Column("forbidden", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("registered_role", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revalidate_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("round_id", sa.Uuid(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("patient_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state in ('proposed', 'accepted_by_practitioner', 'accepted', 'confirmed'))"
            " = (practitioner_id is not null)",
            name=op.f("ck_attachment_practitioner"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        schema="matching",
    )
    op.create_index(op.f("ix_attachment_household"), "attachment", ["household"], unique=False, schema="matching")
    op.create_index(
        op.f("ix_attachment_practitioner_id"), "attachment", ["practitioner_id"], unique=False, schema="matching"
    )
    op.create_index(
        "ix_attachment_register",
        "attachment",
        ["cpts_id", "state"],
        unique=False,
        schema="matching",
        postgresql_where=sa.text("archived_at is null"),
    )
    op.create_index(
        op.f("ix_attachment_registered_by"), "attachment", ["registered_by"], unique=False, schema="matching"
    )
    op.create_table(
        "attachment_parameters",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", name=op.f("pk_attachment_parameters")),
        schema="matching",
    )
    op.create_table(
        "attachment_round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("seeking", sa.Integer(), nullable=False),
        sa.Column("practitioners", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("proposed", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("certified", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("classes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("served_by_class", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("best_by_class", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("household_gap", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("equity_by_class", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("equity_by_commune", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("envious", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment_round")),
        schema="matching",
    )
    op.create_index(
        op.f("ix_attachment_round_cpts_id"), "attachment_round", ["cpts_id"], unique=False, schema="matching"
    )
    op.create_table(
        "attachment_change",
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["matching.attachment.id"],
            name=op.f("fk_attachment_change_attachment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("attachment_id", "version", name=op.f("pk_attachment_change")),
        schema="matching",
    )
    op.create_table(
        "attachment_outcome",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("priority_class", sa.Text(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("why", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("blocker", sa.Text(), nullable=False),
        sa.Column("taken_by_class", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["matching.attachment.id"],
            name=op.f("fk_attachment_outcome_attachment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["round_id"],
            ["matching.attachment_round.id"],
            name=op.f("fk_attachment_outcome_round_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("round_id", "attachment_id", name=op.f("pk_attachment_outcome")),
        schema="matching",
    )
    op.create_index(
        op.f("ix_attachment_outcome_attachment_id"),
        "attachment_outcome",
        ["attachment_id"],
        unique=False,
        schema="matching",
    )
    op.create_table(
        "attachment_place",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["matching.attachment.id"],
            name=op.f("fk_attachment_place_attachment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("practitioner_id", "number", name=op.f("pk_attachment_place")),
        sa.UniqueConstraint("attachment_id", name=op.f("uq_attachment_place_attachment_id")),
        schema="matching",
    )
    for table in ("attachment", "attachment_round", "attachment_parameters", "attachment_place"):
        for statement in only_in_scope(f"matching.{table}"):
            op.execute(statement)
    inside = IN_SCOPE.format(column="cpts_id")
    for table in ("attachment_change", "attachment_outcome"):
        for statement in force_policies(f"matching.{table}", shown=inside, inserted=inside, updated="false"):
            op.execute(statement)
