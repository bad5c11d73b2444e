"""A closed month takes nothing more: officers are refused, what hospitals settled goes on.

The policy is that of tests/ledger_world.py: a first stay of 22,000.00 pays 18,232.00, a second
18,936.00.
"""

import threading
from datetime import date

import polars as pl
import pytest
import sqlalchemy as sa

from engine.errors import CaseError
from engine.ledger.postings import (
    Account,
    AccountKind,
    Authority,
    Heading,
    Ledger,
    Posting,
    Purse,
    post,
)
from engine.storage.audit import AUDIT_RECORDS, verify
from engine.storage.bulk import insert_frame
from engine.storage.cases import Officer, write_postings
from engine.storage.closed_months import booked, close_month
from engine.storage.closing_tables import LATE_SETTLEMENTS
from engine.storage.database import Database
from engine.storage.ledger_tables import SETTLEMENTS
from engine.storage.payments import MonthTerms, read_month, state_month, step
from engine.storage.posting import post_within
from tests.ledger_rows import settlement
from tests.ledger_world import NOW, ask, book, message, settled_as, stay

LEDGER = Ledger(Authority.MEDICAL, "000000")
MARCH, APRIL = date(2023, 3, 1), date(2023, 4, 1)
CASHIER = Officer("cashier", date(2023, 4, 10), 100)


def late(database: Database) -> list[tuple[str, str]]:
    with database.reading() as connection:
        return [(row[0], row[1]) for row in connection.execute(sa.select(LATE_SETTLEMENTS))]


def recognised(database: Database, month: date) -> list[int]:
    officer = Officer("cashier", date(2023, 5, 10), 100)
    names = state_month(database, LEDGER, month, MonthTerms(), officer)
    months = [read_month(database, name).stated.content["purses"] for name in names]
    return [purses["POOL"]["recognised_fen"] for purses in months]


def of_day(day: date) -> Posting:
    heading = Heading(LEDGER, f"night:2023-05-01:{day}:H1:", day, "night 2023-05-01")
    amounts = [(Account(AccountKind.BENEFIT, Purse.POOL), 700)]
    amounts.append((Account(AccountKind.PROVIDER_PAYABLE, Purse.POOL, "H1"), -700))
    return post(heading, amounts)


def test_a_claim_of_a_closed_month_is_settled_and_paid_with_the_open_one(
    database: Database,
) -> None:
    ask(database, stay(1))
    assert close_month(database, MARCH, CASHIER) == APRIL
    [answer] = ask(database, stay(2))
    assert isinstance(answer, dict)
    assert late(database) == [(settled_as(2), "2023-04-01")]
    assert recognised(database, MARCH) == [18_232_00]
    assert recognised(database, APRIL) == [18_936_00]


def test_a_closing_waits_for_the_postings_that_are_under_way(database: Database) -> None:
    closing = threading.Thread(target=close_month, args=(database, MARCH, CASHIER))
    with database.transaction() as connection:
        post_within(connection, book(), [message(stay(1))], NOW)
        closing.start()
        closing.join(timeout=0.3)
        assert closing.is_alive()
    closing.join()
    assert late(database) == []
    ask(database, stay(2))
    assert late(database) == [(settled_as(2), "2023-04-01")]


def test_a_claim_of_the_open_month_is_not_late(database: Database) -> None:
    close_month(database, MARCH, CASHIER)
    ask(database, stay(1, settled_at="2023-04-01T00:00:00"))
    assert late(database) == []


def test_rows_that_a_night_writes_in_bulk_are_found_late_as_well(database: Database) -> None:
    close_month(database, MARCH, CASHIER)
    first_of_april = 19_448 * 86_400  # 2023-04-01
    told = [
        settlement(settlement_id=name, message_id=name, version=number, settled_at=second)
        for number, (name, second) in enumerate(
            (("S1", first_of_april - 1), ("S2", first_of_april), ("S3", 0))
        )
    ]
    with database.transaction() as connection:
        insert_frame(connection, SETTLEMENTS, pl.DataFrame(told))
    assert sorted(late(database)) == [("S1", "2023-04-01"), ("S3", "2023-04-01")]


def test_an_officer_posts_nothing_on_a_day_of_a_closed_month(database: Database) -> None:
    ask(database, stay(1))
    [name] = state_month(database, LEDGER, MARCH, MonthTerms(), CASHIER)
    close_month(database, APRIL, Officer("cashier", date(2023, 5, 1), 200))
    with pytest.raises(CaseError, match="month_closed"):
        step(database, name, "order_sent", CASHIER)
    assert read_month(database, name).last.event == "stated"
    in_may = Officer("cashier", date(2023, 5, 1), 300)
    assert step(database, name, "order_sent", in_may).last.event == "order_sent"


def test_what_a_night_sums_up_for_a_closed_day_is_booked_on_the_first_open_day(
    database: Database,
) -> None:
    close_month(database, MARCH, CASHIER)
    with database.transaction() as connection:
        given = [of_day(date(2023, 3, 31)), of_day(date(2023, 4, 2))]
        postings = booked(connection, given)
        write_postings(connection, postings)
    assert [one.heading.night for one in postings] == [APRIL, date(2023, 4, 2)]
    assert postings[0].heading.posting_id == "night:2023-05-01:2023-03-31:H1:"
    assert recognised(database, MARCH) == []
    assert recognised(database, APRIL) == [1400]


def test_the_database_itself_refuses_a_posting_of_a_closed_month(database: Database) -> None:
    close_month(database, MARCH, CASHIER)
    row = "INSERT INTO postings VALUES (1, '000000', 'X', '2023-03-31', 'X')"
    with (
        pytest.raises(sa.exc.DBAPIError, match="the month is closed"),
        database.transaction() as connection,
    ):
        connection.execute(sa.text(row))


@pytest.mark.parametrize("table", ["closed_months", "late_settlements"])
def test_neither_a_closing_nor_a_late_booking_is_taken_back(database: Database, table: str) -> None:
    close_month(database, MARCH, CASHIER)
    ask(database, stay(1))
    with (
        pytest.raises(sa.exc.DBAPIError, match="kept as they are"),
        database.transaction() as connection,
    ):
        connection.execute(sa.delete(sa.table(table)))


def test_a_month_is_closed_once_after_its_end_and_with_all_before_it(database: Database) -> None:
    with pytest.raises(CaseError, match="month_not_over"):
        close_month(database, MARCH, Officer("cashier", date(2023, 3, 31), 100))
    close_month(database, MARCH, Officer("cashier", APRIL, 100))
    for month in (MARCH, date(2023, 2, 1)):
        with pytest.raises(CaseError, match="month_closed"):
            close_month(database, month, CASHIER)


def test_a_closing_leaves_its_record_in_the_audit_chain(database: Database) -> None:
    close_month(database, MARCH, CASHIER)
    c = AUDIT_RECORDS.c
    with database.reading() as connection:
        rows = connection.execute(sa.select(c.action, c.subject, c.actor)).all()
        assert [tuple(row) for row in rows] == [("close_month", "month 2023-03", "cashier")]
        assert verify(connection).first_bad is None
