"""One ledger for the night and the counter: what either settles, the other goes on from.

Xi'an, employee, out-patient care at level 1: the year's first 200.00 are the person's own, then
the pool pays 70%.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.errors import ClaimError, StorageError
from engine.policy.book import SHIPPED, load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.storage import ledger_tables as t
from engine.storage import night_posting
from engine.storage.database import NightRecord, publish_night
from engine.storage.lake import DATABASE_VARIABLE, Lake
from engine.storage.ledger_check import check_ledger
from engine.storage.messages import read_message
from engine.storage.posting import post
from pipelines.nightly import ledger as night_ledger
from tests.integration.night_child import Kill, watch
from tests.integration.night_world import (
    NEXT,
    NIGHT,
    REGION,
    Bill,
    World,
    a_bill,
    a_refund,
    next_day,
)

Record = dict[str, Any]


@pytest.fixture(scope="module")
def book() -> CompiledBook:
    return compile_book(load_book(SHIPPED))


class Counter:
    """A hospital's counter, and the nights of the lake that it stands before."""

    def __init__(self, world: World, book: CompiledBook) -> None:
        self.world = world
        self.book = book
        self.database = Lake(world.lake).database

    def ask(self, request: Record) -> Record | str:
        [answer] = post(
            self.database, self.book, [read_message(json.dumps(request).encode(), self.book)], 0
        )
        return answer.code if isinstance(answer, ClaimError) else json.loads(answer)

    def pool(self, request: Record) -> list[int]:
        answer = self.ask(request)
        assert isinstance(answer, dict), answer
        return [one["pool_paid_fen"] for one in answer["settlements"]]

    def paid_this_year(self, person: str = "P1") -> int:
        """Return what the pool has paid for out-patient care, in fen."""
        c = t.COUNTERS.c
        query = sa.select(c.value).where(c.person_id == person, c.counter == "outpatient_paid")
        with self.database.reading() as connection:
            return (connection.scalar(query) or 0) // 10**6

    def settlements(self) -> dict[str, int]:
        """Return what the pool paid by settlement, reversals too."""
        c = t.SETTLEMENTS.c
        query = sa.select(c.settlement_id, c.pool_paid_fen).where(c.visit_id.is_not(None))
        with self.database.reading() as connection:
            return dict(map(tuple, connection.execute(query)))

    def check(self) -> None:
        with self.database.reading() as connection:
            check_ledger(connection)


@pytest.fixture
def counter(
    place: Path | str, tmp_path: Path, book: CompiledBook, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Counter]:
    if isinstance(place, str):
        monkeypatch.setenv(DATABASE_VARIABLE, place)
    found = Counter(World(tmp_path), book)
    yield found
    found.check()
    found.database.close()


def bill(name: str, total: str, **changed: Any) -> Record:
    """Return the request to settle a visit of P1 to hospital H1, with message and visit `name`."""
    request: Record = {
        "sender_id": "H1",
        "message_id": name,
        "verb": "settle",
        "person_id": "P1",
        "settled_at": "2024-03-15T10:00:00",
        "region": REGION,
        "scheme": "employee",
        "institution_id": "H1",
        "visit_id": name,
        "person": {"class": "active", "birth_date": "1960-01-01"},
        "event": {
            "visit": "outpatient",
            "level": "L1",
            "begin": "2024-03-01",
            "end": "2024-03-01",
            "total": total,
        },
    }
    return request | changed


def undo(name: str, original: str, **changed: Any) -> Record:
    request: Record = {
        "sender_id": "H1",
        "message_id": name,
        "verb": "cancel",
        "person_id": "P1",
        "settled_at": "2024-04-02T10:00:00",
        "original": original,
    }
    return request | changed


def as_settled(number: int, settlement: str, visit: str, total: str, **changed: str) -> Bill:
    """Return a bill of P1 as the hospital sends it on under the ledger's own name for it."""
    first = a_bill(number, "P1", ("A", total), mdtrt_id=visit, msgid=visit, **changed)
    name = {"setl_id": settlement}
    return Bill(first.claim | name, [line | name for line in first.lines])


def made(answer: Record | str) -> str:
    assert isinstance(answer, dict), answer
    return str(answer["settlements"][0]["settlement_id"])


def test_the_night_goes_on_from_the_counter_and_the_counter_from_the_night(
    counter: Counter,
) -> None:
    assert counter.pool(bill("X1", "500.00")) == [210_00]  # (500 - 200) x 70%
    counter.world.night(a_bill(2, "P1", ("A", "300.00")))
    assert counter.world.settled()["S2"]["pool_paid_fen"] == 210_00  # 300 x 70%
    assert counter.paid_this_year() == 420_00
    assert counter.pool(bill("X3", "100.00")) == [70_00]
    assert counter.paid_this_year() == 490_00
    counter.world.night(next_day(a_bill(4, "P1", ("A", "10.00"))), night=NEXT)
    assert counter.world.settled()["S4"]["pool_paid_fen"] == 7_00
    assert counter.paid_this_year() == 497_00


def test_a_claim_of_the_night_is_cancelled_and_refunded_at_the_counter(counter: Counter) -> None:
    counter.world.night(a_bill(1, "P1", ("A", "500.00")), a_bill(2, "P1", ("A", "300.00")))
    assert counter.ask(undo("U1", "S1")) == "reversal_not_last"
    rest = bill("U2", "100.00", verb="refund", original="S2", visit_id="V2")
    assert sorted(counter.pool(rest)) == [-210_00, 70_00]
    again = undo("U3", made(counter.ask(rest)))
    assert counter.pool(undo("U4", counter_rest(counter))) == [-70_00], again
    assert counter.pool(undo("U5", "S1")) == [-210_00]
    assert counter.paid_this_year() == 0


def counter_rest(counter: Counter) -> str:
    """Return the settlement that a refund left."""
    c = t.SETTLEMENTS.c
    with counter.database.reading() as connection:
        rest = sa.select(c.settlement_id).where(c.message_id == "U2", c.reverses.is_(None))
        return str(connection.scalar(rest))


def test_a_later_cancel_takes_back_what_the_night_has_opened(counter: Counter) -> None:
    counter.world.night(a_bill(1, "P1", ("A", "500.00")))
    assert counter.pool(undo("U1", "S1")) == [-210_00]
    # The deductible is due again: (400 - 200) x 70%.
    counter.world.night(next_day(a_bill(2, "P1", ("A", "400.00"))), night=NEXT)
    assert counter.world.settled()["S2"]["pool_paid_fen"] == 140_00


def test_a_night_cancels_what_the_counter_has_settled(counter: Counter) -> None:
    first = made(counter.ask(bill("X1", "500.00")))
    counter.world.night(a_refund(2, as_settled(1, first, "X1", "500.00")))
    assert counter.world.settled()["S2"]["pool_paid_fen"] == -210_00
    assert counter.paid_this_year() == 0
    assert counter.ask(undo("U1", first)) == "reversed_twice"
    assert counter.pool(bill("X2", "500.00", visit_id="X1")) == [210_00]


def test_a_visit_that_the_counter_has_settled_is_not_paid_again_by_the_night(
    counter: Counter,
) -> None:
    counter.ask(bill("X1", "500.00"))
    counter.world.night(
        a_bill(1, "P1", ("A", "500.00"), mdtrt_id="X1"),
        a_bill(2, "P1", ("A", "500.00"), msgid="X1"),
        a_bill(3, "P1", ("A", "10.00")),
    )
    assert counter.world.rejected() == {
        "claims-0.csv:1": "duplicate_visit",
        "claims-0.csv:2": "message_used",
    }
    assert counter.paid_this_year() == 217_00


def test_a_hospital_that_sends_again_what_the_night_has_settled_gets_that_settlement(
    counter: Counter,
) -> None:
    counter.world.night(a_bill(1, "P1", ("A", "500.00")))
    again = bill("M001", "500.00", visit_id="V1")
    answer = counter.ask(again)
    assert made(answer) == "S1"
    assert isinstance(answer, dict)
    assert answer["settlements"][0]["pool_paid_fen"] == 210_00
    assert counter.ask(bill("M001", "499.00", visit_id="V1")) == "message_differs"
    assert counter.ask(bill("M009", "500.00", visit_id="V1")) == "duplicate_visit"
    assert counter.settlements() == {"S1": 210_00}


def test_a_night_settles_no_message_that_was_reversed_before_it_came(counter: Counter) -> None:
    gone = undo("U1", "M001", verb="reverse_message")
    assert counter.ask(gone) == "message_unknown"
    counter.world.night(a_bill(1, "P1", ("A", "500.00")), a_bill(2, "P1", ("A", "300.00")))
    assert counter.world.rejected() == {"claims-0.csv:1": "message_used"}
    assert counter.settlements() == {"S2": 70_00}


def test_a_message_reversed_while_the_night_runs_is_not_settled_by_it(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = night_ledger.NightLedger.publish
    came: list[Record | str] = []

    def late(self: night_ledger.NightLedger, *args: Any) -> Any:
        if not came:
            came.append(counter.ask(undo("U1", "M001", verb="reverse_message")))
        return publish(self, *args)

    monkeypatch.setattr(night_ledger.NightLedger, "publish", late)
    counter.world.night(a_bill(1, "P1", ("A", "500.00")))
    assert came == ["message_unknown"]
    assert counter.world.rejected() == {"claims-0.csv:1": "message_used"}
    assert counter.settlements() == {}


ONLINE = {
    "origin": "settled_online",
    "hifp_pay": "210.00",
    "fund_pay_sumamt": "210.00",
    "psn_cash_pay": "290.00",
}


def test_what_the_ledger_settled_online_is_compared_and_never_settled_again(
    counter: Counter,
) -> None:
    first = made(counter.ask(bill("X1", "500.00")))
    second = made(counter.ask(bill("X2", "100.00")))
    summary = counter.world.night(
        as_settled(1, first, "X1", "500.00", **ONLINE),
        as_settled(2, second, "X2", "100.00", **ONLINE),
        a_bill(3, "P1", ("A", "10.00")),
    )
    # Each is settled anew from what it had met: 500 opens the year, 100 comes after it.
    settled = counter.world.settled()
    assert [settled[name]["pool_paid_fen"] for name in (first, second, "S3")] == [
        210_00,
        70_00,
        7_00,
    ]
    differs = counter.world.table("differences")
    assert set(differs["settlement_id"]) == {second}
    assert summary["settled"]["claims"] == 3
    assert counter.settlements() == {first: 210_00, second: 70_00, "S3": 7_00}
    assert counter.paid_this_year() == 287_00


def test_what_is_posted_while_the_night_runs_makes_it_settle_anew(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = night_ledger.NightLedger.publish
    came: list[list[int]] = []

    def late(self: night_ledger.NightLedger, *args: Any) -> Any:
        if not came:
            came.append(counter.pool(bill("X1", "500.00")))
        return publish(self, *args)

    monkeypatch.setattr(night_ledger.NightLedger, "publish", late)
    counter.world.night(a_bill(2, "P1", ("A", "300.00")))
    assert came == [[210_00]]
    assert counter.world.settled()["S2"]["pool_paid_fen"] == 210_00
    assert counter.paid_this_year() == 420_00


def test_a_lake_whose_nights_the_ledger_does_not_hold_takes_no_further_night(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    lake = Lake(world.lake)
    record = NightRecord(NIGHT, "in", "policy", "result", {}, {"settled": {"claims": 1}})
    with lake.database.transaction() as connection:
        publish_night(connection, record, (), 0)
    lake.database.close()
    with pytest.raises(StorageError, match="ledger_empty"):
        world.night(next_day(a_bill(1, "P1", ("A", "500.00"))), night=NEXT)


class Killed(BaseException):
    """Stands for SIGKILL: nothing between the fault and the test sees the difference."""


def killed() -> None:
    raise Killed


FIRST = a_bill(1, "P1", ("A", "500.00"))
SECOND = (next_day(a_refund(3, FIRST)), next_day(a_bill(2, "E1", ("A", "900.00"))))
STATEMENTS = 60


def test_a_night_killed_at_any_statement_of_its_posting_posts_once(
    tmp_path: Path, book: CompiledBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(World(tmp_path), book)
    counter.world.night(FIRST)
    order = counter.world.order(counter.world.deliver(*SECOND, name="second"), NEXT)
    real, before, died = night_posting.post_entries, counter.settlements(), 0
    for call in range(1, STATEMENTS):
        stop: list[Any] = []

        def armed(*args: Any, at: int = call, undo: list[Any] = stop) -> None:
            undo.append(watch(Kill("sqlalchemy:Connection._execute_context", at), killed))
            real(*args)

        monkeypatch.setattr("pipelines.nightly.ledger.post_entries", armed)
        try:
            counter.world.run(order.delivery, NEXT)
        except Killed:
            died += 1
            assert counter.settlements() == before
        else:
            break
        finally:
            stop[0]()
    assert died > 20
    assert counter.settlements() == before | {"S2": 490_00, "S3": -210_00}
    counter.check()
    counter.database.close()
