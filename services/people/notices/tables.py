"""The tables of notices, in the schema `common`: both services write them, one sender reads them.

Rows belong to a person: row-level security shows them to that person and to the sender, whatever their CPTS.
"""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Identity, Index, SmallInteger, Text, text
from sqlmodel import Field

from services.people.notices.kinds import MOST_PER_REQUEST
from shared.db import instant
from shared.db.tables import Common

QUIET_FROM, QUIET_TO = time(20), time(7)


class NoticeRow(Common, table=True):
    """Something to tell a person. A newer row of the same `thread` makes an older one untrue.

    `subject` is what the limit counts by: a request. Not told from `until` on; `due_at` is when to look at it.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_due", "due_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_notice_thread", "account_id", "thread", "id"),
        Index("ix_notice_message", "message_id", postgresql_where=text("message_id is not null")),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    cpts_id: str = Field(sa_type=Text)
    account_id: UUID = Field(foreign_key="common.account.id", ondelete="CASCADE")
    kind: str = Field(sa_type=Text)
    thread: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    urgency: int | None = Field(default=None, sa_type=SmallInteger)
    starts_at: datetime | None = instant(default=None)
    until: datetime | None = instant(default=None)
    at: datetime = instant(index=True)
    state: str = Field(sa_type=Text)
    reason: str = Field(default="", sa_type=Text)
    due_at: datetime = instant()
    message_id: UUID | None = None


class NoticeDeliveryRow(Common, table=True):
    """One message on one channel: `mail`, or the id of a device. Its times are real ones, whatever the clock shows."""

    __tablename__ = "notice_delivery"
    __table_args__ = (Index("ix_notice_delivery_due", "next_try_at", postgresql_where=text("state = 'waiting'")),)

    message_id: UUID = Field(primary_key=True)
    channel: str = Field(primary_key=True, sa_type=Text)
    account_id: UUID = Field(foreign_key="common.account.id", ondelete="CASCADE", index=True)
    state: str = Field(sa_type=Text)
    tries: int = Field(default=0, sa_type=SmallInteger)
    next_try_at: datetime = instant()
    error: str = Field(default="", sa_type=Text)


class NoticeCountRow(Common, table=True):
    """How many messages a person got about one subject."""

    __tablename__ = "notice_count"
    __table_args__ = (CheckConstraint(f"told between 1 and {MOST_PER_REQUEST}", name="never_too_many"),)

    account_id: UUID = Field(foreign_key="common.account.id", primary_key=True, ondelete="CASCADE")
    subject: str = Field(primary_key=True, sa_type=Text)
    told: int = Field(sa_type=SmallInteger)
    at: datetime = instant(index=True)


class NoticePreferenceRow(Common, table=True):
    """What a person chose; without a row, the defaults. `email` replaces the account's own address."""

    __tablename__ = "notice_preference"

    account_id: UUID = Field(foreign_key="common.account.id", primary_key=True, ondelete="CASCADE")
    mail: bool = True
    email: str | None = Field(default=None, sa_type=Text)
    quiet_from: time = QUIET_FROM
    quiet_to: time = QUIET_TO
    p1_always: bool = False
    unwanted: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    language: str = Field(default="fr", sa_type=Text)


class NoticeDeviceRow(Common, table=True):
    """A browser that asked to be told; what its push service gave it is a secret, kept sealed."""

    __tablename__ = "notice_device"

    id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="common.account.id", index=True, ondelete="CASCADE")
    label: str = Field(sa_type=Text)
    endpoint_hash: bytes = Field(unique=True)
    subscription_sealed: bytes
    added_at: datetime = instant()
    told_at: datetime | None = instant(default=None)


class NoticeKeyRow(Common, table=True):
    """The key pair by which push services know this installation (VAPID), made once; the private half is sealed."""

    __tablename__ = "notice_key"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: int = Field(default=1, primary_key=True)
    public: str = Field(sa_type=Text)
    private_sealed: bytes
