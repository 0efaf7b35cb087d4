"""What patients do by a link: links, where they are told, their messages, and what they said"""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import only_in_scope

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    late: sa.Column[int] = sa.Column("patient_late_minutes", sa.Integer(), nullable=True)
    op.add_column("request", late, schema="matching")
    op.add_column("request", _at("patient_confirmed_at", nullable=True), schema="matching")
    op.create_table(
        "patient_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        _at("made_at"),
        _at("expires_at"),
        _at("revoked_at", nullable=True),
        _at("opened_at", nullable=True),
        sa.Column("wrong", sa.Integer(), nullable=False),
        _of_request("patient_link"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_link")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_patient_link_secret_hash")),
        schema="matching",
    )
    op.create_table(
        "patient_contact",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("to_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        _at("made_at"),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        _at("stopped_at", nullable=True),
        _of_request("patient_contact"),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_patient_contact")),
        schema="matching",
    )
    op.create_table(
        "patient_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        _at("due_at"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        _at("made_at"),
        _of_request("patient_message"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_message")),
        schema="matching",
    )
    for table in ("patient_link", "patient_message"):
        op.create_index(op.f(f"ix_{table}_request_id"), table, ["request_id"], schema="matching")
    for table in ("patient_link", "patient_contact", "patient_message"):
        for statement in only_in_scope(f"matching.{table}"):
            op.execute(statement)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of_request(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["request_id"], ["matching.request.id"], name=op.f(f"fk_{table}_request_id"), ondelete="CASCADE"
    )
