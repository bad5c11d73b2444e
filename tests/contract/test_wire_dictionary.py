"""The dictionary of the national interface is complete, consistent and names each unit."""

import pytest

from engine.wire.fields import DECIMALS, OURS, Field, dictionary

TABLES = (
    "claim", "line", "line_result", "settlement", "fund_detail", "envelope", "answer", "session",
    "person", "insured", "entitlement", "reversed", "diagnosis", "cumulated", "catalogue",
    "filing", "statement", "file", "list", "list_item",
    "encounter", "encounter_diagnosis", "order", "reminder", "reminder_detail",
)  # fmt: skip
READ_TOGETHER = (("claim", "settlement"), ("line", "line_result"))

CLAIM_COLUMNS = [
    "setl_id",
    "msgid",
    "mdtrt_id",
    "psn_no",
    "certno",
    "psn_name",
    "gend",
    "brdy",
    "insutype",
    "psn_type",
    "med_type",
    "hosp_lv",
    "fixmedins_code",
    "insuplc_admdvs",
    "mdtrtarea_admvs",
    "begndate",
    "enddate",
    "setl_time",
    "dise_codg",
    "acct_used_flag",
    "mid_setl_flag",
    "refd_setl_flag",
    "medfee_sumamt",
    "segment",
    "origin",
    "ref_setl_id",
    "filing",
]

LINE_COLUMNS = [
    "setl_id",
    "feedetl_sn",
    "init_feedetl_sn",
    "mdtrt_id",
    "psn_no",
    "chrg_bchno",
    "dise_codg",
    "rxno",
    "rx_circ_flag",
    "fee_ocur_time",
    "med_list_codg",
    "medins_list_codg",
    "det_item_fee_sumamt",
    "cnt",
    "pric",
    "sin_dos_dscr",
    "used_frqu_dscr",
    "medc_way_dscr",
    "prd_days",
    "hosp_appr_flag",
    "tcmdrug_used_way",
    "etip_flag",
    "etip_hosp_code",
    "dscg_tkdrug_flag",
    "matn_fee_flag",
]

AMOUNT_KEYS = {
    "medfee_sumamt": "total_fen",
    "fulamt_ownpay_amt": "self_pay_off_list_fen",
    "overlmt_selfpay": "self_pay_over_price_fen",
    "preselfpay_amt": "self_pay_first_share_fen",
    "inscp_scp_amt": "covered_fen",
    "act_pay_dedc": "deductible_paid_fen",
    "hifp_pay": "pool_paid_fen",
    "hifob_pay": "large_amount_paid_fen",
    "hifmi_pay": "serious_illness_paid_fen",
    "cvlserv_pay": "civil_servant_paid_fen",
    "hifes_pay": "enterprise_paid_fen",
    "maf_pay": "assistance_paid_fen",
    "oth_pay": "other_paid_fen",
    "fund_pay_sumamt": "fund_total_fen",
    "acct_pay": "account_paid_fen",
    "acct_mulaid_pay": "account_family_paid_fen",
    "psn_cash_pay": "cash_paid_fen",
    "psn_part_amt": "person_total_fen",
    "hosp_part_amt": "hospital_part_fen",
}


def of_table(table: str) -> list[Field]:
    return [field for field in dictionary() if field.table == table]


def test_the_tables_are_these() -> None:
    assert {field.table for field in dictionary()} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_names_and_codes_are_unique_in_a_table(table: str) -> None:
    english = [field.english for field in of_table(table)]
    codes = [field.code for field in of_table(table)]
    assert len(set(english)) == len(english)
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("tables", READ_TOGETHER)
def test_tables_that_are_read_together_agree(tables: tuple[str, ...]) -> None:
    fields = [field for table in tables for field in of_table(table)]
    meaning = {field.code: (field.english, field.type) for field in fields}
    assert all(meaning[field.code] == (field.english, field.type) for field in fields)
    assert len({field.english for field in fields}) == len(meaning)


@pytest.mark.parametrize(
    ("type_", "unit"),
    [("N16,2", "fen"), ("N16,6", "yuan_e6"), ("N16,4", "e4"), ("N5,4", "ppm")],
)
def test_each_number_type_has_one_unit(type_: str, unit: str) -> None:
    fields = [field for field in dictionary() if field.type == type_]
    assert fields
    assert {field.unit for field in fields} == {unit}


def test_a_unit_has_the_decimals_of_its_type() -> None:
    numbers = [field for field in dictionary() if field.unit in DECIMALS]
    assert all(field.type.endswith(f",{DECIMALS[field.unit]}") for field in numbers)


def test_an_english_name_ends_in_its_unit() -> None:
    suffixes = {"fen": "_fen", "yuan_e6": "_e6", "e4": "_e4", "e2": "_e2", "e1": "_e1"}
    suffixes["ppm"] = "_ppm"
    named = [field for field in dictionary() if field.unit in suffixes]
    assert all(field.english.endswith(suffixes[field.unit]) for field in named)


def test_only_numbers_have_units() -> None:
    for field in dictionary():
        assert bool(field.unit) == field.type.startswith("N"), field
        assert field.type[0] in "CDNT", field


def test_what_is_included_lies_in_an_amount_of_the_same_table() -> None:
    for table in TABLES:
        unit_of = {field.english: field.unit for field in of_table(table)}
        for field in of_table(table):
            if field.included_in:
                assert unit_of[field.included_in] == field.unit == "fen", field


def test_the_parts_of_the_total_are_the_payers_and_the_buckets() -> None:
    settlement = of_table("settlement")
    in_fund = {field.code for field in settlement if field.included_in == "fund_total_fen"}
    assert in_fund == {
        "hifp_pay",
        "cvlserv_pay",
        "hifes_pay",
        "hifmi_pay",
        "hifob_pay",
        "maf_pay",
        "hifdm_pay",
        "oth_pay",
    }
    family = next(field for field in settlement if field.code == "acct_mulaid_pay")
    assert family.included_in == "account_paid_fen"


@pytest.mark.parametrize("code", CLAIM_COLUMNS)
def test_every_claim_column_of_the_night_is_known(code: str) -> None:
    assert code in {field.code for field in of_table("claim")}


@pytest.mark.parametrize("code", LINE_COLUMNS)
def test_every_line_column_of_the_night_is_known(code: str) -> None:
    assert code in {field.code for field in of_table("line")}


def test_only_four_fields_are_ours() -> None:
    ours = [field.code for field in dictionary() if field.spec_section == OURS]
    assert ours == ["segment", "origin", "ref_setl_id", "filing"]


def test_settlement_amounts_bear_the_names_of_the_contract() -> None:
    english = {field.code: field.english for field in of_table("settlement")}
    assert {code: english[code] for code in AMOUNT_KEYS} == AMOUNT_KEYS


def test_the_over_ceiling_amount_has_two_codes_and_one_name() -> None:
    codes = {
        field.table: field.code
        for field in dictionary()
        if field.english == "self_pay_over_price_fen"
    }
    assert codes["line_result"] == "overlmt_amt"
    assert codes["settlement"] == codes["claim"] == "overlmt_selfpay"


def test_every_field_has_a_chinese_label_and_says_where_it_stands() -> None:
    for field in dictionary():
        assert any("一" <= sign <= "鿿" for sign in field.label_zh), field
        assert field.spec_section, field
        assert bool(field.transaction) == (field.spec_section != OURS), field
