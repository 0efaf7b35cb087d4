"""The tables of the schema `coordination`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.db import instant, schema_metadata


class Coordination(SQLModel):
    """Rows of the schema `coordination`."""

    metadata = schema_metadata("coordination")


class FactRow(Coordination, table=True):
    """One thing that a stream told, as it stood there; never changed, never removed."""

    __tablename__ = "fact"

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    service: str = Field(primary_key=True, sa_type=Text)
    epoch: UUID = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    collection: str = Field(primary_key=True, sa_type=Text)
    subject: str = Field(primary_key=True, sa_type=Text)
    at: datetime = instant()
    type: str = Field(sa_type=Text)
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class SubjectRow(Coordination, table=True):
    """What the facts of a subject come to: its last word, and when each of its states was told first."""

    __tablename__ = "subject"

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    service: str = Field(primary_key=True, sa_type=Text)
    collection: str = Field(primary_key=True, sa_type=Text)
    subject: str = Field(primary_key=True, sa_type=Text)
    at: datetime = instant()
    seq: int = Field(sa_type=BigInteger)
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    firsts: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))


class FollowedRow(Coordination, table=True):
    """Up to where the stream of a service was heard for a CPTS."""

    __tablename__ = "followed"

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    service: str = Field(primary_key=True, sa_type=Text)
    epoch: UUID
    seq: int = Field(sa_type=BigInteger)


class PaperRow(Coordination, table=True):
    """A version of something that people wrote: the contract, the terms, a figure given by CPAM. Never changed."""

    __tablename__ = "paper"

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True)
    at: datetime = instant()
    by: str = Field(sa_type=Text)
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class DossierRow(Coordination, table=True):
    """A frozen dossier: its number, the SHA-256 of its file, which one it corrects. Never changed."""

    __tablename__ = "dossier"

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    number: int = Field(primary_key=True)
    at: datetime = instant()
    by: str = Field(sa_type=Text)
    since: datetime = instant()
    until: datetime = instant()
    sha256: bytes
    differs: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    """What its figures say otherwise than those of the dossier before it of the same period."""
    content: bytes


class LevelRow(Coordination, table=True):
    """A change of the level of tension: since when, and the points that made it. Never changed."""

    __tablename__ = "level"

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    at: datetime = instant(primary_key=True)
    level: int
    points: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
