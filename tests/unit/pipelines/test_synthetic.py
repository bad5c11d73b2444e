import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs
import pyarrow.parquet as pq
import pytest

from engine.errors import EngineError
from pipelines.synthetic import make_city
from tests.unit.pipelines.synthetic_city import CLEAN, NIGHT, PLAN, City, share

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return City(tmp_path_factory.mktemp("city"), PLAN)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> City:
    return City(tmp_path_factory.mktemp("clean"), CLEAN)


def file_hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# The shape of the data


def test_a_city_has_exactly_the_claims_asked_for(city: City) -> None:
    assert len(city.claims) == city.summary.claims == PLAN.claims
    assert len(city.lines) == city.summary.lines


def test_bills_have_the_mean_and_the_tail_of_a_real_city(city: City) -> None:
    billed = city.claims.filter(pl.col("total_fen") > 0)["total_fen"] / 100
    assert billed.mean() == pytest.approx(874, rel=0.06)
    assert billed.quantile(0.95) == pytest.approx(3480, rel=0.12)


def test_a_bill_has_ten_lines_unless_asked_otherwise(city: City) -> None:
    assert len(city.lines) / len(city.claims) == pytest.approx(10, rel=0.05)


def test_lines_have_the_mean_and_the_tail_of_a_real_city_when_bills_are_as_long(
    tmp_path: Path,
) -> None:
    amounts = City(tmp_path, replace(PLAN, lines_mean=13.9)).lines["amount_fen"] / 100
    billed = amounts.filter(amounts > 0)
    assert billed.mean() == pytest.approx(63, rel=0.06)
    assert billed.quantile(0.95) == pytest.approx(200, rel=0.12)


def test_a_person_has_two_and_a_half_claims_and_a_few_have_many(city: City) -> None:
    counts = city.claims.group_by("person_id").len()["len"]
    assert len(city.claims) / len(counts) == pytest.approx(2.5, rel=0.1)
    assert share(counts <= 2) > 0.5
    assert (counts >= 15).any()


def test_refunds_are_the_share_of_a_real_city(city: City) -> None:
    assert (city.claims["refund"] == "1").sum() == round(PLAN.claims * 0.0524)


def test_all_kinds_of_visit_insurance_and_region_are_met(city: City) -> None:
    assert set(city.claims["visit_kind"]) == {"11", "14", "21", "41"}
    assert set(city.claims["insurance"]) == {"310", "390"}
    assert set(city.claims["home_region"]) == {"110000", "330100", "610100"}


def test_one_claim_in_a_hundred_is_of_another_region(city: City) -> None:
    away = city.claims["home_region"] != city.claims["care_region"]
    assert share(away) == pytest.approx(0.01, abs=0.003)


def test_person_types_have_two_digits_or_four(city: City) -> None:
    widths = city.claims["person_type"].str.len_chars()
    assert set(widths) == {2, 4}
    assert 0.3 < share(widths == 2) < 0.8


def test_a_pharmacy_has_no_department_and_a_hospital_has_one(city: City) -> None:
    kinds = city.claims.unique("settlement_id").select("settlement_id", "visit_kind")
    lines = city.lines.join(kinds, on="settlement_id")
    missing = lines["billing_department_code"].is_null()
    assert (missing == (lines["visit_kind"] == "41")).all()


def test_online_claims_are_marked_where_a_share_is_asked_for(tmp_path: Path) -> None:
    origins = City(tmp_path, replace(CLEAN, online_share=0.2)).claims["origin"]
    assert share(origins == "settled_online") == pytest.approx(0.2, abs=0.02)
    assert set(origins) == {"settled_online", "to_settle"}


# Consistency


def test_lines_add_up_to_the_bill_and_each_is_price_times_quantity(clean: City) -> None:
    product = pl.col("price_e6") * pl.col("quantity_e4")
    lines = clean.lines.with_columns(product=(product + 50_000_000) // 100_000_000)
    assert (lines["product"] == lines["amount_fen"]).all()
    sums = lines.group_by("settlement_id").agg(pl.col("amount_fen").sum())
    joined = clean.claims.join(sums, on="settlement_id", how="full", nulls_equal=True)
    assert (joined["total_fen"] == joined["amount_fen"]).sum() == CLEAN.claims


def test_every_record_of_a_clean_city_is_legible(clean: City) -> None:
    for frame in (clean.claims, clean.lines):
        mandatory = frame.select(cs.exclude(cs.starts_with("original_", "billing_", "doctor_")))
        assert mandatory.null_count().sum_horizontal().to_list() == [0]


def test_charges_lie_within_the_visit_and_before_its_settlement(clean: City) -> None:
    visits = clean.claims.select("settlement_id", "begin_date", "end_date", "settled_at")
    lines = clean.lines.join(visits, on="settlement_id")
    day = lines["charged_at"].dt.date()
    assert ((day >= lines["begin_date"]) & (day <= lines["end_date"])).all()
    assert (lines["charged_at"] <= lines["settled_at"]).all()


def test_all_is_settled_in_the_days_that_end_with_the_night(clean: City) -> None:
    days = clean.claims["settled_at"].dt.date()
    assert days.min() == date(2024, 3, 2)
    assert days.max() == NIGHT


def test_identifiers_are_unique_across_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.synthetic.plan.CHUNK_CLAIMS", 2000)
    city = City(tmp_path, CLEAN)
    assert len(city.summary.files) == 6
    assert len(city.claims) == CLEAN.claims
    for name in ("settlement_id", "message_id", "visit_id"):
        assert city.claims[name].is_unique().all(), name
    assert city.lines["line_id"].is_unique().all()
    assert city.reference("persons")["identity_no"].n_unique() == 2000


def test_identity_numbers_have_a_right_check_digit_and_an_area_that_is_nobodys(
    city: City,
) -> None:
    for number, born, sex in city.reference("persons")["identity_no", "birth_date", "sex"].rows():
        remainder = sum(int(d) * w for d, w in zip(number[:17], WEIGHTS, strict=True)) % 11
        assert number[17] == "10X98765432"[remainder]
        assert number.startswith("999")
        assert number[6:14] == born.replace("-", "")
        assert int(number[16]) % 2 == int(sex) % 2


def test_every_person_is_covered_as_claimed_when_the_visit_begins(clean: City) -> None:
    register = clean.reference("persons").with_columns(
        pl.col("cover_from", "cover_to").str.to_date()
    )
    joined = clean.claims.join(register, on=["person_id", "insurance"])
    covered = joined.filter(
        pl.col("begin_date") >= pl.col("cover_from"),
        (pl.col("begin_date") < pl.col("cover_to")) | pl.col("cover_to").is_null(),
        pl.col("identity_no") == pl.col("identity_no_right"),
        pl.col("person_type").str.head(2) == pl.col("person_type_right").str.head(2),
    )
    assert len(covered) == CLEAN.claims


def test_only_employees_have_an_account(clean: City) -> None:
    register = clean.reference("persons").sort("cover_from").unique("person_id", keep="last")
    assert (register["account_balance"].is_not_null() == (register["insurance"] == "310")).all()


def test_every_institution_and_its_level_are_in_the_reference(clean: City) -> None:
    joined = clean.claims.join(
        clean.reference("institutions"),
        left_on=["institution_id", "hospital_level", "care_region"],
        right_on=["institution_id", "hospital_level", "region"],
    )
    assert len(joined) == CLEAN.claims


def test_deductible_levels_are_those_that_the_regions_name(city: City) -> None:
    levels = (
        city.reference("institutions")
        .group_by("region")
        .agg(pl.col("deductible_level").unique().sort())
    )
    assert dict(levels.iter_rows()) == {
        "110000": ["L1", "L2", "L3"],
        "330100": ["L0", "L2", "L3"],
        "610100": ["L1", "L2", "L3"],
    }


def test_every_item_has_one_catalogue_row_on_the_day_of_its_charge(clean: City) -> None:
    regions = clean.claims.select("settlement_id", "care_region")
    lines = clean.lines.join(regions, on="settlement_id").with_columns(
        day=pl.col("charged_at").dt.date().cast(pl.String)
    )
    matched = lines.join(clean.reference("catalogue"), on="item_code").filter(
        (pl.col("region") == "*") | (pl.col("region") == pl.col("care_region")),
        pl.col("valid_from") <= pl.col("day"),
        (pl.col("day") < pl.col("valid_to")) | pl.col("valid_to").is_null(),
    )
    assert len(matched) == len(lines)
    assert matched["line_id"].is_unique().all()


def test_one_item_in_a_hundred_is_for_one_sex(city: City) -> None:
    items = city.reference("catalogue").unique("item_code")
    assert share(items["sex_limit"].is_not_null()) == pytest.approx(0.01, abs=0.004)
    assert set(items["sex_limit"].drop_nulls()) == {"1", "2"}


# Files


def test_equal_plans_make_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_city(tmp_path / name, CLEAN)
    assert file_hashes(tmp_path / "one") == file_hashes(tmp_path / "two")


def test_another_seed_makes_other_data(tmp_path: Path, clean: City) -> None:
    other = City(tmp_path, replace(CLEAN, seed=4))
    assert not other.claims["total_fen"].equals(clean.claims["total_fen"])


def test_csv_and_parquet_hold_the_same(tmp_path: Path) -> None:
    plan = replace(PLAN, claims=3000)
    parquet = City(tmp_path / "parquet", plan)
    csv = City(tmp_path / "csv", replace(plan, file_format="csv"))
    for name in ("claims", "lines"):
        assert csv.national(name).equals(parquet.national(name)), name


def test_the_manifest_has_the_hash_and_the_rows_of_each_file(city: City) -> None:
    folder = city.folder / "input"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == {
        path.name: {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "rows": city.summary.files[path.name],
        }
        for path in folder.glob("*.parquet")
    }
    assert sum(city.summary.files.values()) == len(city.claims) + len(city.lines)


def test_parquet_columns_are_plain_text_in_checked_pages(city: City) -> None:
    for path in (city.folder / "input").glob("*.parquet"):
        schema = pq.read_schema(path)
        assert {str(kind) for kind in schema.types} == {"string"}
        table = pq.read_table(path, page_checksum_verification=True)
        assert table.num_rows == city.summary.files[path.name]


def test_progress_is_told_after_each_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.synthetic.plan.CHUNK_CLAIMS", 2500)
    told: list[tuple[int, int]] = []
    make_city(tmp_path, CLEAN, lambda done, of: told.append((done, of)))
    assert told == [(2500, 5000), (5000, 5000)]


def test_a_folder_that_holds_a_city_is_refused(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    with pytest.raises(EngineError, match="input") as refusal:
        make_city(tmp_path, CLEAN)
    assert refusal.value.code == "folder_in_use"


@pytest.mark.parametrize(
    ("name", "value"), [("claims", 999), ("days", 6), ("lines_mean", 31.0), ("online_share", 1.1)]
)
def test_a_plan_out_of_range_is_refused(name: str, value: Any) -> None:
    with pytest.raises(EngineError, match=name) as refusal:
        replace(CLEAN, **{name: value})
    assert refusal.value.code == "city_plan"


def test_the_beds_of_a_stay_are_of_one_ward_and_come_to_its_days(clean: City) -> None:
    beds = clean.reference("catalogue").filter(pl.col("category") == "01")["item_code"].unique()
    stays = clean.claims.filter(pl.col("visit_kind") == "21")
    laid = clean.lines.filter(pl.col("item_code").is_in(beds.implode())).join(
        stays, on="settlement_id"
    )
    sums = laid.group_by("settlement_id").agg(
        pl.col("item_code").n_unique().alias("wards"),
        pl.col("quantity_e4").sum(),
        days=(pl.col("end_date").first() - pl.col("begin_date").first()).dt.total_days(),
    )
    assert len(sums) > len(stays) * 0.8
    assert (sums["wards"] == 1).all()
    assert (sums["quantity_e4"] == sums["days"] * 10_000).all()
