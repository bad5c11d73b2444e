"""Filings that institutions declare: referrals, chronic diseases, designated providers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import sqlalchemy as sa

from engine.claims.columns import Filing
from engine.periods import NO_END_DAY
from engine.storage.metadata import METADATA
from engine.storage.visit_facts import OwnRegisters, Row

FILINGS = sa.Table(
    "filings",
    METADATA,
    sa.Column("filing_id", sa.String(64), primary_key=True),
    sa.Column("declared_by", sa.String(64), nullable=False),
    sa.Column("transaction", sa.String(16), nullable=False),
    sa.Column("person_id", sa.String(64), nullable=False, index=True),
    sa.Column("region", sa.String(6), nullable=False),
    sa.Column("insurance", sa.SmallInteger, nullable=False),
    sa.Column("care_region", sa.String(6), nullable=False),
    sa.Column("institution_id", sa.String(64), nullable=True),
    sa.Column("disease_code", sa.String(64), nullable=True),
    sa.Column("valid_from", sa.Integer, nullable=False),
    sa.Column("valid_to", sa.Integer, nullable=False),
    sa.Column("cancelled", sa.Boolean, nullable=False),
)

REFERRAL = "2501"
"""The transaction that declares referrals; what the others declare is registered."""

ANYWHERE = "*"
_DECLARED = sa.select(FILINGS).where(
    FILINGS.c.person_id == sa.bindparam("whose"), ~FILINGS.c.cancelled
)


@dataclass(frozen=True, slots=True)
class Declared:
    """A filing.

    Attributes:
        declared_by: the institution that declared it, whose alone it is to take back.
        transaction: of the national interface that declared it.
        region, insurance: where and how the person is insured.
        care_region: where care may be had, ANYWHERE for any.
        institution_id: the hospital that it is for, None for any.
        valid_from, valid_to: half-open days.
    """

    filing_id: str
    declared_by: str
    transaction: str
    person_id: str
    region: str
    insurance: int
    care_region: str
    institution_id: str | None
    disease_code: str | None
    valid_from: int
    valid_to: int = NO_END_DAY
    cancelled: bool = False


def add_filing(connection: sa.Connection, filing: Declared) -> None:
    """Keep a filing."""
    row = {field.name: getattr(filing, field.name) for field in fields(Declared)}
    connection.execute(sa.insert(FILINGS).values(row))


def own_filing(connection: sa.Connection, declared_by: str, filing_id: str) -> Declared | None:
    """Return a filing of an institution that was not taken back; None for no such one."""
    c = FILINGS.c
    row = connection.execute(
        sa.select(FILINGS).where(
            c.filing_id == filing_id, c.declared_by == declared_by, ~c.cancelled
        )
    ).one_or_none()
    return None if row is None else Declared(*row)


def take_back(connection: sa.Connection, filing: Declared) -> None:
    """Note that a filing was taken back."""
    where = FILINGS.c.filing_id == filing.filing_id
    connection.execute(sa.update(FILINGS).where(where).values(cancelled=True))


def with_declared(connection: sa.Connection, own: OwnRegisters, person_id: str) -> OwnRegisters:
    """Return a person's registers with what institutions have declared of the person.

    `registers.Registers.declared` is the same for the persons of a night.
    """
    rows = [dict(row) for row in connection.execute(_DECLARED, {"whose": person_id}).mappings()]
    if not rows:
        return own
    transfer = {"filing": int(Filing.TRANSFER)}
    referred = [row | transfer for row in rows if row["transaction"] == REFERRAL]
    # Which registration it is, the ledger holds; the registers count diseases alone.
    registered = [row for row in rows if row["disease_code"] is not None]
    return replace(
        own,
        filings=_more(own.filings, referred),
        registrations=_more(own.registrations, registered),
    )


def _more(known: Sequence[Row] | None, rows: list[dict[str, Any]]) -> Sequence[Row] | None:
    return [*(known or ()), *rows] if rows else known
