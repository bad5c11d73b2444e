"""Posting: one transaction settles, a message counts once, and what is refused changes nothing.

The policy is tests/golden/policies/hand-employee-stays.yaml: in a tertiary hospital 800, 400, 200
are deducted; 86 % is paid up to 40,000.00 of the year's cost and 95 % above, at most 80,000.00.
"""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from engine.errors import ClaimError, StorageError
from engine.storage import ledger_tables as t
from engine.storage.audit import AUDIT_RECORDS, verify
from engine.storage.database import Database
from engine.storage.ledger_rows import row_hash
from engine.storage.posting import forget_answers, post, preview
from tests.ledger_world import (
    NOW,
    ask,
    book,
    contents,
    counters,
    message,
    paid,
    settled_as,
    stay,
    undo,
)

UFEN = 10**6
STAYS = ((1, "22000.00"), (2, "22000.00"), (3, "30000.00"))


def test_stays_of_a_year_are_settled_from_the_state_that_the_last_one_left(
    database: Database,
) -> None:
    # (22,000 - 800) x 86 %; then (18,000 - 400) x 86 % + 4,000 x 95 %; then (30,000 - 200) x 95 %.
    answers = [ask(database, stay(1)), ask(database, stay(2)), ask(database, stay(3, "30000.00"))]
    assert [paid(one) for [one] in answers] == [[18_232_00], [18_936_00], [28_310_00]]
    assert counters(database) == {
        "stays": 3,
        "covered_cost": 74_000_00 * UFEN,
        "pool_paid": 65_478_00 * UFEN,
    }


def test_a_fund_tells_what_its_cap_had_left(database: Database) -> None:
    [_], [_], [third] = [ask(database, stay(k, total)) for k, total in STAYS]
    assert isinstance(third, dict)
    # 80,000 - 18,232 - 18,936.
    [pool] = third["settlements"][0]["funds"]
    assert pool == {"fund": "pool", "paid_fen": 28_310_00, "cap_left_fen": 42_832_00}


def test_a_batch_pays_what_its_messages_pay_one_by_one(database: Database) -> None:
    together = ask(database, stay(1), stay(2), stay(3, "30000.00"))
    assert [paid(one) for one in together] == [[18_232_00], [18_936_00], [28_310_00]]


def test_the_same_message_is_answered_by_the_same_bytes_and_settles_once(
    database: Database,
) -> None:
    [first] = post(database, book(), [message(stay(1))], NOW)
    before = contents(database)
    [second] = post(database, book(), [message(stay(1))], NOW + 1)
    assert first == second
    assert contents(database) == before


def test_a_message_sent_twice_in_one_batch_settles_once(database: Database) -> None:
    first, second = post(database, book(), [message(stay(1)), message(stay(1))], NOW)
    assert first == second
    assert counters(database)["stays"] == 1


def test_a_message_id_with_another_body_is_an_error_and_changes_nothing(
    database: Database,
) -> None:
    ask(database, stay(1))
    before = contents(database)
    assert ask(database, stay(1, "1.00")) == ["message_differs"]
    assert contents(database) == before
    assert ask(database, stay(2, "1000.00"), stay(2, "2000.00"))[1] == "message_differs"


def test_a_visit_has_one_live_settlement(database: Database) -> None:
    ask(database, stay(1))
    [refused] = post(database, book(), [message(stay(2, visit_id="V1"))], NOW)
    assert isinstance(refused, ClaimError)
    assert refused.code == "duplicate_visit"
    assert settled_as(1) in refused.message_zh
    both = ask(database, stay(3, visit_id="V9"), stay(4, visit_id="V9"))
    assert both[1] == "duplicate_visit"


def test_what_the_engine_turns_away_changes_nothing(database: Database) -> None:
    late = stay(1)
    late["event"] = {**late["event"], "begin": "2030-03-01", "end": "2030-03-08"}
    assert ask(database, late) == ["policy_not_reviewed"]
    rows = contents(database)
    assert {name for name, found in rows.items() if found} == {"person_years"}


def test_one_refusal_of_a_batch_leaves_the_others_settled(database: Database) -> None:
    answers = ask(database, stay(1), undo(2, 99), stay(3, person_id="P2"))
    assert [isinstance(one, str) for one in answers] == [False, True, False]


def test_a_preview_says_what_settling_then_says_and_writes_nothing(database: Database) -> None:
    ask(database, stay(1))
    before = contents(database)
    said = preview(database, book(), [message(stay(2))], NOW)
    assert contents(database) == before
    assert said == post(database, book(), [message(stay(2))], NOW)


def test_an_answer_is_forgotten_after_its_time_and_the_message_still_settles_once(
    database: Database,
) -> None:
    ask(database, stay(1))
    assert forget_answers(database, NOW) == 0
    assert forget_answers(database, NOW + 1) == 1
    assert ask(database, stay(1)) == ["answer_forgotten"]
    assert ask(database, stay(1, "1.00")) == ["message_differs"]


def test_every_leg_of_a_settlement_has_its_opposite(database: Database) -> None:
    ask(database, stay(1))
    c = t.LEGS.c
    with database.reading() as connection:
        legs = connection.execute(sa.select(c.party, c.amount_fen).order_by(c.number)).all()
    assert [tuple(leg) for leg in legs] == [("", 18_232_00), ("H1", -18_232_00)]


def test_each_settlement_of_a_year_has_the_next_version(database: Database) -> None:
    ask(database, stay(1), stay(2))
    ask(database, stay(3))
    c = t.SETTLEMENTS.c
    with database.reading() as connection:
        assert connection.scalars(sa.select(c.version).order_by(c.version)).all() == [1, 2, 3]
        year = sa.select(t.PERSON_YEARS.c.version).where(t.PERSON_YEARS.c.year == 2023)
        assert connection.scalar(year) == 3


def test_a_credit_to_the_account_is_posted_and_counts_once(database: Database) -> None:
    credit = stay(1, event={"kind": "account_credit", "amount": "300.00"})
    for key in ("institution_id", "visit_id"):
        del credit[key]
    ask(database, credit)
    ask(database, credit)
    assert counters(database) == {"account_balance": 300_00 * UFEN}


def test_a_closed_year_takes_no_more_claims(database: Database) -> None:
    close = stay(1, event={"kind": "year_close", "year": 2023})
    assert ask(database, close, stay(2))[1] == "year_closed"
    assert ask(database, stay(3)) == ["year_closed"]


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"verb": "pay"}, "verb"),
        ({"person_id": ""}, "person_id"),
        ({"unknown": 1}, "unknown"),
        ({"visit_id": None}, "visit_id"),
        ({"event": None}, "event"),
        ({"verb": "cancel"}, "event"),
    ],
)
def test_a_request_that_is_not_of_the_form_is_refused_with_its_place(
    changed: dict[str, Any], place: str
) -> None:
    with pytest.raises(ClaimError) as refused:
        message(stay(1, **changed))
    assert refused.value.code == "message_format"
    assert refused.value.facts["place"] == place


def test_a_request_that_is_no_json_is_refused() -> None:
    from engine.storage.messages import read_message  # noqa: PLC0415

    with pytest.raises(ClaimError, match="message_format"):
        read_message(b"{", book())


def test_a_scheme_without_policy_is_refused() -> None:
    with pytest.raises(ClaimError, match="no_policy"):
        message(stay(1, scheme="resident"))


def test_a_settlement_whose_policy_is_gone_is_not_undone_by_another(database: Database) -> None:
    from engine.policy.book import PolicyBook  # noqa: PLC0415
    from engine.policy.compiler import compile_book  # noqa: PLC0415

    ask(database, stay(1))
    with pytest.raises(StorageError, match="scheme_gone"):
        post(database, compile_book(PolicyBook([])), [message(undo(2, 1))], NOW)


def test_the_answer_names_its_settlement_and_its_amounts(database: Database) -> None:
    [answer] = post(database, book(), [message(stay(1))], NOW)
    assert isinstance(answer, bytes)
    [told] = json.loads(answer)["settlements"]
    assert told["settlement_id"] == settled_as(1)
    assert (told["kind"], told["total_fen"], told["cash_paid_fen"]) == ("claim", 2200000, 376800)


def test_every_message_leaves_an_audit_record_with_the_hash_of_each_settlement(
    database: Database,
) -> None:
    ask(database, stay(1), stay(2), undo(3, 2))
    with database.reading() as connection:
        records = connection.scalars(sa.select(AUDIT_RECORDS.c.content)).all()
        rows = connection.execute(sa.select(t.SETTLEMENTS)).mappings().all()
        verified = verify(connection)
    told = {key: value for one in records for key, value in json.loads(one)["settlements"].items()}
    assert told == {row["settlement_id"]: row_hash(dict(row)) for row in rows}
    assert (verified.records, verified.first_bad) == (3, None)
