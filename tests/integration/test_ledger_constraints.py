"""Every constraint of the ledger's tables keeps out the row that would break it, by raw SQL."""

from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from engine.storage import case_tables as cases
from engine.storage import ledger_tables as t
from engine.storage.database import Database
from tests.ledger_rows import MESSAGE, settlement

Row = Mapping[str, Any]
COUNTER = {
    "person_id": "P1",
    "region": "000000",
    "scheme": "employee",
    "counter": "pool_paid",
    "year": 2023,
    "month": 0,
    "scope": 0,
    "value": 0,
    "version": 1,
}
LIVE = {"institution_id": "H1", "visit_id": "V1", "segment": 0, "settlement_id": "S1"}
LEG = {"settlement_id": "S9", "number": 0, "account": 1, "purse": 0, "party": "", "amount_fen": 5}
POSTED = {"authority": 1, "region": "000000", "posting_id": "X"}
POSTING_LEG = {**POSTED, "number": 0, "account": 1, "purse": 0, "party": "", "amount_fen": 5}
POSTING = {**POSTED, "night": "2023-03-31", "cause": "X"}
CONTRIBUTION = {
    "settlement_id": "S1",
    "counter": "pool_paid",
    "year": 2023,
    "month": 0,
    "scope": 0,
    "before": 0,
    "gain": 1,
}
VARIANCE = {"settlement_id": "S1", "cause": "S2", "amount": "x", "paid_fen": 0, "would_be_fen": 1}
YEAR = {"person_id": "P1", "region": "000000", "scheme": "employee", "year": 2023, "version": 1}


def other(**changed: object) -> Row:
    return settlement(settlement_id="S3", message_id="M3", version=3, **changed)


def negative(**changed: object) -> Row:
    """Return a reversal of S1, exact but for what is changed."""
    amounts = [*t.AMOUNTS, *t.LAYER_PAID]
    stands = settlement()
    opposite = {name: -int(str(stands[name])) for name in amounts}
    return {**other(**opposite), "layer_1_cap_left_fen": -1, "reverses": "S1", **changed}


def put(connection: sa.Connection, table: str, row: Row) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), dict(row))  # noqa: S608 - names of our tables


@pytest.fixture
def ledger(database: Database) -> Database:
    """A ledger of two settlements, one of them live, with a counter, a message and a posting."""
    with database.transaction() as connection:
        put(connection, "settlements", settlement())
        put(connection, "legs", {**LEG, "settlement_id": "S2"})
        put(connection, "legs", {**LEG, "settlement_id": "S2", "number": 1, "amount_fen": -5})
        put(connection, "settlements", settlement(settlement_id="S2", message_id="M2", version=2))
        put(connection, "live_settlements", LIVE)
        put(connection, "counters", COUNTER)
        put(connection, "messages", MESSAGE)
        put(connection, "contributions", CONTRIBUTION)
        put(connection, "variances", VARIANCE)
        put(connection, "person_years", YEAR)
        put(connection, "posting_legs", POSTING_LEG)
        put(connection, "posting_legs", {**POSTING_LEG, "number": 1, "amount_fen": -5})
        put(connection, "postings", POSTING)
    return database


CHECKS: dict[str, tuple[str, Row]] = {
    "ck_settlements_buckets": ("settlements", other(covered_fen=100_01)),
    "ck_settlements_funds": ("settlements", other(fund_total_fen=70_01, cash_paid_fen=29_99)),
    "ck_settlements_payers": ("settlements", other(hospital_part_fen=1)),
    "ck_settlements_caps": ("settlements", other(layer_1_cap_left_fen=69_99)),
    "ck_settlements_signs": (
        "settlements",
        other(cash_paid_fen=100_00, account_paid_fen=-70_00),
    ),
    "ck_counters_not_negative": ("counters", {**COUNTER, "scope": 1, "value": -1}),
    "ck_legs_not_zero": ("legs", {**LEG, "amount_fen": 0}),
    "ck_posting_legs_not_zero": (
        "posting_legs",
        {**POSTING_LEG, "posting_id": "Y", "amount_fen": 0},
    ),
    "ck_posting_legs_one_authority": (
        "posting_legs",
        {**POSTING_LEG, "posting_id": "Y", "purse": 6},
    ),
}
"""Check -> the table, and a row that breaks this one check."""


ATTACKED = (
    t.PERSON_YEARS,
    t.COUNTERS,
    t.SETTLEMENTS,
    t.CONTRIBUTIONS,
    t.LIVE,
    t.MESSAGES,
    t.VARIANCES,
    t.LEGS,
)


def test_the_rows_are_right_but_for_what_each_breaks(ledger: Database) -> None:
    with ledger.transaction() as connection:
        put(connection, "settlements", other())


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_keeps_the_row_out_that_breaks_it(ledger: Database, name: str) -> None:
    table, row = CHECKS[name]
    with pytest.raises(sa.exc.IntegrityError, match=name), ledger.transaction() as connection:
        put(connection, table, row)


def test_every_check_of_the_ledger_has_its_attack() -> None:
    tables = (*ATTACKED, cases.POSTINGS, cases.POSTING_LEGS)
    declared = {
        str(one.name)
        for table in tables
        for one in table.constraints
        if isinstance(one, sa.CheckConstraint)
    }
    assert declared == set(CHECKS)


TAKEN = {
    "a settlement's name": ("settlements", settlement(message_id="M3", version=3)),
    "a number of a person's year": ("settlements", settlement(settlement_id="S3", message_id="M3")),
    "a number of a message": ("settlements", settlement(settlement_id="S3", version=3)),
    "the live settlement of a visit's segment": (
        "live_settlements",
        {**LIVE, "settlement_id": "S2"},
    ),
    "a settlement's one place among the live": ("live_settlements", {**LIVE, "segment": 1}),
    "a message": ("messages", MESSAGE),
    "a counter": ("counters", COUNTER),
    "a contribution": ("contributions", CONTRIBUTION),
    "a variance": ("variances", VARIANCE),
    "a person's year": ("person_years", YEAR),
    "a posting": ("postings", POSTING),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_there_once_is_not_there_twice(ledger: Database, name: str) -> None:
    table, row = TAKEN[name]
    with (
        pytest.raises(sa.exc.IntegrityError, match=r"(?i)unique"),
        ledger.transaction() as connection,
    ):
        put(connection, table, row)


def test_a_settlement_is_reversed_once(ledger: Database) -> None:
    with ledger.transaction() as connection:
        put(connection, "settlements", negative())
    again = negative(settlement_id="S4", message_id="M4", version=4)
    with (
        pytest.raises(sa.exc.IntegrityError, match=r"(?i)unique"),
        ledger.transaction() as connection,
    ):
        put(connection, "settlements", again)


def test_a_reversal_has_no_part_above_zero(ledger: Database) -> None:
    with (
        pytest.raises(sa.exc.IntegrityError, match="ck_settlements_signs"),
        ledger.transaction() as connection,
    ):
        put(connection, "settlements", other(reverses="S1"))


ASTRAY = {
    "a reversal": ("settlements", negative(reverses="S8")),
    "a live settlement": ("live_settlements", {**LIVE, "segment": 1, "settlement_id": "S8"}),
    "a contribution": ("contributions", {**CONTRIBUTION, "settlement_id": "S8"}),
    "a variance": ("variances", {**VARIANCE, "cause": "S8"}),
    "a leg": ("legs", LEG),
    "a posting's leg": ("posting_legs", {**POSTING_LEG, "posting_id": "Y"}),
}


@pytest.mark.parametrize("name", ASTRAY)
def test_nothing_refers_to_what_is_not_there(ledger: Database, name: str) -> None:
    table, row = ASTRAY[name]
    with (
        pytest.raises(sa.exc.IntegrityError, match=r"(?i)foreign key"),
        ledger.transaction() as connection,
    ):
        put(connection, table, row)


HEADS = {
    "a settlement": (
        ("legs", LEG),
        ("settlements", settlement(settlement_id="S9", message_id="M9", version=9)),
    ),
    "a posting": (
        ("posting_legs", {**POSTING_LEG, "posting_id": "Y"}),
        ("postings", {**POSTING, "posting_id": "Y"}),
    ),
}


# Five and minus five sum to zero in all, but in neither purse.
@pytest.mark.parametrize("name", HEADS)
def test_legs_that_do_not_sum_to_zero_in_each_purse_keep_their_head_out(
    ledger: Database, name: str
) -> None:
    (legs, leg), (heads, head) = HEADS[name]
    with ledger.transaction() as connection:
        put(connection, legs, leg)
        put(connection, legs, {**leg, "number": 1, "purse": 1, "amount_fen": -5})
        with pytest.raises(sa.exc.DBAPIError, match="do not sum to zero"):
            put(connection, heads, head)
        connection.rollback()


@pytest.mark.parametrize(
    ("table", "leg"), [("legs", {**LEG, "settlement_id": "S1"}), ("posting_legs", POSTING_LEG)]
)
def test_what_is_posted_takes_no_more_legs(ledger: Database, table: str, leg: Row) -> None:
    with (
        pytest.raises(sa.exc.DBAPIError, match="no more legs"),
        ledger.transaction() as connection,
    ):
        put(connection, table, {**leg, "number": 7})


KEPT = {
    "settlements": "cash_paid_fen = cash_paid_fen",
    "contributions": "gain = 2",
    "variances": "would_be_fen = 2",
    "legs": "amount_fen = 6",
    "messages": "posted_at = 5",
    "postings": "night = '2024-01-01'",
    "posting_legs": "amount_fen = 6",
}


@pytest.mark.parametrize("table", KEPT)
def test_a_row_is_neither_changed_nor_deleted(ledger: Database, table: str) -> None:
    change = f"UPDATE {table} SET {KEPT[table]}"  # noqa: S608 - names of our tables
    for statement in (change, f"DELETE FROM {table}"):  # noqa: S608 - names of our tables
        with (
            pytest.raises(sa.exc.DBAPIError, match="kept as they are"),
            ledger.transaction() as connection,
        ):
            connection.execute(sa.text(statement))


def test_every_table_that_declares_its_rows_kept_is_attacked() -> None:
    assert set(t.IMMUTABLE) <= set(KEPT)
