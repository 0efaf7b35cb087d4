"""A booking and its history are written by one statement: the history's row cannot wait to see the booking's"""

from alembic import op

revision = "0011"
down_revision = "0010"

# Of a CPTS in the scope, or of one that shows a slot to it: where the scope may book.
WRITTEN = """
common.in_scope(cpts_id) or exists (select from availability.slot s where s.cpts_id = booking_change.cpts_id)
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("drop policy scope_insert on availability.booking_change")
    op.execute(f"create policy scope_insert on availability.booking_change for insert with check ({WRITTEN})")
