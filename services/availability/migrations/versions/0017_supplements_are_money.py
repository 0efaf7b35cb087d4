"""The limit of paid supplements is one on money: a limit on patients on top is the practitioner's own"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_column("cpts", "supplement_limit", schema="availability")
    op.add_column("practice", sa.Column("on_top_limit", sa.Integer(), nullable=True), schema="availability")
    op.alter_column("ledger", "supplements_this_week", new_column_name="on_top_this_week", schema="availability")
    sent: sa.Column[object] = sa.Column("regulated_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("booking", sent, schema="availability")
    op.create_table(
        "supplement_rule",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("professions", postgresql.ARRAY(sa.Text()), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("cents", "weekly_limit", "within_hours")),
        *(sa.Column(name, sa.Time(), nullable=False) for name in ("day_from", "day_to", "saturday_to")),
        *(sa.Column(name, sa.Time(), nullable=False) for name in ("evening_from", "evening_to")),
        sa.Column("evening_cents", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("valid_from", name=op.f("pk_supplement_rule")),
        schema="availability",
    )
    op.execute("""
        insert into availability.supplement_rule
               (valid_from, professions, cents, weekly_limit, within_hours, day_from, day_to, saturday_to,
                evening_from, evening_to, evening_cents, source)
        values ('2023-04-01', '{10}', 1500, 20, 48, '08:00', '20:00', '12:00', '19:00', '21:00', 0, 'NGAP 14.1.3'),
               ('2024-12-22', '{10}', 1500, 20, 48, '08:00', '20:00', '12:00', '19:00', '21:00', 500, 'NGAP 14.1.3')
    """)
