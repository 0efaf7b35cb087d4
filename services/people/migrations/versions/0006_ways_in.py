"""Secrets that serve once, recovery codes, and sessions that their holder can see and end"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    now, fresh = sa.text("clock_timestamp()"), sa.text("gen_random_uuid()")
    op.add_column("session", sa.Column("id", sa.Uuid(), server_default=fresh, nullable=False), schema="common")
    op.create_unique_constraint("uq_session_id", "session", ["id"], schema="common")
    seen = sa.Column("seen_at", sa.DateTime(timezone=True), server_default=now, nullable=False)
    op.add_column("session", seen, schema="common")
    op.add_column("session", sa.Column("label", sa.Text(), server_default="", nullable=False), schema="common")
    op.add_column("account", sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True), schema="common")
    op.create_table(
        "once_pass",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["common.account.id"], name="fk_once_pass_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_once_pass"),
        schema="common",
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["common.account.id"], name="fk_recovery_code_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name="pk_recovery_code"),
        schema="common",
    )
    for table, column in (("once_pass", "account_id"), ("once_pass", "expires_at"), ("recovery_code", "account_id")):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False, schema="common")
    # What services may only add to is forgotten on schedule all the same, by this function alone and never earlier.
    for log in ("access_log", "setting_change"):
        op.execute(f"""
            create function common.forget_{log}() returns bigint language sql security definer
            set search_path = pg_catalog, common set aiguillage.cpts = '*' as $$
              with gone as (
                delete from common.{log} where at < common.now() - interval '3 years' returning 1
              )
              select count(*) from gone
            $$
        """)  # noqa: S608  names of this migration
