"""Registers that the ledger asks: persons, cover, ends of entitlement, institutions, agreements."""

import sqlalchemy as sa
from alembic import op

from engine.storage.migrations.triggers import keep_rows

revision = "0013"
down_revision = "0012"

ID, CODE = sa.String(64), sa.String(32)


def upgrade() -> None:
    """Make the tables, whose rows may be ended and nothing else."""
    op.create_table(
        "register_versions",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("register", CODE, nullable=False),
        sa.Column("brought", sa.SmallInteger, nullable=False),
        sa.Column("content_hash", ID, nullable=False),
        sa.Column("loaded_at", sa.BigInteger, nullable=False),
        sa.CheckConstraint("brought IN (0, 1)", name="brought"),
    )
    op.create_index("ix_register_versions_register", "register_versions", ["register", "version"])
    keep_rows("register_versions")
    _persons()
    _institutions()


def _persons() -> None:
    _make("insured_persons", ("person_id",), _id("person_id"), _small("sex"), _int("birth_day"))
    _make(
        "covers",
        ("person_id", "region", "insurance", "cover_from"),
        _id("person_id"),
        sa.Column("region", CODE, nullable=False),
        _small("insurance"),
        _int("cover_from"),
        _int("cover_to"),
        _small("person_type"),
        sa.Column("enrolled_from", sa.Integer, nullable=True),
        sa.CheckConstraint("cover_from < cover_to", name="holds_a_day"),
    )
    _make(
        "entitlement_ends",
        ("person_id", "end", "ended_on"),
        _id("person_id"),
        sa.Column("end", CODE, nullable=False),
        _int("ended_on"),
        _int("known_on"),
        sa.CheckConstraint("known_on >= ended_on", name="known_after_it"),
    )


def _institutions() -> None:
    _make(
        "designated_institutions",
        ("institution_id",),
        _id("institution_id"),
        sa.Column("region", CODE, nullable=False),
        _small("hospital_level"),
        _small("price_level"),
        sa.Column("deductible_level", CODE, nullable=False),
        sa.Column("kind", CODE, nullable=False),
    )
    _make(
        "agreements",
        ("institution_id", "visit_kind", "suspended", "valid_from"),
        _id("institution_id"),
        _small("visit_kind"),
        _small("suspended"),
        _int("valid_from"),
        _int("valid_to"),
        sa.CheckConstraint("valid_from < valid_to", name="holds_a_day"),
        sa.CheckConstraint("suspended IN (0, 1)", name="suspended"),
    )


def _make(table: str, key: tuple[str, ...], *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        _int("since"),
        sa.Column("until", sa.Integer, nullable=True),
        *columns,
        sa.PrimaryKeyConstraint(*key, "since"),
        sa.ForeignKeyConstraint(["since"], ["register_versions.version"]),
        sa.ForeignKeyConstraint(["until"], ["register_versions.version"]),
        sa.CheckConstraint("until IS NULL OR until > since", name="ends_later"),
    )
    now = sa.text("until IS NULL")
    op.create_index(
        f"ix_{table}_now", table, [*key], unique=True, sqlite_where=now, postgresql_where=now
    )
    names = [column.name for column in columns if isinstance(column, sa.Column)]
    same = " AND ".join(f'OLD."{name}" IS NOT DISTINCT FROM NEW."{name}"' for name in names)
    if op.get_context().dialect.name == "sqlite":
        same = same.replace("IS NOT DISTINCT FROM", "IS")
    ended = "OLD.until IS NULL AND NEW.until IS NOT NULL AND OLD.since = NEW.since"
    keep_rows(table, f"{ended} AND {same}")


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, ID, nullable=False)


def _int(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False)
