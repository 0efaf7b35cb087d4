"""A practitioner of another CPTS is asked before they belong to one more"""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import IN_SCOPE, force_policies

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "membership_ask",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["cpts_id"], ["availability.cpts.finess"], name="fk_membership_ask_cpts_id"),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["availability.practitioner.id"], name="fk_membership_ask_practitioner_id"
        ),
        sa.PrimaryKeyConstraint("practitioner_id", "cpts_id", name="pk_membership_ask"),
        schema="availability",
    )
    asking = IN_SCOPE.format(column="cpts_id")
    # The CPTS that they belong to sees who asks for its people.
    member = "exists (select from availability.membership m where m.practitioner_id = membership_ask.practitioner_id)"
    either = f"({asking} or {member})"
    for statement in force_policies(
        "availability.membership_ask", shown=either, inserted=asking, updated="false", deleted=either
    ):
        op.execute(statement)
