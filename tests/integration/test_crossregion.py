"""Care in another region: claims are settled once on both sides, whatever the line loses."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.claims.columns import Filing
from engine.errors import ClaimError, StorageError
from engine.ledger.crossregion import ClaimState, Cover, Fate, Inquiry
from engine.ledger.postings import AccountKind
from engine.periods import date_of_day, day_number
from engine.storage import care_claims
from engine.storage.audit import verify
from engine.storage.care_rows import Claim, read_claim, read_unknown
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.database import Database
from engine.storage.ledger_check import check_ledger
from engine.storage.ledger_tables import LEGS, SETTLEMENTS
from tests.crossregion_world import (
    CARE,
    HOME,
    LOST_ANSWER,
    LOST_REQUEST,
    NOW,
    TWICE,
    Line,
    ask,
    claim,
    filing,
    home_desk,
    reversal,
)
from tests.ledger_world import counters

PAID = 4_342_50
"""Unfiled, level 3: (10,000.00 - 350.00) x (65 % - 20 %)."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "home.db")
    yield opened
    opened.close()


def no_lines(_connection: sa.Connection) -> None:
    """Bill no lines: these claims come from no visit."""


def settle(care: Database, line: Line, one: Claim) -> Claim:
    return care_claims.settle(care, line, one, no_lines, NOW)


def stored(care: Database, one: Claim) -> Claim:
    with care.reading() as connection:
        found = read_claim(connection, one.ask.claim_id)
    assert found is not None
    return found


def due(care: Database) -> int:
    """Return what the region of care has claimed, in fen."""
    return _sum(care, POSTING_LEGS, HOME)


def owed(home: Database) -> int:
    """Return what the region of insurance owes, in fen."""
    return -_sum(home, LEGS, CARE)


def _sum(database: Database, table: sa.Table, party: str) -> int:
    c = table.c
    query = sa.select(sa.func.sum(c.amount_fen)).where(
        c.account == int(AccountKind.CLEARING), c.party == party
    )
    with database.reading() as connection:
        return int(connection.scalar(query) or 0)


def settlements(home: Database) -> int:
    with home.reading() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(SETTLEMENTS)) or 0)


def test_home_rules_split_the_bill_and_both_sides_owe_the_same(
    database: Database, home: Database
) -> None:
    done = settle(database, Line(home_desk(home)), claim(1))
    assert done.state is ClaimState.SETTLED
    assert done.split is not None
    told = done.split.amounts
    assert (told["pool_paid_fen"], told["deductible_paid_fen"]) == (PAID, 350_00)
    assert told["cash_paid_fen"] == 10_500_00 - PAID
    assert (due(database), owed(home)) == (PAID, PAID)
    assert counters(home)["deductible_paid"] == 350_00 * 1_000_000


def test_the_region_of_care_keeps_no_counter_and_the_other_no_institution_s_debt(
    database: Database, home: Database
) -> None:
    settle(database, Line(home_desk(home)), claim(1))
    assert counters(database) == {}
    with home.reading() as connection:
        accounts = set(connection.scalars(sa.select(LEGS.c.account)))
    assert accounts == {int(AccountKind.BENEFIT), int(AccountKind.CLEARING)}


def test_a_preview_changes_nothing_on_either_side(database: Database, home: Database) -> None:
    shown = Line(home_desk(home)).preview(ask(1))
    assert shown.split is not None
    assert shown.split.pool_paid_fen == PAID
    assert (due(database), owed(home), settlements(home), counters(home)) == (0, 0, 0, {})


@pytest.mark.parametrize("fault", [LOST_REQUEST, LOST_ANSWER])
def test_what_was_lost_is_found_by_the_same_message(
    database: Database, home: Database, fault: str
) -> None:
    line = Line(home_desk(home), fault)
    with pytest.raises(StorageError, match="outcome_unknown"):
        settle(database, line, claim(1))
    assert stored(database, claim(1)).state is ClaimState.ASKED
    assert settle(database, line, claim(1)).state is ClaimState.SETTLED
    assert settle(database, line, claim(1)).state is ClaimState.SETTLED
    assert (due(database), owed(home), settlements(home)) == (PAID, PAID, 1)


def test_a_request_delivered_twice_pays_once(database: Database, home: Database) -> None:
    settle(database, Line(home_desk(home), TWICE), claim(1))
    assert (due(database), owed(home), settlements(home)) == (PAID, PAID, 1)


def test_an_unknown_claim_bars_another_for_the_same_visit(
    database: Database, home: Database
) -> None:
    line = Line(home_desk(home), LOST_ANSWER)
    with pytest.raises(StorageError):
        settle(database, line, claim(1))
    with pytest.raises(ClaimError, match="visit_claimed"):
        settle(database, line, claim(2, visit_id="V1"))


def test_an_inquiry_finds_what_was_settled_and_leaves_what_never_arrived(
    database: Database, home: Database
) -> None:
    line = Line(home_desk(home), LOST_ANSWER, LOST_REQUEST)
    for number in (1, 2):
        with pytest.raises(StorageError):
            settle(database, line, claim(number))
    with database.reading() as connection:
        unknown = read_unknown(connection)
    states = {
        one.ask.visit_id: care_claims.resolve(database, line, one, NOW).state for one in unknown
    }
    assert states == {"V1": ClaimState.SETTLED, "V2": ClaimState.ASKED}
    assert (due(database), owed(home)) == (PAID, PAID)


def test_a_dropped_visit_is_closed_before_its_late_request_arrives(
    database: Database, home: Database
) -> None:
    line = Line(home_desk(home), LOST_REQUEST)
    with pytest.raises(StorageError):
        settle(database, line, claim(1))
    undone = care_claims.reverse(database, line, stored(database, claim(1)), reversal(1), NOW)
    assert undone.state is ClaimState.REVERSED
    with pytest.raises(ClaimError, match="claim_undone"):
        line.delayed[0]()
    with pytest.raises(ClaimError, match="claim_undone"):
        settle(database, line, claim(1))
    assert (due(database), owed(home), settlements(home)) == (0, 0, 0)


@pytest.mark.parametrize("fault", [None, LOST_ANSWER])
def test_a_claim_is_undone_on_both_sides_to_the_fen(
    database: Database, home: Database, fault: str | None
) -> None:
    line = Line(home_desk(home), fault)
    try:
        settle(database, line, claim(1))
    except StorageError:
        assert fault == LOST_ANSWER
    undone = care_claims.reverse(database, line, stored(database, claim(1)), reversal(1), NOW)
    assert undone.state is ClaimState.REVERSED
    assert (due(database), owed(home), settlements(home)) == (0, 0, 2)
    assert not any(counters(home).values())
    with database.reading() as connection:
        days = connection.execute(sa.text("SELECT night FROM postings ORDER BY night")).all()
    assert [row[0] for row in days] == ["2024-03-08", "2024-03-20"]


@pytest.mark.parametrize("fault", [LOST_REQUEST, LOST_ANSWER])
def test_a_reversal_that_was_lost_is_sent_again(
    database: Database, home: Database, fault: str
) -> None:
    line = Line(home_desk(home), None, fault)
    settle(database, line, claim(1))
    with pytest.raises(StorageError):
        care_claims.reverse(database, line, stored(database, claim(1)), reversal(1), NOW)
    with database.reading() as connection:
        [unknown] = read_unknown(connection)
    assert unknown.state is ClaimState.REVERSING
    assert care_claims.resolve(database, line, unknown, NOW).state is ClaimState.REVERSED
    assert (due(database), owed(home), settlements(home)) == (0, 0, 2)


def test_a_refusal_settles_nothing_and_frees_the_visit(database: Database, home: Database) -> None:
    line = Line(home_desk(home))
    with pytest.raises(ClaimError, match="not_insured"):
        settle(database, line, claim(1, person_id="NOBODY"))
    assert stored(database, claim(1)).state is ClaimState.REVERSED
    assert settle(database, line, claim(2, visit_id="V1")).state is ClaimState.SETTLED
    assert (due(database), owed(home)) == (PAID, PAID)


def test_where_home_undoes_last_first_an_earlier_claim_stands(
    database: Database, home: Database
) -> None:
    line = Line(home_desk(home))
    for number in (1, 2):
        settle(database, line, claim(number))
    before = due(database)
    with pytest.raises(ClaimError, match="reversal_not_last"):
        care_claims.reverse(database, line, stored(database, claim(1)), reversal(1), NOW)
    assert stored(database, claim(1)).state is ClaimState.SETTLED
    assert (due(database), owed(home)) == (before, before)


def test_an_unposted_claim_whose_reversal_is_refused_is_posted(
    database: Database, home: Database
) -> None:
    line = Line(home_desk(home), LOST_ANSWER)
    with pytest.raises(StorageError):
        settle(database, line, claim(1))
    settle(database, line, claim(2))
    with pytest.raises(ClaimError, match="reversal_not_last"):
        care_claims.reverse(database, line, stored(database, claim(1)), reversal(1), NOW)
    assert stored(database, claim(1)).state is ClaimState.SETTLED
    assert due(database) == owed(home)


def test_a_split_that_is_not_of_the_bill_pays_nothing(database: Database, home: Database) -> None:
    home_desk(home).settle(ask(1, covered_fen=9_000_00))
    with pytest.raises(StorageError):
        settle(database, Line(home_desk(home), LOST_REQUEST), claim(1))
    with pytest.raises(StorageError, match="split_wrong"):
        care_claims.resolve(database, Line(home_desk(home)), stored(database, claim(1)), NOW)
    assert due(database) == 0


def test_another_bill_under_the_same_claim_id_is_refused(home: Database) -> None:
    desk = home_desk(home)
    desk.settle(ask(1))
    with pytest.raises(ClaimError, match="message_differs"):
        desk.settle(ask(1, covered_fen=9_000_00))


@pytest.mark.parametrize(
    ("kind", "changes", "paid"),
    [
        (Filing.LONG_TERM, {}, 6_272_50),  # (10,000.00 - 350.00) x 65 %
        (Filing.TRANSFER, {}, 6_272_50),
        (Filing.TRANSFER, {"institution_id": "H3"}, 6_272_50),
        (Filing.TRANSFER, {"institution_id": "H2"}, PAID),  # Referred to another hospital.
        (Filing.LONG_TERM, {"care_region": "330000"}, PAID),  # Filed for another province.
        (Filing.LONG_TERM, {"valid_to": day_number(date(2024, 3, 1))}, PAID),
    ],
)
def test_the_filing_at_home_decides_the_cut(
    home: Database, kind: Filing, changes: dict[str, object], paid: int
) -> None:
    shown = home_desk(home, filing("P1", kind, **changes)).preview(ask(1))
    assert shown.split is not None
    assert shown.split.pool_paid_fen == paid


@pytest.mark.parametrize("kind", [Filing.TEMPORARY, Filing.EMERGENCY])
def test_a_filing_of_which_the_policy_says_nothing_has_no_terms(
    home: Database, kind: Filing
) -> None:
    with pytest.raises(ClaimError, match="no_terms"):
        home_desk(home, filing("P1", kind)).preview(ask(1))


def test_an_emergency_counts_as_filed_without_a_record(home: Database) -> None:
    with pytest.raises(ClaimError, match="no_terms"):  # Hainan names no terms for emergencies.
        home_desk(home).preview(ask(1, visit="emergency_inpatient"))


def test_a_region_sees_its_own_claims_alone(home: Database) -> None:
    desk = home_desk(home)
    desk.settle(ask(1))
    other = type(desk)(desk.desk, "330100", NOW)
    assert other.inquire(Inquiry(claim_id=ask(1).claim_id)).fate is Fate.ABSENT


def test_cover_is_told_for_the_day_that_is_asked(home: Database) -> None:
    desk = home_desk(home)
    day = ask(1).begin
    assert desk.check(Cover(person_id="P1", scheme="resident", on=day)).insured
    for wrong in (
        Cover(person_id="P1", scheme="employee", on=day),
        Cover(person_id="P1", scheme="resident", on=date_of_day(0)),
        Cover(person_id="NOBODY", scheme="resident", on=day),
    ):
        assert not desk.check(wrong).insured


def test_both_ledgers_and_chains_hold_after_all_of_it(database: Database, home: Database) -> None:
    line = Line(home_desk(home), LOST_ANSWER, None, None, LOST_ANSWER)
    with pytest.raises(StorageError):
        settle(database, line, claim(1))
    settle(database, line, claim(2))
    settle(database, line, claim(1))
    with pytest.raises(StorageError):
        care_claims.reverse(database, line, stored(database, claim(2)), reversal(2), NOW)
    care_claims.reverse(database, line, stored(database, claim(2)), reversal(2), NOW)
    for ledger in (database, home):
        with ledger.reading() as connection:
            check_ledger(connection)
            assert verify(connection).first_bad is None
    assert due(database) == owed(home)
