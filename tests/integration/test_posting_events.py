"""What no single bill tells, through the ledger: segments, changes of cover, applications.

The policy is that of test_posting.py, with `segments: one_stay`, counters that a change of cover
resets, and an application after the year for half of the cost that the funds left.
"""

from typing import Any

from engine.storage.database import Database
from tests.ledger_world import Record, ask, counters, paid, settled_as, stay, undo

UFEN = 10**6


def part(number: int, segment: int, total: str, **event: Any) -> Record:
    """Return a bill for a part of the stay V1; only the last part is no interim bill."""
    request = stay(number, total, visit_id="V1")
    return request | {"event": {**request["event"], "segment": segment, **event}}


def other(number: int, **event: Any) -> Record:
    """Return the request to take an event that bills no visit."""
    request = stay(number, event=event, settled_at="2024-02-01T10:00:00")
    return {key: request[key] for key in request if key not in ("institution_id", "visit_id")}


def wider(database: Database, *requests: Record) -> list[Record | str]:
    return ask(database, *requests, reversal="wider")


def test_interim_bills_carry_deductible_and_number_from_message_to_message(
    database: Database,
) -> None:
    [first] = wider(database, part(1, 1, "10000.00", interim=True))
    [second] = wider(database, part(2, 2, "12000.00"))
    # (10,000 - 800) x 86 %, then 12,000 x 86 %: together what the stay in one bill is paid.
    assert (paid(first), paid(second)) == ([7_912_00], [10_320_00])
    assert counters(database)["stays"] == 1


def test_a_segment_is_undone_after_those_that_follow_it(database: Database) -> None:
    wider(database, part(1, 1, "10000.00", interim=True), part(2, 2, "12000.00"))
    assert wider(database, undo(3, 1)) == ["reversal_not_last"]
    assert wider(database, undo(4, 1, mode="keep")) == ["reversal_not_last"]
    answers = wider(database, undo(5, 2), undo(6, 1))
    assert [paid(one) for one in answers] == [[-10_320_00], [-7_912_00]]


def test_a_segment_out_of_order_waits(database: Database) -> None:
    assert wider(database, part(1, 2, "12000.00")) == ["segment_out_of_order"]


def test_a_change_of_cover_resets_the_year_and_bars_what_was_before_it(database: Database) -> None:
    change = other(2, kind="cover_change", on="2023-07-01")
    answers = wider(database, stay(1), change, stay(3))
    assert paid(answers[2]) == [18_232_00]
    assert wider(database, undo(4, 1)) == ["reversal_not_last"]
    assert paid(wider(database, undo(5, 3))[0]) == [-18_232_00]
    assert wider(database, undo(6, 1)) == ["reversal_not_last"]


def test_an_application_pays_the_person_once(database: Database) -> None:
    wider(database, stay(1))
    applied = other(2, kind="application", benefit="top_up", year=2023, settled="2024-02-01")
    [answer] = wider(database, applied)
    # 22,000.00 - 18,232.00 = 3,768.00, of which half.
    assert paid(answer, "assistance_paid_fen") == [1_884_00]
    assert paid(answer, "cash_paid_fen") == [-1_884_00]
    assert wider(database, applied | {"message_id": "M3"}) == ["applied_already"]


def test_a_claim_under_an_application_is_undone_only_after_it(database: Database) -> None:
    applied = other(2, kind="application", benefit="top_up", year=2023, settled="2024-02-01")
    wider(database, stay(1), applied)
    assert wider(database, undo(3, 1)) == ["reversal_not_last"]
    answers = wider(database, undo(4, 2), undo(5, 1))
    assert paid(answers[0], "cash_paid_fen") == [1_884_00]
    assert set(counters(database).values()) == {0}


def test_a_cascade_pays_an_application_anew(database: Database) -> None:
    applied = other(3, kind="application", benefit="top_up", year=2023, settled="2024-02-01")
    wider(database, stay(1), stay(2), applied)
    [answer] = wider(database, undo(4, 1, mode="cascade"))
    assert paid(answer, "assistance_paid_fen")[-1] == 1_884_00
    assert counters(database)["pool_paid"] == 18_232_00 * UFEN
    again = undo(5, 3, original=settled_as(4, number=4))
    assert isinstance(wider(database, again)[0], dict)


def test_an_allowance_is_not_for_the_ledger_to_settle_and_changes_nothing(
    database: Database,
) -> None:
    given = other(1, kind="allowance", allowance="birth", on="2023-05-04")
    assert wider(database, given) == ["not_supported"]
    assert counters(database) == {}
