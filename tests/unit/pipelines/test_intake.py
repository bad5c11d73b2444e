import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from engine.claims.columns import Filing
from pipelines.steps.intake import Intake
from tests.deliveries import Delivery, rejects_of, run, taken, write_csv, write_parquet_delivery

CLAIMS, LINES = "claims-1.csv", "lines-1.csv"


@pytest.fixture
def delivery() -> Delivery:
    """Three bills of two lines each."""
    made = Delivery()
    for number in (1, 2, 3):
        made.bill(number)
    return made


# --- what comes out


def test_lines_come_out_as_integers_by_claim(delivery: Delivery, tmp_path: Path) -> None:
    delivery.lines[1] |= {"med_list_codg": "XB02", "cnt": "0.5", "pric": "4.600001"}
    delivery.lines.reverse()
    lines = pl.read_parquet(taken(tmp_path, delivery.write(tmp_path / "input")).lines)
    assert lines["claim"].to_list() == [0, 0, 1, 1, 2, 2]
    assert lines.row(0) == (0, 1, 5_000, 4_600_001, 230, 19_893, -1, 1, 5)


def test_claims_keep_their_identifiers_byte_by_byte(tmp_path: Path) -> None:
    delivery = Delivery()
    delivery.bill(1, setl_id="0007", msgid="a/B-9", mdtrt_id="1.10105", fixmedins_code="00H1")
    claims = pl.read_parquet(taken(tmp_path, delivery.write(tmp_path / "input")).claims)
    kept = claims.select("settlement_id", "message_id", "visit_id", "institution_id")
    assert kept.row(0) == ("0007", "a/B-9", "1.10105", "00H1")


def test_claims_come_out_with_codes_and_times_read(delivery: Delivery, tmp_path: Path) -> None:
    delivery.claims[0] |= {"med_type": "2101", "insutype": "390", "hosp_lv": "", "segment": "2"}
    claims = pl.read_parquet(taken(tmp_path, delivery.write(tmp_path / "input")).claims)
    read = claims.select("visit_kind", "insurance", "hospital_level", "segment", "settled_at")
    settled_at = int(datetime(2024, 6, 20, 0, 1, tzinfo=UTC).timestamp())
    assert read.row(0) == (7, 2, None, 2, settled_at)


def test_amounts_settled_online_come_along(delivery: Delivery, tmp_path: Path) -> None:
    for claim in delivery.claims:
        claim |= {"origin": "settled_online", "hifp_pay": "8.01", "fulamt_ownpay_amt": "0.30"}
    claims = pl.read_parquet(taken(tmp_path, delivery.write(tmp_path / "input")).claims)
    online = claims.select(
        "online_pool_paid_fen", "online_self_pay_off_list_fen", "online_cash_paid_fen"
    )
    assert online.row(0) == (801, 30, None)


def test_how_care_elsewhere_was_filed_comes_along(tmp_path: Path) -> None:
    delivery = Delivery()
    for number, filing in enumerate(("transfer", "not_filed", ""), 1):
        delivery.bill(number, filing=filing)
    claims = pl.read_parquet(taken(tmp_path, delivery.write(tmp_path / "input")).claims)
    assert claims["filing"].to_list() == [Filing.TRANSFER, Filing.NOT_FILED, None]


@pytest.mark.parametrize(("said", "approved"), [("1", 1), ("2", 0), ("0", -1), ("", -1)])
def test_what_the_hospital_approved_comes_along(tmp_path: Path, said: str, approved: int) -> None:
    delivery = Delivery()
    delivery.bill(1, "10.00")
    delivery.lines[0]["hosp_appr_flag"] = said
    lines = pl.read_parquet(taken(tmp_path, delivery.write(tmp_path / "input")).lines)
    assert lines["approved"].to_list() == [approved]


def with_refund_line(tmp_path: Path, **changes: str) -> Intake:
    """A bill of 10.00 and 4.00, the 10.00 of the day before taken back."""
    delivery = Delivery()
    delivery.bill(1, "10.00", "4.00", "-10.00", medfee_sumamt="4.00")
    delivery.lines[0]["fee_ocur_time"] = "2024-06-18 08:00:00"
    back = {"cnt": "-1", "pric": "10.00", "init_feedetl_sn": delivery.lines[0]["feedetl_sn"]}
    delivery.lines[2] |= back | changes
    return taken(tmp_path, delivery.write(tmp_path / "input"))


def test_a_refund_line_within_a_bill_is_dated_as_the_line_it_takes_back(tmp_path: Path) -> None:
    lines = pl.read_parquet(with_refund_line(tmp_path).lines)
    assert lines.select("amount_fen", "quantity_e4", "day").rows() == [
        (1_000, 10_000, 19_892),
        (400, 10_000, 19_893),
        (-1_000, -10_000, 19_892),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"init_feedetl_sn": "S1-9"},
        {"init_feedetl_sn": "S1-1"},
        {"init_feedetl_sn": "S1-2"},
        {"med_list_codg": "XB02"},
        {"det_item_fee_sumamt": "-5.00", "cnt": "-0.5"},
    ],
)
def test_a_refund_line_that_takes_no_whole_line_back_falls(
    tmp_path: Path, changes: dict[str, str]
) -> None:
    intake = with_refund_line(tmp_path, **changes)
    assert rejects_of(intake) == [(LINES, 3, "init_feedetl_sn", "refund_differs")]


def test_a_line_is_taken_back_once_only(tmp_path: Path) -> None:
    delivery = Delivery()
    delivery.bill(1, "10.00", "-10.00", "-10.00", medfee_sumamt="-10.00")
    for line in delivery.lines[1:]:
        line |= {"cnt": "-1", "pric": "10.00", "init_feedetl_sn": "S1-0"}
    told = rejects_of(taken(tmp_path, delivery.write(tmp_path / "input")))
    assert [code for *_, code in told] == ["refund_differs"]


def test_an_item_that_the_catalogue_lacks_is_no_reject(delivery: Delivery, tmp_path: Path) -> None:
    delivery.lines[0]["med_list_codg"] = "ZZ99"
    intake = taken(tmp_path, delivery.write(tmp_path / "input"))
    assert pl.read_parquet(intake.lines)["item"].to_list() == [-1, 0, 0, 0, 0, 0]
    assert rejects_of(intake) == []


def test_parquet_and_csv_give_the_same(delivery: Delivery, tmp_path: Path) -> None:
    from_csv = taken(tmp_path, delivery.write(tmp_path / "input"))
    (tmp_path / "other").mkdir()
    from_parquet = taken(tmp_path / "other", write_parquet_delivery(delivery, tmp_path / "input2"))
    for name in ("claims", "lines", "claim_lines"):
        one, other = (pl.read_parquet(getattr(i, name)) for i in (from_csv, from_parquet))
        assert one.equals(other)


def test_decimal_amounts_and_typed_dates_are_exact(delivery: Delivery, tmp_path: Path) -> None:
    delivery.claims[0] |= {"medfee_sumamt": Decimal("12.300")}
    for claim in delivery.claims:
        claim["medfee_sumamt"] = Decimal(claim["medfee_sumamt"])
        claim["begndate"] = date.fromisoformat(claim["begndate"])
        claim["setl_time"] = datetime.fromisoformat(claim["setl_time"])
    for line in delivery.lines:
        line["pric"] = Decimal(line["pric"])
    intake = taken(tmp_path, write_parquet_delivery(delivery, tmp_path / "input"))
    assert rejects_of(intake) == []
    assert pl.read_parquet(intake.claims)["total_fen"].to_list() == [1230, 1230, 1230]


def test_lines_of_a_claim_are_gathered_from_all_files(delivery: Delivery, tmp_path: Path) -> None:
    source = delivery.write(tmp_path / "input")
    write_csv(source / "lines-1.csv", delivery.lines[::2])
    write_csv(source / "lines-2.csv", delivery.lines[1::2])
    intake = taken(tmp_path, source)
    lines = pl.read_parquet(intake.lines)
    assert lines["claim"].to_list() == [0, 0, 1, 1, 2, 2]
    assert lines["file"].to_list() == [1, 2, 1, 2, 1, 2]
    assert pl.read_parquet(intake.claim_lines)["lines_fen"].to_list() == [1230, 1230, 1230]


# --- values


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "missing_value"),
        ("1e3", "money_format"),
        ("1,000.00", "money_format"),
        ("+12.30", "money_format"),
        (" 12.30", "money_format"),
        ("12.30 ", "money_format"),
        ("12.", "money_format"),
        (".5", "money_format"),
        ("12.345", "money_format"),
        ("12.300", "money_format"),
        ("１２.３０", "money_format"),
        ("NaN", "money_format"),
        ("inf", "money_format"),
        ("--1", "money_format"),
        ("0x10", "money_format"),
        ("10000000000", "money_range"),
        ("9" * 60, "money_range"),
    ],
)
def test_an_amount_that_is_no_plain_decimal_is_rejected(
    delivery: Delivery, tmp_path: Path, text: str, code: str
) -> None:
    delivery.claims[1]["medfee_sumamt"] = text
    intake = taken(tmp_path, delivery.write(tmp_path / "input"))
    assert rejects_of(intake)[0] == (CLAIMS, 2, "medfee_sumamt", code)


@pytest.mark.parametrize(
    ("text", "fen"),
    [("12", 1200), ("12.3", 1230), ("0012.30", 1230), ("9999999999.99", 10**12 - 1)],
)
def test_an_amount_is_exact_to_the_fen(
    delivery: Delivery, tmp_path: Path, text: str, fen: int
) -> None:
    delivery.claims[0]["medfee_sumamt"] = text
    claims = pl.read_parquet(taken(tmp_path, delivery.write(tmp_path / "input")).claims)
    assert claims["total_fen"][0] == fen


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("setl_id", "", "missing_value"),
        ("psn_no", "P 1", "id_format"),
        ("psn_no", "张1", "id_format"),
        ("psn_no", "9" * 31, "id_format"),
        ("psn_no", "1.10105E+17", "id_format"),
        ("certno", "999000202210155267", "id_check_digit"),
        ("certno", "9990002022101552", "id_check_digit"),
        ("insutype", "999", "unknown_code"),
        ("med_type", "77", "unknown_code"),
        ("psn_type", "9", "unknown_code"),
        ("hosp_lv", "12", "unknown_code"),
        ("insuplc_admdvs", "3301", "unknown_code"),
        ("origin", "elsewhere", "unknown_code"),
        ("filing", "local", "unknown_code"),
        ("filing", "by phone", "unknown_code"),
        ("refd_setl_flag", "yes", "flag_format"),
        ("segment", "0", "number_format"),
        ("segment", "1.0", "number_format"),
        ("begndate", "2024-02-30", "date_format"),
        ("begndate", "2024-6-1", "date_format"),
        ("begndate", "20240601", "date_format"),
        ("setl_time", "2024-06-20", "date_format"),
        ("setl_time", "2024-06-20 24:00:00", "date_format"),
        ("setl_time", "2024-06-20 23:59:60", "date_format"),
    ],
)
def test_a_bad_value_of_a_claim_is_rejected_with_its_column(
    delivery: Delivery, tmp_path: Path, column: str, text: str, code: str
) -> None:
    delivery.claims[1][column] = text
    intake = taken(tmp_path, delivery.write(tmp_path / "input"))
    assert rejects_of(intake)[0] == (CLAIMS, 2, column, code)
    assert pl.read_parquet(intake.claims)["row"].to_list() == [1, 3]


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("feedetl_sn", "", "missing_value"),
        ("feedetl_sn", "a b", "id_format"),
        ("det_item_fee_sumamt", "1e1", "money_format"),
        ("cnt", "1.00001", "money_format"),
        ("pric", "10.0000001", "money_format"),
        ("pric", "10.02", "amount_mismatch"),
        ("fee_ocur_time", "2024-06-19", "date_format"),
        ("setl_id", "S99", "orphan_line"),
    ],
)
def test_a_bad_value_of_a_line_is_rejected_with_its_column(
    delivery: Delivery, tmp_path: Path, column: str, text: str, code: str
) -> None:
    delivery.lines[2][column] = text
    intake = taken(tmp_path, delivery.write(tmp_path / "input"))
    expected = "det_item_fee_sumamt" if code == "amount_mismatch" else column
    assert rejects_of(intake) == [(LINES, 3, expected, code)]


def test_a_fen_between_amount_and_price_times_quantity_is_let_pass(
    delivery: Delivery, tmp_path: Path
) -> None:
    delivery.lines[2]["pric"] = "10.01"
    assert rejects_of(taken(tmp_path, delivery.write(tmp_path / "input"))) == []


def test_an_identity_number_may_end_in_a_small_x_or_be_no_card(
    delivery: Delivery, tmp_path: Path
) -> None:
    for claim, number, kind in zip(
        delivery.claims, ("11010519491231002x", "E12345678", ""), ("01", "03", "01"), strict=True
    ):
        claim |= {"certno": number, "psn_cert_type": kind}
    intake = taken(tmp_path, delivery.write(tmp_path / "input"))
    numbers = pl.read_parquet(intake.claims)["identity_no"].to_list()
    assert numbers == ["11010519491231002X", "E12345678", None]


def test_a_rejected_value_is_kept_as_a_hash_alone(delivery: Delivery, tmp_path: Path) -> None:
    delivery.claims[0]["medfee_sumamt"] = "12,345.00"
    rejects = pl.read_parquet(taken(tmp_path, delivery.write(tmp_path / "input")).rejects)
    digest = hashlib.sha256(b"12,345.00").hexdigest()
    assert rejects["value_hash"][0] == digest[:16]
    assert "12,345.00" not in str(rejects.rows())


def test_an_identity_number_is_not_even_kept_as_a_hash(delivery: Delivery, tmp_path: Path) -> None:
    delivery.claims[0]["certno"] = "110105194912310021"
    rejects = pl.read_parquet(taken(tmp_path, delivery.write(tmp_path / "input")).rejects)
    assert rejects.select("column", "code", "value_hash").row(0) == ("certno", "id_check_digit", "")


def test_a_record_gets_each_of_its_codes_once(delivery: Delivery, tmp_path: Path) -> None:
    delivery.claims[0] |= {"begndate": "x", "enddate": "y", "medfee_sumamt": "z"}
    told = rejects_of(taken(tmp_path, delivery.write(tmp_path / "input")))[:2]
    assert told == [
        (CLAIMS, 1, "begndate", "date_format"),
        (CLAIMS, 1, "medfee_sumamt", "money_format"),
    ]


def test_lines_of_a_rejected_claim_are_no_orphans(delivery: Delivery, tmp_path: Path) -> None:
    delivery.claims[0]["medfee_sumamt"] = "x"
    told = rejects_of(taken(tmp_path, delivery.write(tmp_path / "input")))[1:]
    assert told == [(LINES, 1, "", "claim_rejected"), (LINES, 2, "", "claim_rejected")]


# --- the same twice


def test_the_first_settlement_of_an_identifier_is_kept_whatever_the_order_of_files(
    delivery: Delivery, tmp_path: Path
) -> None:
    later = delivery.claims[1] | {"setl_id": "S1"}
    delivery.claims = [later, delivery.claims[0], delivery.claims[2]]
    delivery.lines = [line for line in delivery.lines if line["setl_id"] != "S2"]
    intake = taken(tmp_path, delivery.write(tmp_path / "input"))
    assert rejects_of(intake) == [(CLAIMS, 1, "setl_id", "duplicate_settlement_id")]
    assert pl.read_parquet(intake.claims)["visit_id"].to_list() == ["V1", "V3"]


def test_a_bill_sent_twice_is_taken_once(delivery: Delivery, tmp_path: Path) -> None:
    delivery.claims.append(delivery.claims[0])
    delivery.lines.extend(delivery.lines[:2])
    intake = taken(tmp_path, delivery.write(tmp_path / "input"))
    assert [code for *_, code in rejects_of(intake)] == [
        "duplicate_settlement_id",
        "claim_rejected",
        "claim_rejected",
    ]
    sums = pl.read_parquet(intake.claim_lines)
    assert sums.select("lines", "fallen", "lines_fen").rows() == [(2, 0, 1230)] * 3


@pytest.mark.parametrize("change", [{}, {"det_item_fee_sumamt": "9.99", "pric": "9.99"}])
def test_a_line_identifier_used_twice_fells_the_claim(
    delivery: Delivery, tmp_path: Path, change: dict[str, str]
) -> None:
    delivery.lines.append(delivery.lines[0] | change)
    intake = taken(tmp_path, delivery.write(tmp_path / "input"))
    assert rejects_of(intake) == [(LINES, 7, "feedetl_sn", "duplicate_line")]
    assert pl.read_parquet(intake.claim_lines)["fallen"].to_list() == [1, 0, 0]


def test_the_same_input_gives_the_same_bytes(delivery: Delivery, tmp_path: Path) -> None:
    source = delivery.write(tmp_path / "input")
    first, second = (run(source, tmp_path / name) for name in ("first", "second"))
    for name in ("claims", "lines", "rejects", "pending"):
        one, other = (getattr(outcome.checked, name) for outcome in (first, second))
        assert one.read_bytes() == other.read_bytes()


def test_small_batches_and_ranges_give_the_same(
    delivery: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery.lines = delivery.lines[::2] + delivery.lines[::-2] + [delivery.lines[0]]
    source = delivery.write(tmp_path / "input")
    (tmp_path / "other").mkdir()
    whole = taken(tmp_path, source)
    monkeypatch.setattr("pipelines.files.tabular.BATCH_ROWS", 2)
    monkeypatch.setattr("pipelines.files.tabular._BLOCK_BYTES", 400)
    monkeypatch.setattr("pipelines.steps.intake.spill.RANGE_CLAIMS", 2)
    monkeypatch.setattr("pipelines.steps.intake.gathering.RANGE_CLAIMS", 2)
    in_parts = taken(tmp_path / "other", source)
    assert rejects_of(in_parts) == rejects_of(whole) != []
    for name in ("claims", "lines", "claim_lines"):
        one, other = (pl.read_parquet(getattr(i, name)) for i in (whole, in_parts))
        assert one.equals(other)
