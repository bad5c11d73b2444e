"""Undoing: last first, cascade and keep; refunds; the reversal of a message.

Three stays of 22,000.00, 22,000.00 and 30,000.00 are paid 18,232.00, 18,936.00 and 28,310.00.
Without the first, the second is the first stay of its year and paid 18,232.00 too, and the third
the second one: (18,000 - 400) x 86 % + 12,000 x 95 % = 26,536.00.
"""

import json
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from engine.errors import PolicyError
from engine.policy.book import PolicyBook, parse_scheme
from engine.policy.compiler import compile_book
from engine.storage import ledger_tables as t
from engine.storage.audit import verify
from engine.storage.database import Database
from engine.storage.messages import read_message
from engine.storage.posting import post
from tests.ledger_world import (
    NOW,
    POLICY,
    ask,
    book,
    contents,
    counters,
    paid,
    refund,
    settled_as,
    stay,
    undo,
)

UFEN = 10**6
STAYS = (stay(1), stay(2), stay(3, "30000.00"))


def amounts(database: Database, columns: Sequence[str]) -> list[tuple[int, ...]]:
    with database.reading() as connection:
        query = sa.select(*(t.SETTLEMENTS.c[name] for name in columns))
        return sorted(map(tuple, connection.execute(query)))


def test_the_last_settlement_is_undone_to_the_state_before_it(database: Database) -> None:
    ask(database, stay(1), stay(2))
    before = counters(database)
    ask(database, stay(3, "30000.00"))
    [answer] = ask(database, undo(4, 3))
    assert paid(answer) == [-28_310_00]
    assert counters(database) == before


def test_a_reversal_is_the_exact_negative_of_every_amount(database: Database) -> None:
    ask(database, stay(1), undo(2, 1))
    names = [*t.AMOUNTS, *t.LAYER_PAID]
    reversal, original = amounts(database, names)
    assert [-amount for amount in original] == list(reversal)
    legs = contents(database)["legs"]
    assert sum(leg[-1] for leg in legs) == 0
    assert len(legs) == 4


def test_an_undone_visit_can_be_settled_again(database: Database) -> None:
    ask(database, stay(1), undo(2, 1))
    assert paid(ask(database, stay(3, visit_id="V1"))[0]) == [18_232_00]


def test_last_first_refuses_one_in_the_middle_and_names_the_last(database: Database) -> None:
    ask(database, *STAYS)
    before = contents(database)
    assert ask(database, undo(4, 1)) == ["reversal_not_last"]
    assert contents(database) == before


def test_last_first_goes_back_one_by_one_in_one_batch(database: Database) -> None:
    answers = ask(database, *STAYS, undo(4, 3), undo(5, 2), undo(6, 1))
    assert [paid(one)[0] for one in answers[3:]] == [-28_310_00, -18_936_00, -18_232_00]
    assert set(counters(database).values()) == {0}


def test_a_settlement_is_undone_once(database: Database) -> None:
    ask(database, stay(1), undo(2, 1))
    assert ask(database, undo(3, 1)) == ["reversed_twice"]
    ask(database, stay(4, visit_id="V1"))
    assert ask(database, undo(5, 1)) == ["reversed_twice"]


def test_a_reversal_is_not_undone_as_a_settlement(database: Database) -> None:
    ask(database, stay(1), undo(2, 1))
    assert ask(database, undo(3, 2)) == ["reversal_unknown"]


def test_another_person_does_not_undo_it(database: Database) -> None:
    ask(database, stay(1))
    assert ask(database, undo(2, 1, person_id="P2")) == ["person_mismatch"]


def test_a_cascade_settles_later_ones_as_if_the_first_had_never_been(database: Database) -> None:
    ask(database, *STAYS, reversal="cascade")
    [answer] = ask(database, undo(4, 1), reversal="cascade")
    assert paid(answer) == [-28_310_00, -18_936_00, -18_232_00, 18_232_00, 26_536_00]
    assert counters(database) == {
        "stays": 2,
        "covered_cost": 52_000_00 * UFEN,
        "pool_paid": 44_768_00 * UFEN,
    }
    assert isinstance(answer, dict)
    causes = [one.get("cause") for one in answer["settlements"]]
    first = settled_as(4)
    assert causes == [first, first, None, first, first]


def test_what_a_cascade_settled_anew_can_be_undone_in_turn(database: Database) -> None:
    ask(database, *STAYS, undo(4, 1), reversal="cascade")
    again = undo(5, 3, original=settled_as(4, number=4))
    [answer] = ask(database, again, reversal="cascade")
    assert paid(answer) == [-26_536_00]


def test_keep_lets_later_ones_stand_and_records_what_they_would_have_been(
    database: Database,
) -> None:
    ask(database, *STAYS, reversal="keep")
    [answer] = ask(database, undo(4, 1), reversal="keep")
    assert paid(answer) == [-18_232_00]
    assert counters(database)["pool_paid"] == (18_936_00 + 28_310_00) * UFEN
    c = t.VARIANCES.c
    with database.reading() as connection:
        pool = sa.select(c.settlement_id, c.paid_fen, c.would_be_fen).where(
            c.amount == "pool_paid_fen", c.cause == settled_as(4)
        )
        found = set(map(tuple, connection.execute(pool)))
    assert found == {
        (settled_as(2), 18_936_00, 18_232_00),
        (settled_as(3), 28_310_00, 26_536_00),
    }


EFFECT_MOVES = "2478.00"
"""18,936.00 - 18,232.00 and 28,310.00 - 26,536.00: what persons would pay, not the pool."""


def below(amount: str, otherwise: str) -> str:
    """Return how a policy says that later settlements stand while less than an amount moves."""
    return f'{{keep_below: "{amount}", otherwise: {otherwise}}}'


def test_an_effect_below_the_policys_amount_lets_later_ones_stand(database: Database) -> None:
    reversal = below("2478.01", "last_first")
    ask(database, *STAYS, reversal=reversal)
    [answer] = ask(database, undo(4, 1), reversal=reversal)
    assert paid(answer) == [-18_232_00]
    assert {row[0] for row in contents(database)["variances"]} == {settled_as(2), settled_as(3)}


@pytest.mark.parametrize(
    ("otherwise", "expected"),
    [
        ("last_first", "reversal_not_last"),
        ("cascade", [-28_310_00, -18_936_00, -18_232_00, 18_232_00, 26_536_00]),
    ],
)
def test_an_effect_of_the_policys_amount_is_undone_the_other_way(
    otherwise: str, expected: str | list[int], database: Database
) -> None:
    reversal = below(EFFECT_MOVES, otherwise)
    ask(database, *STAYS, reversal=reversal)
    [answer] = ask(database, undo(4, 1), reversal=reversal)
    assert (answer if isinstance(answer, str) else paid(answer)) == expected
    assert contents(database)["variances"] == []


def test_a_message_that_asks_for_a_way_is_not_held_to_the_policys_amount(
    database: Database,
) -> None:
    reversal = below("100000.00", "cascade")
    ask(database, *STAYS, reversal=reversal)
    assert ask(database, undo(4, 1, mode="last_first"), reversal=reversal) == ["reversal_not_last"]


@pytest.mark.parametrize(
    ("amount", "code"),
    [('"-1.00"', "negative"), ("50", "not_an_amount"), ('"5.005"', "money_format")],
)
def test_the_policys_amount_is_text_of_yuan_not_below_zero(amount: str, code: str) -> None:
    with pytest.raises(PolicyError) as refused:
        book(f"{{keep_below: {amount}, otherwise: cascade}}")
    assert refused.value.code == code


def test_a_refund_cancels_the_whole_and_settles_the_rest(database: Database) -> None:
    ask(database, stay(1))
    [answer] = ask(database, refund(2, 1, "10000.00"))
    assert paid(answer) == [-18_232_00, 7_912_00]  # (10,000 - 800) x 86 %
    assert counters(database)["stays"] == 1


def test_a_refund_in_the_middle_takes_the_place_of_its_original(database: Database) -> None:
    ask(database, *STAYS, reversal="cascade")
    [answer] = ask(database, refund(4, 1, "10000.00"), reversal="cascade")
    # 7,912.00; then (22,000 - 400) x 86 %; then (8,000 - 200) x 86 % + 22,000 x 95 %.
    assert paid(answer)[3:] == [7_912_00, 18_576_00, 27_608_00]


def test_a_refund_whose_rest_cannot_be_settled_changes_nothing(database: Database) -> None:
    ask(database, stay(1))
    before = contents(database)
    bad = refund(2, 1, "10000.00")
    bad["event"] = {**bad["event"], "begin": "2030-03-01", "end": "2030-03-08"}
    assert ask(database, bad) == ["policy_not_reviewed"]
    after = contents(database)
    assert {**after, "person_years": before["person_years"]} == before


@pytest.mark.parametrize("undone", ["settle", "cancel", "refund"])
def test_reversing_a_message_restores_what_was_before_it(undone: str, database: Database) -> None:
    ask(database, stay(1))
    before = counters(database)
    request = {"settle": stay(2), "cancel": undo(2, 1), "refund": refund(2, 1, "10000.00")}[undone]
    ask(database, request)
    [answer] = ask(database, undo(3, 2, "reverse_message"))
    assert isinstance(answer, dict)
    assert counters(database) == before


def test_reversing_a_message_that_never_came_changes_no_money(database: Database) -> None:
    ask(database, stay(1))
    before = contents(database)
    assert ask(database, undo(2, 99, "reverse_message")) == ["message_unknown"]
    after = contents(database)
    assert len(after.pop("messages")) == len(before.pop("messages")) + 1
    assert after == before
    with database.reading() as connection:
        assert verify(connection).records == 2


@pytest.mark.parametrize("together", [False, True], ids=["later", "in one batch"])
def test_a_message_that_comes_after_its_reversal_is_not_carried_out(
    together: bool, database: Database
) -> None:
    reversal, late = undo(2, 1, "reverse_message"), stay(1)
    if together:
        answers = ask(database, reversal, late, reversal)
    else:
        answers = [ask(database, one)[0] for one in (reversal, late, reversal)]
    assert answers == ["message_unknown", "message_void", "message_unknown"]
    assert contents(database)["settlements"] == []
    # The visit is free: the hospital settles it by another message.
    assert paid(ask(database, stay(3, visit_id="V1"))[0]) == [18_232_00]


def test_a_refused_message_can_still_be_reversed_and_is_then_void(database: Database) -> None:
    bad = stay(1)
    bad["event"] = {**bad["event"], "begin": "2030-03-01", "end": "2030-03-08"}
    assert ask(database, bad, undo(2, 1, "reverse_message")) == [
        "policy_not_reviewed",
        "message_unknown",
    ]
    assert ask(database, stay(1)) == ["message_void"]


def test_a_message_is_reversed_once(database: Database) -> None:
    ask(database, stay(1), undo(2, 1, "reverse_message"))
    assert ask(database, undo(3, 1, "reverse_message")) == ["reversed_twice"]
    # The cancellation is reversed in turn, and that again refused while the visit is billed.
    ask(database, undo(4, 2, "reverse_message"))
    assert ask(database, undo(5, 2, "reverse_message")) == ["reversed_twice"]


def test_a_message_of_another_sender_is_not_reversed(database: Database) -> None:
    ask(database, stay(1))
    other = undo(2, 1, "reverse_message", sender_id="H2")
    assert ask(database, other) == ["message_unknown"]


def test_a_late_claim_counts_in_the_year_of_its_own_date(database: Database) -> None:
    ask(database, stay(1, settled_at="2024-02-01T10:00:00"))
    late = stay(2, settled_at="2024-02-02T10:00:00")
    late["event"] = {**late["event"], "begin": "2023-01-01", "end": "2023-01-09"}
    this_year = stay(3, settled_at="2024-02-03T10:00:00")
    this_year["event"] = {**this_year["event"], "begin": "2024-01-20", "end": "2024-02-01"}
    answers = ask(database, late, this_year)
    assert [paid(one) for one in answers] == [[18_936_00], [18_232_00]]
    # Years do not bind each other: the first of 2023 is not the last of 2023, that of 2024 is.
    assert ask(database, undo(4, 1)) == ["reversal_not_last"]
    assert isinstance(ask(database, undo(5, 2))[0], dict)


def test_a_change_of_class_holds_from_the_next_claim_on(database: Database) -> None:
    ask(database, stay(1))
    retired = stay(2, person={"class": "retired"})
    # Retired: 93 % up to 40,000.00 of the year and 97 % above: (18,000 - 400) and 4,000.
    assert paid(ask(database, retired)[0]) == [16_368_00 + 3_880_00]


PRICED = """
lines:
- {from: 2023-01-01, reviewed_until: 2024-12-31, source: worked-by-hand, unknown_item: self_pay}
"""


def test_what_a_cascade_settles_anew_keeps_the_lines_that_were_billed(database: Database) -> None:
    text = POLICY.read_text(encoding="utf-8").replace("last_first", "cascade") + PRICED
    cascading = compile_book(PolicyBook([parse_scheme(text, "policy")]))
    inputs = []
    for person, code in (("P1", "X1"), ("P2", "X1"), ("P3", "X2")):
        event = {key: value for key, value in stay(1)["event"].items() if key != "total"}
        line = {"code": code, "class": "A", "price": "22000.00", "quantity": "1"}
        own = {"person_id": person}
        requests = [
            stay(f"1{person}", visit_id=f"A{person}", **own),
            stay(f"2{person}", visit_id=f"B{person}", event=event | {"lines": [line]}, **own),
            undo(f"3{person}", f"1{person}", **own),
        ]
        messages = [read_message(json.dumps(one).encode(), cascading) for one in requests]
        *_, answer = post(database, cascading, messages, NOW)
        assert isinstance(answer, bytes)
        anew = json.loads(answer)["settlements"][-1]
        assert (anew["kind"], anew["pool_paid_fen"]) == ("claim", 18_232_00)
        inputs.append(anew["receipt"]["input_hash"])
    assert inputs[0] == inputs[1] != inputs[2]
