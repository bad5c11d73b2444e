"""Cases in the database: events stay as written, numbers are taken once, postings balance."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
import sqlalchemy as sa

from engine.cases.life_cycle import CaseEvent
from engine.codes.enums import Fund
from engine.errors import StorageError
from engine.ledger.benefits import Benefit, to_person
from engine.ledger.postings import Authority, Heading, Ledger
from engine.storage.audit import verify
from engine.storage.case_tables import CASE_EVENTS, POSTING_LEGS, POSTINGS
from engine.storage.cases import (
    CaseKey,
    add_event,
    cases_with_invoices,
    keep_invoices,
    list_cases,
    open_case,
    read_events,
    write_postings,
)
from engine.storage.database import Database

DAY = date(2024, 3, 1)
RECEIVED = CaseEvent("received", DAY, "clerk", {"person": "P1", "region": "610100"})
LEDGER = Ledger(Authority.MEDICAL, "610100")


def opened(database: Database) -> CaseKey:
    with database.transaction() as connection:
        return open_case(connection, "manual_claim", "M", RECEIVED, 100)


def test_a_case_is_named_by_its_day_and_a_running_number(database: Database) -> None:
    assert [opened(database).case_id for _ in range(2)] == ["M20240301-0001", "M20240301-0002"]


def test_events_come_back_as_they_were_written(database: Database) -> None:
    key = opened(database)
    entered = CaseEvent("entered", DAY, "clerk", {"invoices": ["1"], "total": "12.30"})
    with database.transaction() as connection:
        add_event(connection, key, entered, 200)
    with database.transaction() as connection:
        assert read_events(connection, key) == [RECEIVED, entered]
        assert [row.last for row in list_cases(connection, "manual_claim")] == ["entered"]
        assert verify(connection).records == 2


def test_a_case_that_is_not_there_is_said_so(database: Database) -> None:
    with (
        pytest.raises(StorageError, match="unknown_case"),
        database.transaction() as connection,
    ):
        read_events(connection, CaseKey("manual_claim", "M20240301-0009"))


def test_an_event_is_neither_edited_nor_deleted(database: Database) -> None:
    opened(database)
    for change in (sa.update(CASE_EVENTS).values(actor="x"), sa.delete(CASE_EVENTS)):
        with (
            pytest.raises(sa.exc.DBAPIError, match="kept as they are"),
            database.transaction() as connection,
        ):
            connection.execute(change)


def test_an_invoice_of_another_case_is_found_unless_that_was_refused(database: Database) -> None:
    first, second = opened(database), opened(database)
    with database.transaction() as connection:
        keep_invoices(connection, first, ["1", "2"])
        keep_invoices(connection, second, ["2"])
        keep_invoices(connection, second, ["2", "3"])
        assert cases_with_invoices(connection, second, ["2", "3"]) == [("2", first.case_id)]
        refused = CaseEvent("refused", DAY, "reviewer", {"reason": "r"})
        add_event(connection, first, refused, 200)
        assert cases_with_invoices(connection, second, ["2", "3"]) == []


@pytest.mark.race
def test_cases_opened_at_once_have_different_names(database: Database) -> None:
    together = Barrier(6, timeout=60)

    def one(_worker: int) -> str:
        together.wait()
        return opened(database).case_id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(one, range(6)))) == 6


def test_a_posting_is_written_with_its_legs_and_takes_no_more(database: Database) -> None:
    posting = to_person(Heading(LEDGER, "one", DAY, "c"), Benefit({Fund.POOL: 700}, {}), "P1")
    nothing = to_person(Heading(LEDGER, "two", DAY, "c"), Benefit({}, {}), "P1")
    with database.transaction() as connection:
        write_postings(connection, [posting, nothing])
        assert connection.scalars(sa.select(POSTING_LEGS.c.amount_fen)).all() == [700, -700]
    with database.transaction() as connection:
        assert connection.scalars(sa.select(POSTINGS.c.posting_id)).all() == ["one"]
    more = {"number": 9, "account": 1, "purse": 0, "party": "", "amount_fen": 5}
    name = {"authority": 1, "region": "610100", "posting_id": "one"}
    with (
        pytest.raises(sa.exc.DBAPIError, match="no more legs"),
        database.transaction() as connection,
    ):
        connection.execute(sa.insert(POSTING_LEGS), name | more)


@pytest.mark.parametrize(
    ("authority", "purse", "amount_fen", "message"),
    [(1, 0, 5, "do not sum to zero"), (1, 6, 5, "one_authority"), (2, 0, 5, "one_authority")],
)
def test_the_database_itself_refuses_legs_that_do_not_balance_or_cross(
    database: Database, authority: int, purse: int, amount_fen: int, message: str
) -> None:
    name = {"authority": authority, "region": "610100", "posting_id": "bad"}
    leg = {"number": 0, "account": 1, "purse": purse, "party": "", "amount_fen": amount_fen}

    def write() -> None:
        with database.transaction() as connection:
            connection.execute(sa.insert(POSTING_LEGS), name | leg)
            connection.execute(sa.insert(POSTINGS), name | {"night": "2024-03-01", "cause": "c"})

    with pytest.raises(sa.exc.DBAPIError, match=message):
        write()
