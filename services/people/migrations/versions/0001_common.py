"""The schema common"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import readable_in_scope

revision = "0001"
down_revision = None


# The clock that decides about deadlines. In service it shows real time; a demonstration may anchor it elsewhere.
NOW = """
create function common.now() returns timestamptz language sql volatile as
$$ select anchor_at + (clock_timestamp() - anchor_real) * speed from common.clock $$
"""
# Row-level security: the CPTS of the transaction's scope; `*` is all of them; no scope sees nothing.
IN_SCOPE = """
create function common.in_scope(cpts_id text) returns boolean language sql stable parallel safe as
$$ select coalesce(current_setting('aiguillage.cpts', true), '') = '*'
       or cpts_id = any (string_to_array(current_setting('aiguillage.cpts', true), ',')) $$
"""
# The practitioners whose slots the transaction may write; `*` for who is not bound to some.
OWN = """
create function common.may_write_for(practitioner_id uuid) returns boolean language sql stable parallel safe as
$$ select coalesce(current_setting('aiguillage.practitioners', true), '') = '*'
       or practitioner_id::text = any (string_to_array(current_setting('aiguillage.practitioners', true), ',')) $$
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "access_log",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
        schema="common",
    )
    op.create_index(op.f("ix_access_log_at"), "access_log", ["at"], unique=False, schema="common")
    op.create_index(op.f("ix_access_log_cpts_id"), "access_log", ["cpts_id"], unique=False, schema="common")
    op.create_index(op.f("ix_access_log_object_id"), "access_log", ["object_id"], unique=False, schema="common")
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
        sa.UniqueConstraint("subject", name=op.f("uq_account_subject")),
        schema="common",
    )
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("anchor_real", sa.DateTime(timezone=True), nullable=False),
        sa.Column("anchor_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("speed", sa.Float(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_clock_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
        schema="common",
    )
    op.create_table(
        "commune",
        sa.Column("insee", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("departement", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("postal_codes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("former_names", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("insee", name=op.f("pk_commune")),
        schema="common",
    )
    op.create_index(op.f("ix_commune_departement"), "commune", ["departement"], unique=False, schema="common")
    op.create_table(
        "idempotency",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency")),
        schema="common",
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"], unique=False, schema="common")
    op.create_table(
        "live_ticket",
        sa.Column("ticket_hash", sa.LargeBinary(), nullable=False),
        sa.Column("caller", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ticket_hash", name=op.f("pk_live_ticket")),
        schema="common",
    )
    op.create_index(op.f("ix_live_ticket_expires_at"), "live_ticket", ["expires_at"], unique=False, schema="common")
    op.create_table(
        "machine",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("cpts", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_machine")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_machine_token_hash")),
        schema="common",
    )
    op.create_table(
        "role_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["common.account.id"], name=op.f("fk_role_grant_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
        schema="common",
    )
    op.create_index(op.f("ix_role_grant_account_id"), "role_grant", ["account_id"], unique=False, schema="common")
    op.create_index(op.f("ix_role_grant_cpts_id"), "role_grant", ["cpts_id"], unique=False, schema="common")
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["common.account.id"], name=op.f("fk_session_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
        schema="common",
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"], unique=False, schema="common")
    op.create_index(op.f("ix_session_expires_at"), "session", ["expires_at"], unique=False, schema="common")
    op.execute(
        "insert into common.clock (id, anchor_real, anchor_at, speed) values (1, '2026-01-01Z', '2026-01-01Z', 1)"
    )
    op.execute(NOW)
    op.execute(IN_SCOPE)
    op.execute(OWN)
    for statement in readable_in_scope("common.access_log"):
        op.execute(statement)
