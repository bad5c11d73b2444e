from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.steps.check import Nights
from tests.deliveries import NIGHT, REFERENCE, Delivery, Outcome, Record, run

CLAIMS, LINES = "claims-1.csv", "lines-1.csv"
FALLS_WITH_ITS_CLAIM = {(LINES, 1): ["claim_rejected"], (LINES, 2): ["claim_rejected"]}


@pytest.fixture
def delivery() -> Delivery:
    """An empty delivery."""
    return Delivery()


def known(number: int, **changes: Any) -> Record:
    return {
        "settlement_id": f"S{number}",
        "institution_id": "H1",
        "visit_id": f"V{number}",
        "segment": 1,
        "person_id": "P1",
        "total_fen": 1230,
        "live": True,
    } | changes


def first_codes(outcome: Outcome) -> dict[int, str]:
    """The first code of each rejected claim by its number in the file."""
    return {row: codes[0] for (file, row), codes in outcome.codes.items() if file == CLAIMS}


# --- what is settled


def test_right_bills_are_kept_with_their_lines(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(1)
    delivery.bill(2, "4.00")
    outcome = run(delivery, tmp_path)
    assert outcome.settled == ["S1", "S2"]
    assert outcome.lines.select("claim", "amount_fen").rows() == [(0, 1000), (0, 230), (1, 400)]


def test_claims_learn_what_the_registers_say(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(1, psn_type="", hosp_lv="")
    claims = run(delivery, tmp_path).claims
    learnt = claims.select(
        "sex", "birth_day", "person_type", "hospital_level", "price_level", "deductible_level"
    )
    assert learnt.row(0) == (1, (date(1960, 2, 29) - date(1970, 1, 1)).days, 1, 2, 3, "L3")


def test_claims_are_numbered_anew_when_one_before_them_falls(
    delivery: Delivery, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        delivery.bill(number)
    delivery.claims[1]["enddate"] = "2024-06-01"
    outcome = run(delivery, tmp_path)
    assert outcome.claims["claim"].to_list() == [0, 1]
    assert outcome.lines.select("claim", "row").rows() == [(0, 1), (0, 2), (1, 5), (1, 6)]


# --- one claim against dates, registers and its own lines


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"enddate": "2024-06-18"}, "end_before_begin"),
        ({"setl_time": "2024-07-01 00:00:00"}, "settled_after_night"),
        ({"psn_no": "P9"}, "unknown_person"),
        ({"certno": "11010519491231002X"}, "identity_mismatch"),
        ({"insutype": "390"}, "not_covered"),
        ({"psn_no": "P2"}, "not_covered"),
        ({"begndate": "2023-12-31"}, "not_covered"),
        ({"insuplc_admdvs": "610100"}, "not_covered"),
        ({"fixmedins_code": "H9"}, "unknown_institution"),
        ({"medfee_sumamt": "12.31"}, "lines_do_not_sum"),
        ({"medfee_sumamt": "-12.30"}, "negative_amount"),
    ],
)
def test_a_claim_that_cannot_be_right_falls_with_its_lines(
    delivery: Delivery, tmp_path: Path, changes: Record, code: str
) -> None:
    delivery.bill(1, **changes)
    delivery.bill(2)
    outcome = run(delivery, tmp_path)
    assert outcome.settled == ["S2"]
    assert first_codes(outcome) == {1: code}
    assert {k: v for k, v in outcome.codes.items() if k[0] == LINES} == FALLS_WITH_ITS_CLAIM


def test_a_region_without_policy_is_left_to_wait_for_one(
    delivery: Delivery, tmp_path: Path
) -> None:
    delivery.bill(1, insuplc_admdvs="999900")
    assert run(delivery, tmp_path).settled == ["S1"]


def test_cover_is_that_of_the_first_day(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(1, psn_no="P2", begndate="2024-04-30")
    delivery.bill(2, psn_no="P2", begndate="2024-05-01")
    assert run(delivery, tmp_path).settled == ["S1"]


def test_cover_may_lapse_and_come_back(delivery: Delivery, tmp_path: Path) -> None:
    again = REFERENCE["persons"][1] | {"cover_from": "2024-06-01", "cover_to": ""}
    delivery.bill(1, psn_no="P2")
    delivery.bill(2, psn_no="P2", begndate="2024-05-15")
    outcome = run(delivery, tmp_path, persons=[*REFERENCE["persons"], again])
    assert outcome.settled == ["S1"]


def test_the_last_second_of_the_night_still_belongs_to_it(
    delivery: Delivery, tmp_path: Path
) -> None:
    delivery.bill(1, setl_time=f"{NIGHT} 23:59:59")
    assert run(delivery, tmp_path).settled == ["S1"]


def test_a_claim_without_lines_is_rejected(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(1)
    delivery.bill(2)
    del delivery.lines[:2]
    assert first_codes(run(delivery, tmp_path)) == {1: "claim_without_lines"}


def test_a_line_that_falls_takes_its_claim_and_the_other_lines(
    delivery: Delivery, tmp_path: Path
) -> None:
    delivery.bill(1)
    delivery.bill(2)
    delivery.lines[0]["cnt"] = "one"
    outcome = run(delivery, tmp_path)
    assert outcome.settled == ["S2"]
    assert outcome.codes == {
        (CLAIMS, 1): ["line_rejected"],
        (LINES, 1): ["money_format"],
        (LINES, 2): ["claim_rejected"],
    }


def test_a_negative_line_outside_a_refund_is_rejected(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(1, "10.00", "-2.00", medfee_sumamt="8.00")
    outcome = run(delivery, tmp_path)
    assert outcome.codes[LINES, 2] == ["negative_amount"]
    assert outcome.settled == []


def test_an_orphan_line_is_rejected_alone(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(1)
    delivery.lines.append(delivery.lines[0] | {"setl_id": "S7", "feedetl_sn": "x"})
    outcome = run(delivery, tmp_path)
    assert outcome.settled == ["S1"]
    assert outcome.codes == {(LINES, 3): ["orphan_line"]}


def test_all_codes_of_a_claim_are_told_and_the_first_is_counted(
    delivery: Delivery, tmp_path: Path
) -> None:
    delivery.bill(1, enddate="2024-06-18", fixmedins_code="H9")
    outcome = run(delivery, tmp_path)
    assert outcome.codes[CLAIMS, 1] == ["end_before_begin", "unknown_institution"]
    assert set(outcome.checked.by_code) == {"end_before_begin", "claim_rejected"}


# --- claims that wait


def test_a_settlement_of_a_published_night_waits(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(1, setl_time="2024-06-29 23:59:59")
    delivery.bill(2, setl_time="2024-06-30 00:00:00")
    outcome = run(delivery, tmp_path, nights=Nights(NIGHT, published=date(2024, 6, 29)))
    assert outcome.settled == ["S2"]
    assert outcome.pending == {"S1": "late"}
    assert outcome.checked.waiting.lines == 2


def test_what_is_rejected_does_not_wait(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(1, psn_no="P9")
    outcome = run(delivery, tmp_path, nights=Nights(NIGHT, published=NIGHT))
    assert outcome.pending == {}
    assert first_codes(outcome) == {1: "unknown_person"}


def test_a_refund_waits_with_its_original(delivery: Delivery, tmp_path: Path) -> None:
    original = delivery.bill(1, setl_time="2024-06-28 10:00:00")
    delivery.refund(2, original, setl_time="2024-06-30 10:00:00")
    outcome = run(delivery, tmp_path, nights=Nights(NIGHT, published=date(2024, 6, 29)))
    assert outcome.pending == {"S1": "late", "S2": "original_pending"}


# --- the same twice


def test_a_settlement_of_an_earlier_night_is_not_settled_again(
    delivery: Delivery, tmp_path: Path
) -> None:
    delivery.bill(1)
    delivery.bill(2)
    outcome = run(delivery, tmp_path, known=[known(1, live=False, visit_id="V9")])
    assert first_codes(outcome) == {1: "duplicate_settlement_id"}


def test_a_segment_of_a_visit_is_billed_once(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(2, mdtrt_id="V1")
    delivery.bill(1, mdtrt_id="V1")
    delivery.bill(3, mdtrt_id="V1", segment="2")
    outcome = run(delivery, tmp_path)
    assert outcome.settled == ["S1", "S3"]
    assert first_codes(outcome) == {1: "duplicate_visit"}


@pytest.mark.parametrize(("live", "settled"), [(True, []), (False, ["S1"])])
def test_a_live_settlement_of_an_earlier_night_bars_its_visit(
    delivery: Delivery, tmp_path: Path, live: bool, settled: list[str]
) -> None:
    delivery.bill(1, mdtrt_id="V8")
    assert run(delivery, tmp_path, known=[known(8, live=live)]).settled == settled


def test_a_visit_may_be_billed_again_after_its_refund(delivery: Delivery, tmp_path: Path) -> None:
    original = delivery.bill(1)
    delivery.refund(2, original)
    delivery.bill(3, "9.00", mdtrt_id="V1")
    assert run(delivery, tmp_path).settled == ["S1", "S2", "S3"]


def test_a_visit_may_not_be_billed_again_before_its_refund(
    delivery: Delivery, tmp_path: Path
) -> None:
    original = delivery.bill(1)
    delivery.refund(3, original)
    delivery.bill(2, "9.00", mdtrt_id="V1")
    assert run(delivery, tmp_path).settled == ["S1", "S3"]


def test_a_rejected_claim_does_not_bar_its_visit(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(1, fixmedins_code="H1", medfee_sumamt="1.00")
    delivery.bill(2, mdtrt_id="V1")
    assert run(delivery, tmp_path).settled == ["S2"]


# --- refunds


def test_a_refund_of_tonight_is_kept_with_its_original(delivery: Delivery, tmp_path: Path) -> None:
    delivery.refund(2, delivery.bill(1))
    outcome = run(delivery, tmp_path)
    assert outcome.claims["total_fen"].to_list() == [1230, -1230]
    assert outcome.lines["amount_fen"].to_list() == [1000, 230, -1000, -230]


def test_a_refund_may_come_before_its_original_in_the_file(
    delivery: Delivery, tmp_path: Path
) -> None:
    delivery.refund(2, delivery.bill(1))
    delivery.claims.reverse()
    delivery.lines.reverse()
    assert run(delivery, tmp_path).settled == ["S2", "S1"]


def test_a_refund_of_an_earlier_night_is_kept(delivery: Delivery, tmp_path: Path) -> None:
    original = delivery.bill(1)
    delivery.refund(2, original)
    del delivery.claims[0], delivery.lines[:2]
    assert run(delivery, tmp_path, known=[known(1)]).settled == ["S2"]


def test_cover_that_ended_does_not_bar_a_refund(delivery: Delivery, tmp_path: Path) -> None:
    original = delivery.bill(1, psn_no="P2")
    delivery.refund(2, original)
    del delivery.claims[0], delivery.lines[:2]
    assert run(delivery, tmp_path, known=[known(1, person_id="P2")]).settled == ["S2"]


@pytest.mark.parametrize(
    ("changes", "earlier", "code"),
    [
        ({"ref_setl_id": "S9"}, [], "refund_without_original"),
        ({"ref_setl_id": ""}, [], "refund_without_original"),
        ({"ref_setl_id": "S2"}, [], "refund_without_original"),
        ({"ref_setl_id": "S8"}, [known(8, live=False)], "reversed_twice"),
        ({"ref_setl_id": "S8"}, [known(8, person_id="P2")], "person_mismatch"),
        ({"ref_setl_id": "S8"}, [known(8, total_fen=1231)], "refund_differs"),
    ],
)
def test_a_refund_that_undoes_nothing_of_the_kind_is_rejected(
    delivery: Delivery, tmp_path: Path, changes: Record, earlier: list[Record], code: str
) -> None:
    delivery.refund(2, delivery.bill(1), **changes)
    outcome = run(delivery, tmp_path, known=earlier)
    assert outcome.settled == ["S1"]
    assert first_codes(outcome) == {2: code}


def test_a_refund_of_other_lines_with_the_same_sum_is_rejected(
    delivery: Delivery, tmp_path: Path
) -> None:
    delivery.refund(2, delivery.bill(1))
    for line, amount in zip(delivery.lines[2:], ("2.30", "10.00"), strict=True):
        line |= {"det_item_fee_sumamt": f"-{amount}", "pric": amount}
    assert first_codes(run(delivery, tmp_path)) == {2: "refund_differs"}


def test_a_positive_refund_is_rejected(delivery: Delivery, tmp_path: Path) -> None:
    delivery.refund(2, delivery.bill(1))
    delivery.claims[1]["medfee_sumamt"] = "12.30"
    assert first_codes(run(delivery, tmp_path)) == {2: "refund_not_negative"}


def test_a_refund_line_must_name_the_line_that_it_undoes(
    delivery: Delivery, tmp_path: Path
) -> None:
    delivery.refund(2, delivery.bill(1))
    delivery.lines[2]["init_feedetl_sn"] = ""
    outcome = run(delivery, tmp_path)
    assert outcome.codes[LINES, 3] == ["missing_value"]
    assert outcome.settled == ["S1"]


def test_a_refund_falls_with_its_original(delivery: Delivery, tmp_path: Path) -> None:
    original = delivery.bill(1)
    delivery.refund(2, original)
    original["enddate"] = "2024-06-01"
    delivery.claims[0] = original
    outcome = run(delivery, tmp_path)
    assert first_codes(outcome) == {1: "end_before_begin", 2: "refund_without_original"}


# --- counts


def test_counts_are_told_by_the_first_code(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(1, psn_no="P9")
    delivery.bill(2)
    checked = run(delivery, tmp_path).checked
    counts = {code: (n.claims, n.lines) for code, n in checked.by_code.items()}
    assert counts == {"unknown_person": (1, 0), "claim_rejected": (0, 2)}
    assert (checked.input.claims, checked.kept.claims, checked.rejected.claims) == (2, 1, 1)


def test_records_of_a_refused_file_count_as_rejected(delivery: Delivery, tmp_path: Path) -> None:
    delivery.bill(1)
    for line in delivery.lines:
        line["surprise"] = ""
    checked = run(delivery, tmp_path).checked
    counts = {code: (n.claims, n.lines) for code, n in checked.by_code.items()}
    assert counts == {"claim_without_lines": (1, 0), "unknown_column": (0, 2)}
    assert (checked.rejected.claims, checked.rejected.lines) == (1, 2)
