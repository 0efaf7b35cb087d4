"""What time asks for is found without looking at every slot"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(
        "create index ix_slot_give_back_at on availability.slot (give_back_at) where status = 'published' and taken = 0"
    )
    op.execute("create index ix_slot_live on availability.slot (starts_at) where live")
    op.execute("create index ix_ledger_counted_on on availability.ledger (counted_on)")
    op.execute("create index ix_opening_cut_until on availability.opening (coalesce(cut_until, '-infinity'::date))")
