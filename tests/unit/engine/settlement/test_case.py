"""Case files: read strictly, settled as docs/case-files.md says."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.errors import ClaimError, EngineError, PolicyError
from engine.policy.book import SHIPPED
from engine.policy.reader import Document
from engine.settlement.case import settle_case
from tests.unit.engine.settlement.stories import (
    Record,
    annual,
    case_of,
    claim,
    credit,
    layer,
    per_stay,
    policy,
)

POLICY = policy(
    layer((None, "80%"), deductible=per_stay(["800.00", "400.00"])),
    counters="stays paid by:year+disease",
    ordinal="stays",
)
SHIPPED_CASE: Record = {
    "region": "610100",
    "scheme": "employee",
    "person": {"class": "retired"},
    "events": [claim("a", "22000.00")],
}


def settled(*events: Record, **case: Any) -> list[Record]:
    answer = settle_case(case_of(*events, **{"policy": POLICY} | case))
    assert answer["allowances"] == []
    found: list[Record] = answer["settlements"]
    return found


def refused(case: Record) -> EngineError:
    with pytest.raises(EngineError) as caught:
        settle_case(case)
    return caught.value


def with_event(**changes: Any) -> Record:
    return case_of(claim("a", "1.00") | changes, policy=POLICY)


def with_line(**changes: Any) -> Record:
    return case_of(claim("a", lines=[{"class": "A", "amount": "1.00"} | changes]), policy=POLICY)


def test_a_shipped_policy_is_named_by_region_and_scheme() -> None:
    answer = settle_case(SHIPPED_CASE)
    assert answer["settlements"][0]["status"] == "settled"
    assert len(answer["policy_hash"]) == 64


def test_a_folder_of_policies_stands_in_for_the_shipped_ones() -> None:
    path = SHIPPED / "610100-xian"
    answer = settle_case(SHIPPED_CASE, path)
    assert answer["settlements"] == settle_case(SHIPPED_CASE)["settlements"]
    assert answer["policy_hash"] != settle_case(SHIPPED_CASE)["policy_hash"]


def test_one_file_of_policy_stands_in_for_the_shipped_ones() -> None:
    path = SHIPPED / "610100-xian" / "employee.yaml"
    assert (
        settle_case(SHIPPED_CASE, path)["settlements"] == settle_case(SHIPPED_CASE)["settlements"]
    )


def test_a_region_without_a_policy_is_refused() -> None:
    error = refused(SHIPPED_CASE | {"region": "999999"})
    assert isinstance(error, PolicyError)
    assert error.code == "no_policy"


def test_a_settled_event_has_every_amount_and_its_steps() -> None:
    [one] = settled(claim("a", "1800.00", self_pay_off_list="200.00"))
    assert (one["event"], one["status"]) == ("a", "settled")
    assert one["total_fen"] == 180_000
    assert one["pool_paid_fen"] == 64_000
    assert one["cash_paid_fen"] == 116_000
    assert {type(value) for key, value in one.items() if key.endswith("_fen")} == {int}
    assert set(one["steps"][0]) == {"text", "rule", "source", "amount_fen"}


def test_steps_can_be_told_in_english() -> None:
    case = case_of(claim("a", "1.00"), policy=POLICY)
    answer = settle_case(case, language="en")["settlements"][0]
    assert answer["steps"][0]["text"] == "visit number 1 of the insurance year"


def test_a_rejected_event_has_a_code_and_those_after_it_still_run() -> None:
    first, second = settled(claim("a", "1.00", visit="pharmacy"), claim("b", "1000.00"))
    assert first == {"event": "a", "status": "rejected", "code": "no_policy"}
    assert second["pool_paid_fen"] == 16_000


def test_an_event_that_is_no_claim_is_settled_with_zero_amounts() -> None:
    [one] = settled(credit("10.00"))
    assert (one["status"], one["steps"]) == ("settled", [])
    assert {value for key, value in one.items() if key.endswith("_fen")} == {0}


def test_events_without_a_name_are_numbered() -> None:
    first, second = claim("x", "1.00"), claim("y", "1.00")
    del first["id"]
    del second["id"]
    assert [one["event"] for one in settled(first, second)] == ["1", "2"]


def test_events_stay_in_the_order_in_which_the_case_tells_them() -> None:
    late, early = claim("late", "1000.00", "2023-09-01"), claim("early", "1000.00", "2023-02-01")
    assert [one["deductible_paid_fen"] for one in settled(late, early)] == [80_000, 40_000]


def test_dates_may_be_text_as_json_has_them() -> None:
    [one] = settled(claim("a", "1.00") | {"begin": "2023-03-01", "end": "2023-03-10"})
    assert one["status"] == "settled"


def test_a_claims_lines_add_up_to_its_total() -> None:
    given = POLICY | {
        "lines": [
            {
                "from": date(2023, 1, 1),
                "reviewed_until": date(2023, 12, 31),
                "unknown_item": "self_pay",
            }
        ]
    }
    lines = [{"class": "A", "price": "0.333333", "quantity": "3"}, {"class": "C", "amount": "2.00"}]
    [one] = settled(claim("a", lines=lines), policy=given)
    # 0.999999 yuan is 1.00.
    assert (one["total_fen"], one["covered_fen"], one["self_pay_off_list_fen"]) == (300, 100, 200)


def test_an_inline_policy_is_refused_with_the_line_of_the_case() -> None:
    text = 'policy:\n  region: "000000"\n  name: x\n  scheme: nobody\nperson: {class: active}\n'
    document = Document("case.yaml", text)
    case = document.value | {"events": [claim("a", "1.00")]}
    with pytest.raises(PolicyError) as caught:
        settle_case(case, document=document)
    assert (caught.value.file, caught.value.line) == ("case.yaml", 4)


def test_a_policy_whose_mappings_share_a_part_is_read() -> None:
    shared = annual("100.00", "paid")
    given = policy(
        layer(("50.00", "80%"), deductible=shared),
        layer((None, "80%"), name="more", base=["over_cap.basic"], deductible=shared),
        counters="paid",
    )
    assert settled(claim("a", "200.00"), policy=given)[0]["status"] == "settled"


@pytest.mark.parametrize(
    "case",
    [
        with_event(nickname="x"),
        with_event(total=None),
        with_event(total=100),
        with_event(total="1.00", lines=[]),
        with_event(visit=None),
        with_event(end=date(2023, 3, 9)),
        with_event(begin="2023-02-30"),
        with_event(begin=20230310),
        with_event(segment="1"),
        with_event(segment=0),
        with_event(account_used="yes"),
        with_event(account_used=1),
        with_event(kind="refund"),
        with_event(kind="cancel"),
        with_event(kind="account_credit"),
        with_event(kind="class_change"),
        with_event(kind="year_close"),
        with_event(kind="year_close", year=10**12),
        with_line(amount=None, price="1.00"),
        with_line(amount=None),
        with_line(stream="elsewhere"),
        with_line(stream="final_share"),
        with_line(last_share="10%"),
        with_line(refunds=1),
        with_line(**{"class": "D"}),
        case_of(claim("a", "1.00"), claim("a", "1.00"), policy=POLICY),
        case_of(policy=POLICY),
        case_of(claim("a", "1.00"), policy=None),
        case_of(claim("a", "1.00"), policy=POLICY, region="610100", scheme="employee"),
        case_of(claim("a", "1.00"), policy=POLICY, person={}),
        case_of(claim("a", "1.00"), policy=POLICY, state={"month": 13}),
        case_of(claim("a", "1.00"), policy=POLICY, state={"year": 23}),
        {"policy": POLICY, "person": {"class": "active"}, "events": "none"},
    ],
)
def test_a_case_of_another_form_is_refused(case: Record) -> None:
    error = refused(case)
    assert isinstance(error, ClaimError)
    assert error.code == "case_format"


@pytest.mark.parametrize(
    ("code", "case"),
    [
        ("unknown_member", with_event(level="L2")),
        ("unknown_member", with_event(visit="hotel")),
        ("unknown_member", case_of(claim("a", "1.00"), policy=POLICY, person={"class": "pupil"})),
        (
            "unknown_member",
            case_of({"id": "a", "kind": "class_change", "class": "pupil"}, policy=POLICY),
        ),
        ("money_format", with_event(total="1,00")),
        ("money_format", with_event(self_pay_off_list="0.005")),
        ("money_range", with_event(total="10000000000.00")),
        ("money_format", case_of(credit("ten"), policy=POLICY)),
        ("unknown_category", with_line(category="hotel")),
        ("rate_format", with_line(**{"class": "B", "first_share": "0.2"})),
        ("rate_above_one", with_line(**{"class": "B", "first_share": "120%"})),
        (
            "money_range",
            with_line(amount=None, price="9999999999.00", quantity="999999999999"),
        ),
        ("unknown_counter", "paid2"),
        ("unknown_counter", "by"),
    ],
)
def test_a_case_that_names_what_is_not_there_is_refused(code: str, case: Record | str) -> None:
    if isinstance(case, str):
        case = case_of(claim("a", "1.00"), policy=POLICY, state={"counters": {case: "1.00"}})
    error = refused(case)
    assert isinstance(error, ClaimError)
    assert error.code == code


@pytest.mark.parametrize(
    ("counter", "value"),
    [("stays", -1), ("stays", "1"), ("stays", 10**30), ("paid", 1), ("paid", "-1.00")],
)
def test_a_counter_cannot_open_at_what_it_cannot_hold(counter: str, value: Any) -> None:
    error = refused(
        case_of(claim("a", "1.00"), policy=POLICY, state={"counters": {counter: value}})
    )
    assert isinstance(error, ClaimError)
    assert error.code == "counter_value"


def test_a_counter_needs_a_period_to_open_in() -> None:
    case = case_of(credit("1.00"), policy=POLICY, state={"counters": {"paid": "1.00"}})
    assert refused(case).code == "unknown_counter"
    assert settle_case(case | {"state": {"year": 2023, "counters": {"paid": "1.00"}}})


def test_policies_are_read_once_for_many_cases(tmp_path: Path) -> None:
    source = (SHIPPED / "610100-xian" / "employee.yaml").read_text(encoding="utf-8")
    path = tmp_path / "employee.yaml"
    path.write_text(source, encoding="utf-8")
    first = settle_case(SHIPPED_CASE, tmp_path)
    path.unlink()
    assert settle_case(SHIPPED_CASE, tmp_path) == first


def test_an_amount_may_stand_beside_its_price_and_quantity_if_it_is_their_product() -> None:
    settle_case(with_line(amount="1.01", price="1.00", quantity="1"))
    with pytest.raises(ClaimError) as told:
        settle_case(with_line(amount="1.02", price="1.00", quantity="1"))
    assert told.value.code == "amount_mismatch"


def test_a_name_or_a_region_that_is_a_plain_number_is_read_as_text() -> None:
    story = [claim("1", "22000.00") | {"id": 1}, {"id": 2, "kind": "cancel", "of": 1}]
    told = settle_case(SHIPPED_CASE | {"region": 610100, "events": story})
    assert [(one["event"], one["status"]) for one in told["settlements"]] == [
        ("1", "settled"),
        ("2", "settled"),
    ]


def test_a_policy_whose_dates_are_text_is_the_same_policy() -> None:
    dated = yaml.safe_dump(POLICY)
    quoted = dated.replace("from: 2", "from: '2").replace("until: 2", "until: '2")
    quoted = re.sub(r"('\d{4}-\d\d-\d\d)$", r"\1'", quoted, flags=re.MULTILINE)
    assert quoted != dated
    stay = claim("a", "22000.00")
    told = [settle_case(case_of(stay, policy=yaml.safe_load(one))) for one in (dated, quoted)]
    assert told[0] == told[1]


def test_a_bill_without_lines_is_refused() -> None:
    assert refused(case_of(claim("a", lines=[]), policy=POLICY)).code == "case_format"


@pytest.mark.parametrize("text", ["20230310", "2023-W10-5", "2023-3-10"])
def test_a_date_in_another_form_is_refused(text: str) -> None:
    assert refused(with_event(end=text)).code == "case_format"
