"""Triggers that keep rows as they were written, on each kind of database."""

from alembic import op
from sqlalchemy.sql.compiler import IdentifierPreparer


def keep_rows(table: str, unless: str = "") -> None:
    """Let no row of a table be updated or deleted, save updates for which `unless` holds.

    Args:
        table: its name.
        unless: an SQL condition on OLD and NEW; none for no update at all.
    """
    name = _quoted(table)
    when = f"WHEN (NOT ({unless}))" if unless else ""
    if op.get_context().dialect.name == "sqlite":
        for verb, condition in (("UPDATE", when), ("DELETE", "")):
            op.execute(
                f"CREATE TRIGGER keep_{table}_{verb.lower()} BEFORE {verb} ON {name} {condition} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are kept as they are'); END"
            )
        return
    for verb, condition in (("UPDATE", when), ("DELETE", "")):
        op.execute(
            f"CREATE TRIGGER keep_{table}_{verb.lower()} BEFORE {verb} ON {name} "
            f"FOR EACH ROW {condition} EXECUTE FUNCTION keep_row()"
        )


def refuse_insert(table: str, condition: str, message: str, name: str = "") -> None:
    """Let no row into a table for which an SQL condition on NEW holds.

    Args:
        name: of the trigger, where the table has another already.
    """
    trigger = f"refuse_{name or table}"
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {trigger} BEFORE INSERT ON {_quoted(table)} "
            f"WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {trigger} BEFORE INSERT ON {_quoted(table)} "
        f"FOR EACH ROW EXECUTE FUNCTION {trigger}()"
    )


def make_functions() -> None:
    """Make what the triggers of PostgreSQL call; SQLite needs none."""
    if op.get_context().dialect.name != "sqlite":
        op.execute(
            "CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION 'rows of % are kept as they are', TG_TABLE_NAME; END $$"
        )


def _quoted(table: str) -> str:
    preparer: IdentifierPreparer = op.get_context().dialect.identifier_preparer
    return preparer.quote(table)
