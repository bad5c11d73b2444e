"""What institutions hand in beside claims: files, applications for clearing, settlement lists."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.storage.metadata import METADATA

FILES = sa.Table(
    "institution_files",
    METADATA,
    sa.Column("file_id", sa.String(64), primary_key=True),
    sa.Column("institution_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("stored_at", sa.BigInteger, nullable=False),
)

APPLICATIONS = sa.Table(
    "clearing_applications",
    METADATA,
    sa.Column("application_id", sa.String(64), primary_key=True),
    sa.Column("institution_id", sa.String(64), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("status", sa.String(2), nullable=False),
    sa.Column("applied_at", sa.BigInteger, nullable=False),
)

LISTS = sa.Table(
    "settlement_lists",
    METADATA,
    sa.Column("institution_id", sa.String(64), primary_key=True),
    sa.Column(
        "settlement_id",
        sa.String(64),
        sa.ForeignKey("settlements.settlement_id"),
        primary_key=True,
    ),
    sa.Column("list_id", sa.String(64), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("stored_at", sa.BigInteger, nullable=False),
)

APPLIED = "10"
"""The first status of an application, as clearing agencies number them."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A file of an institution."""

    file_id: str
    institution_id: str
    name: str
    content: bytes


def store_file(connection: sa.Connection, paper: Paper, now: int) -> None:
    """Keep a file."""
    connection.execute(
        sa.insert(FILES).values(
            file_id=paper.file_id,
            institution_id=paper.institution_id,
            name=paper.name,
            content=paper.content,
            stored_at=now,
        )
    )


def own_file(connection: sa.Connection, institution_id: str, file_id: str) -> Paper | None:
    """Return a file of an institution; None for no such one, another institution's among them."""
    c = FILES.c
    row = connection.execute(
        sa.select(c.file_id, c.institution_id, c.name, c.content).where(
            c.institution_id == institution_id, c.file_id == file_id
        )
    ).one_or_none()
    return None if row is None else Paper(row[0], row[1], row[2], bytes(row[3]))


def apply_for_clearing(
    connection: sa.Connection,
    key: tuple[str, str],
    content: Mapping[str, Any],
    now: int,
) -> None:
    """Keep an application for clearing, under its institution and id."""
    connection.execute(
        sa.insert(APPLICATIONS).values(
            institution_id=key[0],
            application_id=key[1],
            content=_text(content),
            status=APPLIED,
            applied_at=now,
        )
    )


def application_of(connection: sa.Connection, application_id: str) -> str | None:
    """Return the status of an application for clearing, None for no such one."""
    c = APPLICATIONS.c
    query = sa.select(c.status).where(c.application_id == application_id)
    status: str | None = connection.scalar(query)
    return status


def store_list(
    connection: sa.Connection,
    key: tuple[str, str, str],
    content: Mapping[str, Any],
    now: int,
) -> None:
    """Keep a settlement list under institution, settlement and id; a later one takes its place."""
    c = LISTS.c
    of = (c.institution_id == key[0], c.settlement_id == key[1])
    connection.execute(sa.delete(LISTS).where(*of))
    connection.execute(
        sa.insert(LISTS).values(
            institution_id=key[0],
            settlement_id=key[1],
            list_id=key[2],
            content=_text(content),
            stored_at=now,
        )
    )


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(dict(content), ensure_ascii=False, sort_keys=True)
