"""Every constraint of the ledger's registers keeps out the row that would break it, by raw SQL."""

from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from engine.storage import entitled_tables as t
from engine.storage.database import Database

Row = Mapping[str, Any]
SINCE = {"since": 1}
VERSION = {"version": 1, "register": "covers", "brought": 1, "content_hash": "h", "loaded_at": 0}
PERSON = {**SINCE, "person_id": "P1", "sex": 1, "birth_day": 0}
COVER = {
    **SINCE,
    "person_id": "P1",
    "region": "000000",
    "insurance": 1,
    "cover_from": 0,
    "cover_to": 10,
    "person_type": 1,
    "enrolled_from": None,
}
END = {**SINCE, "person_id": "P1", "end": "death", "ended_on": 5, "known_on": 5}
INSTITUTION = {
    **SINCE,
    "institution_id": "H1",
    "region": "000000",
    "hospital_level": 1,
    "price_level": 1,
    "deductible_level": "L1",
    "kind": "hospital",
}
AGREEMENT = {
    **SINCE,
    "institution_id": "H1",
    "visit_kind": 0,
    "suspended": 0,
    "valid_from": 0,
    "valid_to": 10,
}
ROWS: dict[str, Row] = {
    "insured_persons": PERSON,
    "covers": COVER,
    "entitlement_ends": END,
    "designated_institutions": INSTITUTION,
    "agreements": AGREEMENT,
}


def put(connection: sa.Connection, table: str, row: Row) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), dict(row))  # noqa: S608 - names of our tables


@pytest.fixture
def registers(database: Database) -> Database:
    """Registers of two versions, with a current row each."""
    with database.transaction() as connection:
        put(connection, "register_versions", VERSION)
        put(connection, "register_versions", {**VERSION, "version": 2})
        for table, row in ROWS.items():
            put(connection, table, row)
    return database


BROKEN: dict[str, tuple[str, Row]] = {
    "ck_register_versions_brought": ("register_versions", {**VERSION, "version": 3, "brought": 2}),
    "ck_covers_holds_a_day": ("covers", {**COVER, "cover_from": 20, "cover_to": 20}),
    "ck_entitlement_ends_known_after_it": (
        "entitlement_ends",
        {**END, "ended_on": 9, "known_on": 8},
    ),
    "ck_agreements_holds_a_day": ("agreements", {**AGREEMENT, "valid_from": 20, "valid_to": 20}),
    "ck_agreements_suspended": ("agreements", {**AGREEMENT, "suspended": 2}),
    **{
        f"ck_{table}_ends_later": (table, {**row, "since": 2, "until": 2})
        for table, row in ROWS.items()
    },
}
"""Check -> the table, and a row that breaks this one check."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_check_keeps_the_row_out_that_breaks_it(registers: Database, name: str) -> None:
    table, row = BROKEN[name]
    with pytest.raises(sa.exc.IntegrityError, match=name), registers.transaction() as connection:
        put(connection, table, row)


def test_every_check_of_the_registers_has_its_attack() -> None:
    declared = {
        str(one.name)
        for table in (t.REGISTER_VERSIONS, *t.REGISTERS)
        for one in table.constraints
        if isinstance(one, sa.CheckConstraint)
    }
    assert declared == set(BROKEN)


@pytest.mark.parametrize("table", ROWS.keys() - {"covers"})
def test_a_key_has_one_current_row(registers: Database, table: str) -> None:
    again = {**ROWS[table], "since": 2}
    with (
        pytest.raises(sa.exc.IntegrityError, match=r"(?i)unique"),
        registers.transaction() as connection,
    ):
        put(connection, table, again)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"cover_from": 9, "cover_to": 11},
        {"cover_from": -1, "cover_to": 1},
        {"cover_from": 3, "cover_to": 4},
        {"cover_from": 9, "cover_to": 11, "region": "000001"},
    ],
)
def test_of_one_insurance_no_two_current_covers_share_a_day(
    registers: Database, other: Row
) -> None:
    with (
        pytest.raises(sa.exc.DBAPIError, match="covers of one insurance share a day"),
        registers.transaction() as connection,
    ):
        put(connection, "covers", {**COVER, **other, "since": 2})


@pytest.mark.parametrize(
    "other",
    [
        {"cover_from": 10, "cover_to": 11},
        {"cover_from": -1, "cover_to": 0},
        {"insurance": 2},
        {"person_id": "P2"},
        {"until": 2},
    ],
)
def test_covers_that_share_no_day_person_or_insurance_stand_side_by_side(
    registers: Database, other: Row
) -> None:
    with registers.transaction() as connection:
        since = 1 if "until" in other else 2
        row = {**COVER, "cover_from": 1, **other, "since": since}
        put(connection, "covers", row)
    with registers.reading() as connection:
        counted = sa.select(sa.func.count()).select_from(t.COVERS)
        assert connection.scalar(counted) == 2


@pytest.mark.parametrize("table", ROWS)
def test_a_row_of_a_version_that_is_not_there_is_kept_out(registers: Database, table: str) -> None:
    astray = {**ROWS[table], "since": 8, "until": 9}
    with (
        pytest.raises(sa.exc.IntegrityError, match=r"(?i)foreign key"),
        registers.transaction() as connection,
    ):
        put(connection, table, astray)


CHANGED = {
    "insured_persons": "sex = 2",
    "covers": "cover_to = 11",
    "entitlement_ends": "known_on = 6",
    "designated_institutions": "kind = 'pharmacy'",
    "agreements": "valid_to = 11",
}
"""What no row takes: not alone, and not with the version that ends it."""


@pytest.mark.parametrize("table", ROWS)
def test_a_row_is_ended_and_nothing_else(registers: Database, table: str) -> None:
    refused = [
        f"UPDATE {table} SET {CHANGED[table]}",  # noqa: S608 - names of our tables
        f"UPDATE {table} SET {CHANGED[table]}, until = 2",  # noqa: S608 - names of our tables
        f"UPDATE {table} SET since = 2",  # noqa: S608 - names of our tables
        f"DELETE FROM {table}",  # noqa: S608 - names of our tables
    ]
    ended = f"UPDATE {table} SET until = 2"  # noqa: S608 - names of our tables
    for statement in refused:
        with (
            pytest.raises(sa.exc.DBAPIError, match="kept as they are"),
            registers.transaction() as connection,
        ):
            connection.execute(sa.text(statement))
    with registers.transaction() as connection:
        connection.execute(sa.text(ended))
    with (
        pytest.raises(sa.exc.DBAPIError, match="kept as they are"),
        registers.transaction() as connection,
    ):
        connection.execute(sa.text(f"UPDATE {table} SET until = NULL"))  # noqa: S608 - names of our tables


def test_a_version_is_neither_changed_nor_deleted(registers: Database) -> None:
    for statement in (
        "UPDATE register_versions SET content_hash = 'x'",
        "DELETE FROM register_versions WHERE version = 2",
    ):
        with (
            pytest.raises(sa.exc.DBAPIError, match="kept as they are"),
            registers.transaction() as connection,
        ):
            connection.execute(sa.text(statement))
