"""The clocks that each known territory lives by"""

from alembic import op
from sqlalchemy import text

from shared.typed.zones import zone_of_all

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local aiguillage.cpts = '*'")
    connection = op.get_bind()
    known = connection.execute(text("select finess, communes from availability.cpts")).all()
    write = text("insert into common.territory (finess, zone) values (:finess, :zone) on conflict do nothing")
    for finess, communes in known:
        connection.execute(write, {"finess": finess, "zone": zone_of_all(communes).key})
