"""Regulators' accounts of the SAS, and the index of its search"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "regulator",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("national_id", sa.Text(), nullable=False),
        sa.Column("sas_id", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regulator")),
        schema="availability",
    )
    for column in ("national_id", "sas_id", "email"):
        op.create_index(
            f"uq_regulator_{column}",
            "regulator",
            [column],
            unique=True,
            schema="availability",
            postgresql_where=sa.text(f"active and {column} <> ''"),
        )
    op.create_index(
        "ix_slot_practitioner_id_starts_at",
        "slot",
        ["practitioner_id", "starts_at"],
        schema="availability",
        postgresql_where=sa.text("status = 'published'"),
    )
