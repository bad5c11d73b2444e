"""Codes are decoded by region and date: the most local row first, then the code's parents."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.codes.enums import (
    HospitalLevel,
    Insurance,
    ItemCategory,
    ItemClass,
    PaymentSource,
    PersonType,
    Sex,
    VisitKind,
)
from engine.codes.lookup import CodeTable
from engine.errors import ClaimError, PolicyError

ANY_DAY = date(2024, 1, 1)
HUNAN, JILIN, BEIJING = "430000", "220000", "110000"
HEADER = "region,code,valid_from,valid_to,name,label_zh,source\n"
TABLES = sorted(
    path.stem for path in (Path(__file__).parents[4] / "engine/codes/data").glob("*.csv")
)


def planted(tmp_path: Path, name: str, *rows: str) -> CodeTable:
    path = tmp_path / f"{name}.csv"
    path.write_text(HEADER + "".join(f"{row},label,a source\n" for row in rows), encoding="utf-8")
    return CodeTable.read(name, path)


@pytest.mark.parametrize(
    ("region", "code", "source"),
    [
        (HUNAN, "620100", PaymentSource.SPECIAL_BENEFIT),
        (JILIN, "620100", PaymentSource.CARE),
        (HUNAN, "999996", PaymentSource.HOSPITAL_ADVANCED),
        (JILIN, "999900", PaymentSource.HOSPITAL_ADVANCED),
        (HUNAN, "390400", PaymentSource.RESIDENT_ACCIDENT),
        (HUNAN, "390500", PaymentSource.FAMILY_ACCOUNT),
        ("430181", "390500", PaymentSource.FAMILY_ACCOUNT),
        (BEIJING, "310100", PaymentSource.EMPLOYEE_POOL),
        (BEIJING, "390100", PaymentSource.RESIDENT_POOL),
    ],
)
def test_the_same_code_means_what_its_region_says(
    region: str, code: str, source: PaymentSource
) -> None:
    assert CodeTable.load("payment_source").decode(region, code, ANY_DAY) is source


def test_a_clearing_dictionary_gives_the_code_of_accidents_to_the_resident_pool() -> None:
    table = CodeTable.load("clearing_fund")
    assert table.decode("130100", "390400", ANY_DAY) is PaymentSource.RESIDENT_POOL


@pytest.mark.parametrize(
    ("region", "code"), [(BEIJING, "620100"), (BEIJING, "999900"), (JILIN, "x")]
)
def test_a_code_of_another_province_is_unknown(region: str, code: str) -> None:
    with pytest.raises(ClaimError) as caught:
        CodeTable.load("payment_source").decode(region, code, ANY_DAY)
    assert caught.value.code == "unknown_code"
    assert caught.value.facts == {
        "table": "payment_source",
        "value": code,
        "region": region,
        "on": "2024-01-01",
    }


def test_410_is_long_term_care_and_not_work_injury() -> None:
    table = CodeTable.load("insurance")
    assert table.decode(BEIJING, "410", ANY_DAY) is Insurance.LONG_TERM_CARE
    assert all(row.member is not Insurance.WORK_INJURY for row in table.rows)


@pytest.mark.parametrize(
    ("code", "person_type"),
    [
        ("11", PersonType.ACTIVE),
        ("1102", PersonType.ACTIVE),
        ("1300", PersonType.RETIRED_CADRE),
        ("1404", PersonType.MINOR_RESIDENT),
        ("1160", PersonType.ACTIVE),
    ],
)
def test_a_person_type_is_told_by_its_first_two_digits(code: str, person_type: PersonType) -> None:
    assert CodeTable.load("person_type").decode(BEIJING, code, ANY_DAY) is person_type


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("11", VisitKind.OUTPATIENT),
        ("1301", VisitKind.EMERGENCY),
        ("140104", VisitKind.CHRONIC),
        ("140201", VisitKind.CHRONIC),
        ("2101", VisitKind.INPATIENT),
        ("2107", VisitKind.MATERNITY_INPATIENT),
        ("210701", VisitKind.MATERNITY_INPATIENT),
        ("99", VisitKind.LOCAL),
    ],
)
def test_an_unlisted_visit_kind_means_what_its_longest_parent_means(
    code: str, kind: VisitKind
) -> None:
    assert CodeTable.load("visit_kind").decode(BEIJING, code, ANY_DAY) is kind


@pytest.mark.parametrize("code", ["9901", "990101", "110", "1", "", "11ab", "１１", "17", "11\n"])
def test_a_visit_kind_that_extends_nothing_is_unknown(code: str) -> None:
    with pytest.raises(ClaimError, match="unknown_code"):
        CodeTable.load("visit_kind").decode(BEIJING, code, ANY_DAY)


def test_tables_without_children_match_whole_codes_only() -> None:
    with pytest.raises(ClaimError, match="unknown_code"):
        CodeTable.load("insurance").decode(BEIJING, "31001", ANY_DAY)


def test_a_province_may_give_a_free_code_a_meaning(tmp_path: Path) -> None:
    table = planted(tmp_path, "visit_kind", "*,99,,,local", "430000,9901,,,chronic")
    assert table.decode("430100", "9901", ANY_DAY) is VisitKind.CHRONIC
    with pytest.raises(ClaimError):
        table.decode(BEIJING, "9901", ANY_DAY)


def test_the_most_local_row_wins(tmp_path: Path) -> None:
    table = planted(
        tmp_path,
        "visit_kind",
        "430181,41,,,care",
        "*,41,,,pharmacy",
        "430100,41,,,trauma_inpatient",
        "430000,41,,,outpatient",
    )
    decoded = [table.decode(region, "41", ANY_DAY) for region in ("110000", "430200", "430102")]
    assert decoded == [VisitKind.PHARMACY, VisitKind.OUTPATIENT, VisitKind.TRAUMA_INPATIENT]
    assert table.decode("430181", "41", ANY_DAY) is VisitKind.CARE


def test_a_code_means_what_the_row_in_force_says(tmp_path: Path) -> None:
    table = planted(tmp_path, "sex", "*,1,,2020-01-01,female", "*,1,2020-01-01,2021-01-01,male")
    assert table.decode("110000", "1", date(2019, 12, 31)) is Sex.FEMALE
    assert table.decode("110000", "1", date(2020, 1, 1)) is Sex.MALE
    with pytest.raises(ClaimError):
        table.decode("110000", "1", date(2021, 1, 1))


def test_both_widths_of_an_item_class_occur() -> None:
    table = CodeTable.load("item_class")
    assert (
        table.decode(BEIJING, "2", ANY_DAY) is table.decode(BEIJING, "02", ANY_DAY) is ItemClass.B
    )


@pytest.mark.parametrize(
    ("name", "members"), [("hospital_level", HospitalLevel), ("item_category", ItemCategory)]
)
def test_a_national_number_is_the_member_of_that_value(
    name: str, members: type[HospitalLevel] | type[ItemCategory]
) -> None:
    table = CodeTable.load(name)
    assert [table.decode(BEIJING, f"{member:02d}", ANY_DAY) for member in members] == list(members)


def test_sex_follows_the_national_standard() -> None:
    table = CodeTable.load("sex")
    decoded = [table.decode(BEIJING, code, ANY_DAY) for code in "1290"]
    assert decoded == [Sex.MALE, Sex.FEMALE, Sex.UNKNOWN, Sex.UNKNOWN]


@pytest.mark.parametrize(
    ("region", "source", "code"),
    [
        (BEIJING, PaymentSource.HOSPITAL_ADVANCED, "999996"),
        (JILIN, PaymentSource.HOSPITAL_ADVANCED, "999900"),
        (HUNAN, PaymentSource.SPECIAL_BENEFIT, "620100"),
    ],
)
def test_encoding_prefers_the_most_local_code(
    region: str, source: PaymentSource, code: str
) -> None:
    assert CodeTable.load("payment_source").encode(region, source, ANY_DAY) == code


def test_encoding_a_meaning_without_code_is_refused() -> None:
    with pytest.raises(PolicyError, match="no_code"):
        CodeTable.load("payment_source").encode(BEIJING, PaymentSource.CARE, ANY_DAY)


def test_a_code_that_a_province_redefines_is_not_used_for_its_national_meaning(
    tmp_path: Path,
) -> None:
    table = planted(tmp_path, "sex", "*,1,,,male", "430000,1,,,female", "*,3,,,male")
    assert table.encode(HUNAN, Sex.MALE, ANY_DAY) == "3"


@pytest.mark.parametrize("name", TABLES)
def test_every_shipped_code_encodes_back_to_its_meaning(name: str) -> None:
    table = CodeTable.load(name)
    for row in table.rows:
        region = BEIJING if row.region == "*" else row.region
        code = table.encode(region, row.member, ANY_DAY)
        assert table.decode(region, code, ANY_DAY) is row.member


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("43,11,,,outpatient,label,source", "six digits"),
        ("*,11,,,nothing,label,source", "has no 'nothing'"),
        ("*,11,,,outpatient,label,", "source"),
        ("*,x1,,,outpatient,label,source", "digits"),
        ("*,11,2020-13-01,,outpatient,label,source", "yyyy-MM-dd"),
        ("*,11,,,outpatient", "number of columns"),
    ],
)
def test_a_malformed_row_is_refused_with_its_line(tmp_path: Path, row: str, reason: str) -> None:
    path = tmp_path / "visit_kind.csv"
    path.write_text(f"{HEADER}*,12,,,registration,label,source\n{row}\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=reason) as caught:
        CodeTable.read("visit_kind", path)
    assert (caught.value.file, caught.value.line) == ("visit_kind.csv", 3)


def test_a_table_with_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sex.csv"
    path.write_text("region,code\n", encoding="utf-8")
    with pytest.raises(PolicyError, match="columns must be"):
        CodeTable.read("sex", path)


def test_two_meanings_on_one_day_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="two meanings"):
        planted(tmp_path, "sex", "*,1,,2020-01-02,male", "*,1,2020-01-01,,female")


def decoded_or_none(table: CodeTable, region: str, code: str, on: date) -> int | None:
    try:
        return int(table.decode(region, code, on))
    except ClaimError:
        return None


REGIONS = st.sampled_from(["110000", "430000", "430100", "430181", "220000", "139900", "43", ""])
DAYS = st.sampled_from([date(2019, 12, 31), date(2020, 1, 1), date(2021, 1, 1), date.max])


@settings(deadline=None)
@given(st.sampled_from(TABLES), st.data())
def test_a_column_is_decoded_as_row_by_row(name: str, data: st.DataObject) -> None:
    table = CodeTable.load(name)
    known = st.sampled_from([row.code for row in table.rows])
    digits = st.text("0123456789", max_size=6)
    odd = st.text("09a１\n", max_size=6)
    codes = st.one_of(known, digits, st.tuples(known, digits).map("".join), odd)
    rows = data.draw(st.lists(st.tuples(REGIONS, codes, DAYS), max_size=20))
    assert column(table, rows) == [decoded_or_none(table, *row) for row in rows]


def test_a_dated_column_is_decoded_as_row_by_row(tmp_path: Path) -> None:
    table = planted(
        tmp_path,
        "visit_kind",
        "*,41,,2020-01-01,pharmacy",
        "*,41,2020-01-01,2021-01-01,outpatient",
        "430000,41,2020-01-01,,care",
        "430100,4101,,2020-01-01,chronic",
    )
    days = (date(2019, 12, 31), date(2020, 1, 1), date(2021, 1, 1))
    regions = ("110000", "430000", "430100")
    rows = [(region, code, on) for region in regions for code in ("41", "4101") for on in days]
    expected = [decoded_or_none(table, *row) for row in rows]
    assert column(table, rows) == expected
    assert len(set(expected)) == 5


def test_a_null_decodes_to_null() -> None:
    table = CodeTable.load("visit_kind")
    rows: list[tuple[str, str | None, date | None]] = [
        ("110000", None, ANY_DAY),
        ("110000", "11", None),
    ]
    assert column(table, rows) == [None, None]


def column(
    table: CodeTable, rows: list[tuple[str, str, date]] | list[tuple[str, str | None, date | None]]
) -> list[int | None]:
    schema = {"region": pl.String, "code": pl.String, "on": pl.Date}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    decoded = table.decode_expr(pl.col("region"), pl.col("code"), pl.col("on"))
    return frame.select(decoded).to_series().to_list()
