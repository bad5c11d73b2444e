"""The registers that the ledger asks when it settles: persons, cover, ends, institutions.

A row is never changed. A load that finds it gone ends it by its own version (`until`), and one that
finds it otherwise adds another; so what any version said can be read again.
"""

import sqlalchemy as sa

from engine.storage.metadata import METADATA

ID, CODE = sa.String(64), sa.String(32)
EVERY_VISIT = 0
"""The kind of visit of an agreement that is for all of them."""

REGISTER_VERSIONS = sa.Table(
    "register_versions",
    METADATA,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("register", CODE, nullable=False),
    sa.Column("brought", sa.SmallInteger, nullable=False),
    sa.Column("content_hash", ID, nullable=False),
    sa.Column("loaded_at", sa.BigInteger, nullable=False),
    sa.Index("ix_register_versions_register", "register", "version"),
    sa.CheckConstraint("brought IN (0, 1)", name="brought"),
)
"""Each load that changed a register. One that was not brought is not known, and nobody asks it."""


def _register(name: str, key: tuple[str, ...], *rest: sa.schema.SchemaItem) -> sa.Table:
    """Return a table whose current rows differ in their key.

    Args:
        key: names of columns; one row of each has no `until`.
    """
    now = sa.text("until IS NULL")
    return sa.Table(
        name,
        METADATA,
        sa.Column("since", sa.Integer, sa.ForeignKey("register_versions.version"), nullable=False),
        sa.Column("until", sa.Integer, sa.ForeignKey("register_versions.version"), nullable=True),
        *rest,
        sa.PrimaryKeyConstraint(*key, "since"),
        sa.Index(f"ix_{name}_now", *key, unique=True, sqlite_where=now, postgresql_where=now),
        sa.CheckConstraint("until IS NULL OR until > since", name="ends_later"),
    )


INSURED_PERSONS = _register(
    "insured_persons",
    ("person_id",),
    sa.Column("person_id", ID, nullable=False),
    sa.Column("sex", sa.SmallInteger, nullable=False),
    sa.Column("birth_day", sa.Integer, nullable=False),
)
"""Whom the register knows; names and identity numbers are not asked when a claim is settled."""

COVERS = _register(
    "covers",
    ("person_id", "region", "insurance", "cover_from"),
    sa.Column("person_id", ID, nullable=False),
    sa.Column("region", CODE, nullable=False),
    sa.Column("insurance", sa.SmallInteger, nullable=False),
    sa.Column("cover_from", sa.Integer, nullable=False),
    sa.Column("cover_to", sa.Integer, nullable=False),
    sa.Column("person_type", sa.SmallInteger, nullable=False),
    sa.Column("enrolled_from", sa.Integer, nullable=True),
    sa.CheckConstraint("cover_from < cover_to", name="holds_a_day"),
)
"""Days from 1970-01-01, half-open; `enrolled_from` as in engine.settlement.entitlement.Cover.

A trigger lets no current row in that shares a day with another of the person and insurance.
"""

ENTITLEMENT_ENDS = _register(
    "entitlement_ends",
    ("person_id", "end", "ended_on"),
    sa.Column("person_id", ID, nullable=False),
    sa.Column("end", CODE, nullable=False),
    sa.Column("ended_on", sa.Integer, nullable=False),
    sa.Column("known_on", sa.Integer, nullable=False),
    sa.CheckConstraint("known_on >= ended_on", name="known_after_it"),
)

DESIGNATED_INSTITUTIONS = _register(
    "designated_institutions",
    ("institution_id",),
    sa.Column("institution_id", ID, nullable=False),
    sa.Column("region", CODE, nullable=False),
    sa.Column("hospital_level", sa.SmallInteger, nullable=False),
    sa.Column("price_level", sa.SmallInteger, nullable=False),
    sa.Column("deductible_level", CODE, nullable=False),
    sa.Column("kind", CODE, nullable=False),
)

AGREEMENTS = _register(
    "agreements",
    ("institution_id", "visit_kind", "suspended", "valid_from"),
    sa.Column("institution_id", ID, nullable=False),
    sa.Column("visit_kind", sa.SmallInteger, nullable=False),
    sa.Column("suspended", sa.SmallInteger, nullable=False),
    sa.Column("valid_from", sa.Integer, nullable=False),
    sa.Column("valid_to", sa.Integer, nullable=False),
    sa.CheckConstraint("valid_from < valid_to", name="holds_a_day"),
    sa.CheckConstraint("suspended IN (0, 1)", name="suspended"),
)
"""What an institution may settle directly, `visit_kind` 0 for all, and when that is suspended."""

REGISTERS = (
    INSURED_PERSONS,
    COVERS,
    ENTITLEMENT_ENDS,
    DESIGNATED_INSTITUTIONS,
    AGREEMENTS,
)
