"""Notices"""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import force_policies

revision = "0003"
down_revision = "0002"

# A person's own rows: those of the account the transaction is bound to; the sender's scope is everybody.
OWN = """
create function common.is_own(account_id uuid) returns boolean language sql stable parallel safe as
$$ select coalesce(current_setting('aiguillage.cpts', true), '') = '*'
       or account_id::text = coalesce(current_setting('aiguillage.account', true), '') $$
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "notice_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_notice_key_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_key")),
        schema="common",
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("urgency", sa.SmallInteger(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["common.account.id"], name=op.f("fk_notice_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        schema="common",
    )
    op.create_index(op.f("ix_notice_at"), "notice", ["at"], unique=False, schema="common")
    op.create_index(
        "ix_notice_due",
        "notice",
        ["due_at"],
        unique=False,
        schema="common",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_notice_message",
        "notice",
        ["message_id"],
        unique=False,
        schema="common",
        postgresql_where=sa.text("message_id is not null"),
    )
    op.create_index("ix_notice_thread", "notice", ["account_id", "thread", "id"], unique=False, schema="common")
    op.create_table(
        "notice_count",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("told", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("told between 1 and 3", name=op.f("ck_notice_count_never_too_many")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["common.account.id"], name=op.f("fk_notice_count_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "subject", name=op.f("pk_notice_count")),
        schema="common",
    )
    op.create_index(op.f("ix_notice_count_at"), "notice_count", ["at"], unique=False, schema="common")
    op.create_table(
        "notice_delivery",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["common.account.id"], name=op.f("fk_notice_delivery_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "channel", name=op.f("pk_notice_delivery")),
        schema="common",
    )
    op.create_index(
        op.f("ix_notice_delivery_account_id"), "notice_delivery", ["account_id"], unique=False, schema="common"
    )
    op.create_index(
        "ix_notice_delivery_due",
        "notice_delivery",
        ["next_try_at"],
        unique=False,
        schema="common",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "notice_device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("endpoint_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subscription_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["common.account.id"], name=op.f("fk_notice_device_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_device")),
        sa.UniqueConstraint("endpoint_hash", name=op.f("uq_notice_device_endpoint_hash")),
        schema="common",
    )
    op.create_index(op.f("ix_notice_device_account_id"), "notice_device", ["account_id"], unique=False, schema="common")
    op.create_table(
        "notice_preference",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("mail", sa.Boolean(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("quiet_from", sa.Time(), nullable=False),
        sa.Column("quiet_to", sa.Time(), nullable=False),
        sa.Column("p1_always", sa.Boolean(), nullable=False),
        sa.Column("unwanted", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["common.account.id"], name=op.f("fk_notice_preference_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_notice_preference")),
        schema="common",
    )
    op.execute(OWN)
    mine = "common.is_own(account_id)"
    for statement in force_policies("common.notice", shown=mine, inserted="true", updated=mine, deleted=mine):
        op.execute(statement)
    for table in ("notice_delivery", "notice_count", "notice_preference", "notice_device"):
        for statement in force_policies(f"common.{table}", shown=mine, inserted=mine, updated=mine, deleted=mine):
            op.execute(statement)
