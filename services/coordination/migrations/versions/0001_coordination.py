"""The schema coordination"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import IN_SCOPE, force_policies, only_in_scope

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "fact",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", "service", "epoch", "seq", "collection", "subject", name=op.f("pk_fact")),
        schema="coordination",
    )
    op.create_table(
        "subject",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("firsts", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", "service", "collection", "subject", name=op.f("pk_subject")),
        schema="coordination",
    )
    op.create_table(
        "followed",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", "service", name=op.f("pk_followed")),
        schema="coordination",
    )
    op.create_table(
        "paper",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", "kind", "version", name=op.f("pk_paper")),
        schema="coordination",
    )
    op.create_table(
        "dossier",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("differs", postgresql.JSONB(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", "number", name=op.f("pk_dossier")),
        schema="coordination",
    )
    inside = IN_SCOPE.format(column="cpts_id")
    for table in ("fact", "paper", "dossier"):
        # Added, never changed: a figure of last March is the same next March.
        name = f"coordination.{table}"
        for statement in force_policies(name, shown=inside, inserted=inside, updated="false", deleted="false"):
            op.execute(statement)
    for table in ("followed", "subject"):
        for statement in only_in_scope(f"coordination.{table}"):
            op.execute(statement)
