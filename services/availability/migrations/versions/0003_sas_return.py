"""What the SAS knows of regulators' appointments"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "sas_return",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("regulator_id", sa.Uuid(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["availability.booking.id"], name=op.f("fk_sas_return_booking_id")),
        sa.ForeignKeyConstraint(
            ["regulator_id"], ["availability.regulator.id"], name=op.f("fk_sas_return_regulator_id")
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_sas_return")),
        schema="availability",
    )
    op.create_index(op.f("ix_sas_return_next_try_at"), "sas_return", ["next_try_at"], schema="availability")
    op.create_index(op.f("ix_booking_held_by"), "booking", ["held_by"], schema="availability")
