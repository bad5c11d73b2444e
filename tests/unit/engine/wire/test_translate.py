"""Frames and records are translated exactly, both ways, and to the same values."""

from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ClaimError, InvariantError
from engine.wire.fields import Field, by_code, by_english
from engine.wire.translate import (
    English,
    read_record,
    to_english,
    to_national,
    write_record,
)

TABLES = ("claim", "line", "line_result", "settlement", "fund_detail")


def test_a_settlement_is_read_in_english_and_fen() -> None:
    national = {
        "setl_id": "S1",
        "medfee_sumamt": "5792.53",
        "hifp_pay": "3106.54",
        "pool_prop_selfpay": "0.895",
        "brdy": "1950-02-28",
        "setl_time": "2024-03-01 08:09:10",
        "psn_part_amt": None,
    }
    assert read_record(national, "settlement") == {
        "settlement_id": "S1",
        "total_fen": 579_253,
        "pool_paid_fen": 310_654,
        "pool_ratio_ppm": 895_000,
        "birth_date": date(1950, 2, 28),
        "settled_at": datetime(2024, 3, 1, 8, 9, 10),  # noqa: DTZ001 - local time of the bureau
        "person_total_fen": None,
    }


def test_a_line_is_read_with_price_and_quantity_to_their_last_place() -> None:
    national = {"feedetl_sn": "L1", "pric": "0.000001", "cnt": "-2.5", "prd_days": "7"}
    assert read_record(national, "line") == {
        "line_id": "L1",
        "price_e6": 1,
        "quantity_e4": -25_000,
        "supply_days_e2": 700,
    }


def test_a_record_is_written_with_all_decimals_of_its_fields() -> None:
    english: dict[str, English] = {
        "price_e6": 1_500_000,
        "quantity_e4": 10_000,
        "amount_fen": -5,
        "charged_at": datetime(2024, 3, 1, 8, 9, 10),  # noqa: DTZ001 - local time of the bureau
        "item_code": "X",
        "memo": None,
    }
    assert write_record(english, "line", "line_result") == {
        "pric": "1.500000",
        "cnt": "1.0000",
        "det_item_fee_sumamt": "-0.05",
        "fee_ocur_time": "2024-03-01 08:09:10",
        "med_list_codg": "X",
        "memo": None,
    }


def test_the_over_ceiling_code_is_told_by_the_table() -> None:
    assert read_record({"overlmt_amt": "1.00"}, "line_result") == {"self_pay_over_price_fen": 100}
    assert read_record({"overlmt_selfpay": "1.00"}, "settlement") == {
        "self_pay_over_price_fen": 100
    }
    with pytest.raises(ClaimError, match="unknown_column"):
        read_record({"overlmt_amt": "1.00"}, "settlement")


def test_claims_may_carry_the_amounts_they_were_settled_with() -> None:
    national = {"segment": "2", "origin": "settled_online", "hifp_pay": "1.00"}
    english = {"segment": 2, "origin": "settled_online", "pool_paid_fen": 100}
    assert read_record(national, "claim", "settlement") == english


@pytest.mark.parametrize("names", [["hifp_pay", "no_such_field"], ["pool_paid_fen"]])
def test_an_unknown_name_is_refused_by_its_name(names: list[str]) -> None:
    with pytest.raises(ClaimError) as caught:
        to_english(pl.DataFrame({name: ["1.00"] for name in names}), "settlement")
    assert (caught.value.code, caught.value.facts["names"]) == ("unknown_column", (names[-1],))
    with pytest.raises(ClaimError, match="unknown_column"):
        read_record(dict.fromkeys(names, "1.00"), "settlement")


def test_an_unknown_table_or_english_name_is_our_own_error() -> None:
    with pytest.raises(InvariantError, match="no such table"):
        read_record({}, "nowhere")
    with pytest.raises(InvariantError, match="no such field"):
        write_record({"hifp_pay": 1}, "settlement")
    with pytest.raises(InvariantError, match="no such field"):
        to_national(pl.DataFrame({"hifp_pay": [1]}), "settlement")


@pytest.mark.parametrize(
    ("code", "value", "refusal"),
    [
        ("medfee_sumamt", "1e5", "money_format"),
        ("medfee_sumamt", "", "money_format"),
        ("medfee_sumamt", "10000000000", "money_range"),
        ("medfee_sumamt", Decimal("1.234"), "money_format"),
        ("medfee_sumamt", 12, "money_column_type"),
        ("segment", "1.0", "number_format"),
        ("segment", "-1", "number_format"),
        ("segment", True, "number_format"),
        ("segment", Decimal(1), "number_format"),
        ("brdy", "1950-02-30", "date_format"),
        ("brdy", "1950-2-3", "date_format"),
        ("brdy", "19500203", "date_format"),
        ("brdy", "1950-02-03\n", "date_format"),
        ("setl_time", "2024-03-01T08:09:10", "date_format"),
        ("setl_time", "2024-03-01 24:00:00", "date_format"),
        ("setl_time", "2024-03-01 23:59:60", "date_format"),
        ("brdy", 19_500_203, "date_column_type"),
        ("psn_no", 430_100, "id_column_type"),
    ],
)
def test_a_value_that_its_field_cannot_hold_is_refused_with_field_and_code(
    code: str, value: str | int | Decimal, refusal: str
) -> None:
    with pytest.raises(ClaimError) as caught:
        read_record({code: value}, "claim")
    assert (caught.value.code, caught.value.facts["field"]) == (refusal, code)


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("medfee_sumamt", ["1.00", "1e5", "", "10000000000", "１", None]),
        ("segment", ["1", "1.0", "-1", "", "1234567890", None]),
        ("brdy", ["1950-02-28", "1950-02-30", "1950-2-3", "0000-01-01", "", None]),
        ("setl_time", ["2024-03-01 08:09:10", "2024-03-01 23:59:60", "2024-03-01", "", None]),
        ("certno", ["11010119900101001X", "", " ", None]),
    ],
)
def test_a_column_is_null_exactly_where_the_record_is_refused(
    code: str, texts: list[str | None]
) -> None:
    def one(text: str | None) -> English:
        try:
            return next(iter(read_record({code: text}, "claim").values()))
        except ClaimError:
            return None

    frame = pl.DataFrame({code: texts}, schema={code: pl.String})
    assert to_english(frame, "claim").to_series().to_list() == [one(text) for text in texts]


def test_decimal_columns_are_read_by_value_like_decimal_records() -> None:
    amounts = [Decimal("1.230"), Decimal("1.234"), Decimal("-0.050")]
    prices = [Decimal("0.001"), Decimal("1.000"), None]
    frame = pl.DataFrame(
        {"det_item_fee_sumamt": amounts, "pric": prices, "selfpay_prop": prices},
        schema_overrides=dict.fromkeys(("det_item_fee_sumamt", "pric"), pl.Decimal(16, 3)),
    )
    read = to_english(frame, "line_result")
    assert read.to_dict(as_series=False) == {
        "amount_fen": [123, None, -5],
        "price_e6": [1000, 1_000_000, None],
        "first_share_ppm": [1000, 1_000_000, None],
    }
    assert read_record({"det_item_fee_sumamt": amounts[0]}, "line") == {"amount_fen": 123}


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Int64])
def test_a_number_column_of_a_binary_type_gives_no_amount(dtype: type[pl.DataType]) -> None:
    frame = pl.DataFrame({"medfee_sumamt": [1, 2], "certno": ["a", "b"]})
    read = to_english(frame.with_columns(pl.col("medfee_sumamt").cast(dtype)), "claim")
    assert read["total_fen"].to_list() == [None, None]
    assert read.schema["total_fen"] == pl.Int64


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float64, pl.Binary])
def test_an_identifier_column_that_is_not_text_is_refused(dtype: type[pl.DataType]) -> None:
    with pytest.raises(ClaimError) as caught:
        to_english(pl.DataFrame({"psn_no": []}, schema={"psn_no": dtype}), "claim")
    assert (caught.value.code, caught.value.facts["field"]) == ("id_column_type", "psn_no")


@pytest.mark.parametrize(
    ("code", "dtype"),
    [
        ("brdy", pl.Int64()),
        ("brdy", pl.Datetime("us")),
        ("setl_time", pl.Date()),
        ("setl_time", pl.Datetime("us", "Asia/Shanghai")),
    ],
)
def test_a_time_column_of_another_type_is_refused(code: str, dtype: pl.DataType) -> None:
    with pytest.raises(ClaimError) as caught:
        to_english(pl.DataFrame({code: []}, schema={code: dtype}), "claim")
    assert caught.value.code == "date_column_type"


def test_typed_columns_are_taken_as_they_are() -> None:
    moments = ["2024-03-01 08:09:10", "2024-03-01 08:09:10.5"]
    frame = pl.DataFrame(
        {
            "brdy": [date(1950, 2, 28), None],
            "setl_time": pl.Series(moments).str.to_datetime(time_unit="ms"),
            "segment": pl.Series([3, -3], dtype=pl.Int32),
            "gend": pl.Series(["1", None], dtype=pl.Categorical),
            "certno": [None, None],
            "enddate": [None, None],
        }
    )
    read = to_english(frame, "claim")
    assert read["birth_date"].to_list() == [date(1950, 2, 28), None]
    assert read["settled_at"].dt.to_string("%F %T").to_list() == [moments[0], None]
    assert read["segment"].to_list() == [3, None]
    assert read.schema["sex"] == read.schema["identity_no"] == pl.String
    assert read.schema["end_date"] == pl.Date


def test_a_lazy_frame_stays_lazy() -> None:
    lazy = to_english(pl.LazyFrame({"hifp_pay": ["1.00"]}), "settlement")
    assert lazy.collect()["pool_paid_fen"].to_list() == [100]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pool_ratio_ppm", 333_333),
        ("settled_at", datetime(2024, 1, 1, 0, 0, 0, 1)),  # noqa: DTZ001 - local time
    ],
)
def test_a_value_that_its_field_cannot_write_exactly_is_refused(name: str, value: English) -> None:
    with pytest.raises(InvariantError):
        write_record({name: value}, "settlement")
    with pytest.raises(InvariantError):
        to_national(pl.DataFrame({name: [value]}), "settlement")


@pytest.mark.parametrize(
    ("name", "value"),
    [("total_fen", "1.00"), ("birth_date", "1950-02-28"), ("settlement_id", 1)],
)
def test_a_value_of_the_wrong_type_is_not_written(name: str, value: English) -> None:
    with pytest.raises(InvariantError):
        write_record({name: value}, "settlement")


AMOUNTS = {"fen": 10**12 - 1, "count": 10**9 - 1}


def values_of(field: Field) -> st.SearchStrategy[English]:
    """Values that a field can hold, in English units."""
    if field.unit == "ppm":
        return st.integers(0, 10**6).map(lambda ratio: ratio * 100)
    if field.unit:
        limit = AMOUNTS.get(field.unit, 10**16 - 1)
        return st.integers(0 if field.unit == "count" else -limit, limit)
    if field.type == "D":
        return st.dates(date(1000, 1, 1))
    if field.type == "T":
        moments = st.datetimes(datetime(1000, 1, 1))  # noqa: DTZ001 - local time of the bureau
        return moments.map(lambda moment: moment.replace(microsecond=0))
    return st.text(max_size=8)


def schema_of(fields: list[Field]) -> dict[str, pl.DataType]:
    special: dict[str, pl.DataType] = {"D": pl.Date(), "T": pl.Datetime("us")}
    return {
        field.english: pl.Int64() if field.unit else special.get(field.type, pl.String())
        for field in fields
    }


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(TABLES), st.data())
def test_the_round_trip_is_exact_and_frames_equal_records(table: str, data: st.DataObject) -> None:
    known = list(by_english(table).values())
    fields = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=8, unique=True))
    row = st.fixed_dictionaries({f.english: st.none() | values_of(f) for f in fields})
    rows = data.draw(st.lists(row, max_size=5))
    written = [write_record(row, table) for row in rows]
    assert [read_record(record, table) for record in written] == rows

    frame = pl.DataFrame(rows, schema=schema_of(fields), orient="row")
    national = to_national(frame, table)
    assert national.to_dicts() == written
    assert to_english(national, table).equals(frame)
    assert all(by_code(table)[code].english in frame.columns for code in national.columns)
