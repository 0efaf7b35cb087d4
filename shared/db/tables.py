"""The schema `common`: who people are, what they did, the communes, and the clock. Both services read it."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.db import instant, schema_metadata


class Common(SQLModel):
    """Rows of the schema `common`."""

    metadata = schema_metadata("common")


class ClockRow(Common, table=True):
    """The one row that sets what `common.now()` answers."""

    __tablename__ = "clock"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: int = Field(default=1, primary_key=True)
    anchor_real: datetime = instant()
    anchor_at: datetime = instant()
    speed: float


class CommuneRow(Common, table=True):
    """A commune or arrondissement, by INSEE code; `former_names` are names that people still say."""

    __tablename__ = "commune"

    insee: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    departement: str = Field(sa_type=Text, index=True)
    parent: str | None = Field(default=None, sa_type=Text)
    postal_codes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    former_names: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    lat: float
    lon: float
    population: int


class CommuneShapeRow(Common, table=True):
    """The outline of a commune, simplified: rings of (latitude, longitude)."""

    __tablename__ = "commune_shape"

    insee: str = Field(primary_key=True, sa_type=Text)
    rings: list[list[tuple[float, float]]] = Field(sa_column=Column(JSONB, nullable=False))


class TerritoryRow(Common, table=True):
    """By which clocks a territory lives: those of most of its communes."""

    __tablename__ = "territory"

    finess: str = Field(primary_key=True, sa_type=Text)
    zone: str = Field(sa_type=Text)


class AccountRow(Common, table=True):
    """Someone who may sign in. `subject` is who they are for an identity provider (`issuer|sub`)."""

    __tablename__ = "account"

    id: UUID = Field(primary_key=True)
    label: str = Field(sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text, unique=True)
    phone: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """On which number they are called back about a request."""
    subject: str | None = Field(default=None, sa_type=Text, unique=True)
    password_hash: str | None = Field(default=None, sa_type=Text)
    totp_sealed: bytes | None = None
    totp_step: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    demo: bool = False
    disabled_at: datetime | None = instant(default=None)
    signed_in_at: datetime | None = instant(default=None)
    """When they last signed in."""


class RoleGrantRow(Common, table=True):
    """An account has a role in a CPTS; a practitioner or a delegate has it for one practitioner."""

    __tablename__ = "role_grant"

    id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="common.account.id", index=True, ondelete="CASCADE")
    role: str = Field(sa_type=Text)
    cpts_id: str = Field(sa_type=Text, index=True)
    practitioner_id: UUID | None = None


class SessionRow(Common, table=True):
    """A person signed in with one of their roles; only the hash of the cookie is kept. `label`: in which browser."""

    __tablename__ = "session"

    token_hash: bytes = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="common.account.id", index=True, ondelete="CASCADE")
    role: str = Field(sa_type=Text)
    created_at: datetime = instant()
    expires_at: datetime = instant(index=True)
    id: UUID = Field(default_factory=uuid4, unique=True)
    seen_at: datetime = instant()
    label: str = Field(default="", sa_type=Text)


class PassRow(Common, table=True):
    """A secret that serves once, for one purpose, before it expires; only its hash is kept."""

    __tablename__ = "once_pass"

    token_hash: bytes = Field(primary_key=True)
    purpose: str = Field(sa_type=Text)
    account_id: UUID = Field(foreign_key="common.account.id", index=True, ondelete="CASCADE")
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    expires_at: datetime = instant(index=True)


class RecoveryCodeRow(Common, table=True):
    """Stands for a second factor that is lost, once; only its hash is kept."""

    __tablename__ = "recovery_code"

    code_hash: bytes = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="common.account.id", index=True, ondelete="CASCADE")


class MachineRow(Common, table=True):
    """A program that may call us, and for which CPTS (`*`: all); only the hash of its token is kept."""

    __tablename__ = "machine"

    name: str = Field(primary_key=True, sa_type=Text)
    token_hash: bytes = Field(unique=True)
    cpts: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


class LiveTicketRow(Common, table=True):
    """Lets one socket open, once, within 30 s."""

    __tablename__ = "live_ticket"

    ticket_hash: bytes = Field(primary_key=True)
    caller: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    expires_at: datetime = instant(index=True)


class AccessRow(Common, table=True):
    """Someone saw or changed a patient's data: who, when, which object, to do what."""

    __tablename__ = "access_log"

    id: int | None = Field(default=None, sa_type=BigInteger, primary_key=True)
    cpts_id: str = Field(sa_type=Text, index=True)
    at: datetime = instant(index=True)
    account: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    object_kind: str = Field(sa_type=Text)
    object_id: str = Field(sa_type=Text, index=True)


class SettingChangeRow(Common, table=True):
    """Someone changed what is set: who, when, of which kind, and the fields that differ before and after."""

    __tablename__ = "setting_change"

    id: int | None = Field(default=None, sa_type=BigInteger, primary_key=True)
    cpts_id: str = Field(sa_type=Text, index=True)
    at: datetime = instant()
    account: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    what: str = Field(sa_type=Text)
    object_id: str = Field(sa_type=Text)
    before: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    after: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class SealRow(Common, table=True):
    """A seal over the rows of a log since the one before: up to which, how many, and their HMAC. Never changed."""

    __tablename__ = "seal"

    log: str = Field(primary_key=True, sa_type=Text)
    number: int = Field(primary_key=True)
    since: datetime = instant()
    until: datetime = instant()
    last_id: int = Field(sa_type=BigInteger)
    rows: int
    hash: bytes


class IdempotencyRow(Common, table=True):
    """The answer given to a key, kept 24 h; a repeated request gets it again."""

    __tablename__ = "idempotency"

    caller: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    request_hash: bytes
    status: int | None = None
    body: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    at: datetime = instant(index=True)
