from pathlib import Path

import polars as pl
import pytest

from engine.errors import EngineError, InvariantError
from models.features.matrix import ABSENT, build_matrix
from models.features.refused import refuse, refused_group
from models.features.registry import given_columns, load_registry
from tests.provider_frames import aggregates

REFUSED = (
    "Race",
    "ethnic_group",
    "hukou_origin",
    "户籍地",
    "disability_flag",
    "残疾军人补助",
    "civil_aid",
    "民政救助",
    "poverty_card",
    "label",
    "PotentialFraud",
    "fold",
)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_name_is_refused(name: str) -> None:
    with pytest.raises(EngineError) as caught:
        refuse(["claims", name])
    assert caught.value.code == "refused_feature"
    assert caught.value.facts["name"] == name


@pytest.mark.parametrize("name", ["traced_items", "manifold_count", "national_code", "male_share"])
def test_a_name_that_only_contains_such_letters_is_not_refused(name: str) -> None:
    assert refused_group(name) is None


def test_a_registry_with_a_refused_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "registry.yaml"
    file.write_text(
        "- {name: x, family: mix, unit: share, size_free: true, direction: none, about: mix,\n"
        "   zh: 某, en: some, formula: {given: Race_mean}}\n",
        encoding="utf-8",
    )
    with pytest.raises(EngineError, match="refused_feature"):
        load_registry(file)


def test_a_formula_may_use_earlier_features_only(tmp_path: Path) -> None:
    file = tmp_path / "registry.yaml"
    file.write_text(
        "- {name: x, family: mix, unit: share, size_free: true, direction: none, about: mix,\n"
        "   zh: 某, en: some, formula: {ratio: [x, y]}}\n",
        encoding="utf-8",
    )
    with pytest.raises(InvariantError):
        load_registry(file)


def test_every_feature_names_its_family_unit_and_words() -> None:
    for one in load_registry():
        assert all((one.family, one.unit, one.about, one.zh, one.en)), one.name


def test_a_ratio_without_a_denominator_is_absent() -> None:
    frame = aggregates(3).with_columns(pl.lit(0.0).alias("Inpatient_ClaimID_count"))
    assert set(build_matrix(frame).column("inpatient_persons_per_claim")) == {ABSENT}


def test_derived_features_follow_their_formulas() -> None:
    ones = {name: [1.0] for name in given_columns(load_registry())}
    frame = pl.DataFrame({"Provider": ["P"], **ones}).with_columns(
        pl.lit(4.0).alias("Inpatient_ClaimID_count"),
        pl.lit(3.0).alias("Inpatient_ClaimDuration_mean"),
        pl.lit(2.0).alias("Inpatient_BeneID_nunique"),
    )
    matrix = build_matrix(frame)
    assert matrix.column("inpatient_days")[0] == 12
    assert matrix.column("inpatient_repeats")[0] == 2
    assert matrix.column("inpatient_persons_per_claim")[0] == 0.5
    assert matrix.column("inpatient_paid_square_sum")[0] == 8


@pytest.mark.parametrize(
    "spoilt",
    [
        aggregates(3).drop("Total_Claims"),
        aggregates(3).with_columns(label=pl.lit(value=True)),
        aggregates(3).with_columns(Total_Claims=pl.lit("many")),
        aggregates(3).with_columns(Total_Claims=pl.lit(None, dtype=pl.Float64)),
        aggregates(3).with_columns(Total_Claims=pl.lit(float("nan"))),
    ],
    ids=["missing", "unknown", "text", "empty", "nan"],
)
def test_a_table_that_does_not_fit_is_refused(spoilt: pl.DataFrame) -> None:
    with pytest.raises(EngineError, match="provider_columns"):
        build_matrix(spoilt)


@pytest.mark.parametrize("ids", [["A", "A", "B"], ["A", None, "B"]])
def test_a_provider_named_twice_or_not_at_all_is_refused(ids: list[str | None]) -> None:
    frame = aggregates(3).with_columns(pl.Series("Provider", ids))
    with pytest.raises(EngineError, match="provider_rows"):
        build_matrix(frame)
