"""The schema availability"""

from collections.abc import Iterator
from itertools import chain

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.rls import force_policies, only_in_scope, readable_in_scope

revision = "0001"
down_revision = None

# A slot is shown to several CPTS: one of them in the scope is enough to see it.
SHOWN_TO_SCOPE = """
create function availability.shown_to_scope(audience text[]) returns boolean language sql stable parallel safe as
$$ select coalesce(current_setting('aiguillage.cpts', true), '') = '*'
       or audience && string_to_array(current_setting('aiguillage.cpts', true), ',') $$
"""
MINE = "common.may_write_for(practitioner_id)"
HOME = "common.in_scope(cpts_id)"


def policies() -> Iterator[list[str]]:
    """Row-level security of every table that has a territory; `cpts` and `event_head` tell nothing of anyone."""
    # The directory is public: everyone reads it, an entry is written by the CPTS that keeps it.
    yield force_policies("availability.practitioner", shown="true", inserted=HOME, updated=HOME)
    yield force_policies("availability.place", shown="true", inserted=HOME, updated=HOME)
    yield only_in_scope("availability.membership")
    yield only_in_scope("availability.schedule")
    yield only_in_scope("availability.ledger")
    yield only_in_scope("availability.opening", writable=MINE)
    for table in ("practice", "absence", "panel"):
        name = f"availability.{table}"
        member = f"exists (select from availability.membership m where m.practitioner_id = {table}.practitioner_id)"
        guest = f"exists (select from availability.slot s where s.practitioner_id = {table}.practitioner_id)"
        written = f"{member} and {MINE}"
        # How many new patients a colleague takes is between them and the coordinator.
        shown = written if table == "panel" else f"({member} or {guest})"
        yield force_policies(name, shown=shown, inserted=written, updated=written, deleted=written)
    shown = "availability.shown_to_scope(audience)"
    yield force_policies("availability.slot", shown=shown, inserted=f"{HOME} and {MINE}", updated=f"{shown} and {MINE}")
    slot = "select 1 from availability.slot s where s.id = booking.slot_id"
    written = f"exists ({slot} and common.may_write_for(s.practitioner_id))"
    yield force_policies("availability.booking", shown=f"exists ({slot})", inserted=written, updated=written)
    booking = "exists (select 1 from availability.booking b where b.id = booking_change.booking_id)"
    yield force_policies("availability.booking_change", shown=booking, inserted=booking, updated="false")
    yield readable_in_scope("availability.event")


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("create extension if not exists btree_gist")
    op.create_table(
        "cpts",
        sa.Column("finess", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.SmallInteger(), nullable=False),
        sa.Column("communes", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("finess", name=op.f("pk_cpts")),
        schema="availability",
    )
    op.create_table(
        "event",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", "seq", name=op.f("pk_event")),
        schema="availability",
    )
    op.create_index(op.f("ix_event_at"), "event", ["at"], unique=False, schema="availability")
    op.create_table(
        "event_head",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cpts_id", name=op.f("pk_event_head")),
        schema="availability",
    )
    op.create_table(
        "place",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("insee", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("wheelchair", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("key", name=op.f("uq_place_key")),
        schema="availability",
    )
    op.create_table(
        "practitioner",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=True),
        sa.Column("rpps", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("profession", sa.Text(), nullable=False),
        sa.Column("specialty", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practitioner")),
        sa.UniqueConstraint("rpps", name=op.f("uq_practitioner_rpps")),
        schema="availability",
    )
    op.create_table(
        "absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_absence_forwards")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["availability.practitioner.id"], name=op.f("fk_absence_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
        schema="availability",
    )
    op.create_index(
        op.f("ix_absence_practitioner_id"), "absence", ["practitioner_id"], unique=False, schema="availability"
    )
    op.create_table(
        "ledger",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("served_4_weeks", sa.Integer(), nullable=False),
        sa.Column("served_this_week", sa.Integer(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["availability.practitioner.id"], name=op.f("fk_ledger_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("cpts_id", "practitioner_id", name=op.f("pk_ledger")),
        schema="availability",
    )
    op.create_table(
        "membership",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["cpts_id"], ["availability.cpts.finess"], name=op.f("fk_membership_cpts_id")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["availability.practitioner.id"], name=op.f("fk_membership_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("practitioner_id", "cpts_id", name=op.f("pk_membership")),
        schema="availability",
    )
    op.create_table(
        "opening",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("modes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("types", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("audience", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("acts", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("min_age", sa.Integer(), nullable=False),
        sa.Column("max_age", sa.Integer(), nullable=False),
        sa.Column("appointment", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("weekdays", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("from_time", sa.Time(), nullable=False),
        sa.Column("to_time", sa.Time(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("on_public_holidays", sa.Boolean(), nullable=False),
        sa.Column("give_back_minutes", sa.Integer(), nullable=True),
        sa.Column("cut_until", sa.Date(), nullable=True),
        sa.CheckConstraint("to_time > from_time", name=op.f("ck_opening_forwards")),
        sa.ForeignKeyConstraint(["place_id"], ["availability.place.id"], name=op.f("fk_opening_place_id")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["availability.practitioner.id"], name=op.f("fk_opening_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening")),
        schema="availability",
    )
    op.create_index(op.f("ix_opening_cpts_id"), "opening", ["cpts_id"], unique=False, schema="availability")
    op.create_table(
        "panel",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("communes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("min_age", sa.Integer(), nullable=False),
        sa.Column("max_age", sa.Integer(), nullable=False),
        sa.Column("ald_share", sa.Integer(), nullable=False),
        sa.Column("home_visits", sa.Boolean(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["availability.practitioner.id"], name=op.f("fk_panel_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("practitioner_id", name=op.f("pk_panel")),
        schema="availability",
    )
    op.create_table(
        "practice",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("week_cap", sa.Integer(), nullable=True),
        sa.Column("give_back_minutes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["availability.practitioner.id"], name=op.f("fk_practice_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("practitioner_id", name=op.f("pk_practice")),
        schema="availability",
    )
    op.create_table(
        "schedule",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cpts_id"], ["availability.cpts.finess"], name=op.f("fk_schedule_cpts_id")),
        sa.ForeignKeyConstraint(["place_id"], ["availability.place.id"], name=op.f("fk_schedule_place_id")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["availability.practitioner.id"], name=op.f("fk_schedule_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("practitioner_id", "place_id", name=op.f("pk_schedule")),
        schema="availability",
    )
    op.create_index(op.f("ix_schedule_cpts_id"), "schedule", ["cpts_id"], unique=False, schema="availability")
    op.create_table(
        "slot",
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("modes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("types", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("audience", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("acts", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("min_age", sa.Integer(), nullable=False),
        sa.Column("max_age", sa.Integer(), nullable=False),
        sa.Column("appointment", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("opening_id", sa.Uuid(), nullable=True),
        sa.Column("absence_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("overbooked", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("fresh_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("give_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("practitioner_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("status = 'published' or taken > 0"),
            using="gist",
            name="one_place_at_a_time",
        ),
        sa.CheckConstraint("cpts_id = any (audience)", name=op.f("ck_slot_shown_at_home")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_slot_forwards")),
        sa.CheckConstraint("taken between 0 and capacity", name=op.f("ck_slot_never_over_capacity")),
        sa.ForeignKeyConstraint(
            ["opening_id"], ["availability.opening.id"], name=op.f("fk_slot_opening_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["place_id"], ["availability.place.id"], name=op.f("fk_slot_place_id")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["availability.practitioner.id"], name=op.f("fk_slot_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
        schema="availability",
    )
    op.create_index(
        "ix_slot_audience", "slot", ["audience"], unique=False, schema="availability", postgresql_using="gin"
    )
    op.create_index(
        op.f("ix_slot_cpts_id_starts_at"), "slot", ["cpts_id", "starts_at"], unique=False, schema="availability"
    )
    op.create_index(
        "uq_slot_opening_id_starts_at",
        "slot",
        ["opening_id", "starts_at"],
        unique=True,
        schema="availability",
        postgresql_where=sa.text("absence_id is null"),
    )
    op.create_table(
        "booking",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overbooked", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("patient_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["slot_id"], ["availability.slot.id"], name=op.f("fk_booking_slot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        schema="availability",
    )
    op.create_index(
        "ix_booking_held_until",
        "booking",
        ["held_until"],
        unique=False,
        schema="availability",
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(op.f("ix_booking_cpts_id"), "booking", ["cpts_id"], unique=False, schema="availability")
    op.create_index(op.f("ix_booking_slot_id"), "booking", ["slot_id"], unique=False, schema="availability")
    op.create_index(
        "uq_booking_slot_id_request_id",
        "booking",
        ["slot_id", "request_id"],
        unique=True,
        schema="availability",
        postgresql_where=sa.text("state in ('held', 'confirmed', 'honoured', 'no_show')"),
    )
    op.create_table(
        "booking_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cpts_id", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["availability.booking.id"], name=op.f("fk_booking_change_booking_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_change")),
        schema="availability",
    )
    op.create_index(
        op.f("ix_booking_change_booking_id"), "booking_change", ["booking_id"], unique=False, schema="availability"
    )
    op.execute(SHOWN_TO_SCOPE)
    for statement in chain(*policies()):
        op.execute(statement)
