from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from engine.storage.lake_tables import LEADS, SETTLEMENTS
from models.queue import Capacity
from models.unit_references import UnitReferences
from pipelines.steps.score import KindScored, Published, score
from tests.unit_nights import BAD, NIGHT, a_month, references, settled_file

NOTHING = Published(pl.LazyFrame(schema=SETTLEMENTS.schema), pl.LazyFrame(schema=LEADS.schema))
Scoring = Callable[..., tuple[pl.DataFrame, dict[str, KindScored]]]


@cache
def frozen() -> UnitReferences:
    return references(Capacity(cases=12, random_share=0.08, cases_a_unit=2))


@pytest.fixture
def scored(tmp_path: Path) -> Scoring:
    def run(
        night: pl.DataFrame,
        earlier: Published = NOTHING,
        known: UnitReferences | None = frozen(),  # noqa: B008 - one fit serves all tests
    ) -> tuple[pl.DataFrame, dict[str, KindScored]]:
        work = tmp_path / f"work-{len(list(tmp_path.iterdir()))}"
        work.mkdir()
        file = settled_file(night, work / "settled.parquet")
        told = score(file, earlier, known, NIGHT, work)
        return pl.read_parquet(told.leads), {one.kind: one for one in told.kinds}

    return run


def of(leads: pl.DataFrame, kind: str) -> pl.DataFrame:
    return leads.filter(kind=kind).sort("place")


def as_published(frame: pl.DataFrame, days_ago: int) -> pl.LazyFrame:
    night = (NIGHT - timedelta(days=days_ago)).isoformat()
    return frame.lazy().select(pl.lit(night).alias("night"), pl.all())


def test_without_references_nothing_is_scored(scored: Scoring) -> None:
    leads, kinds = scored(a_month(2), known=None)
    assert leads.is_empty()
    assert {one.status for one in kinds.values()} == {"no_reference"}


def test_planted_institutions_lead_the_queue(scored: Scoring) -> None:
    leads, kinds = scored(a_month(2))
    first = of(leads, "institution").filter(~pl.col("by_chance"))
    assert len(first) == 11
    assert (first["institution_id"] < f"H{BAD:03d}").all()
    assert kinds["institution"].status == "scored"
    assert kinds["institution"].units == 240
    assert kinds["institution"].expected_fen == of(leads, "institution")["expected_fen"].sum()


def test_part_of_the_queue_is_drawn_by_chance(scored: Scoring) -> None:
    leads, kinds = scored(a_month(2))
    for kind, told in kinds.items():
        assert of(leads, kind)["by_chance"].to_list() == [False] * 11 + [True]
        assert (told.leads, told.by_chance) == (12, 1)


def test_physicians_of_one_institution_are_not_asked_beyond_the_cap(scored: Scoring) -> None:
    leads, _ = scored(a_month(2))
    assert of(leads, "physician")["institution_id"].value_counts()["count"].max() == 2


def test_a_score_does_not_depend_on_who_else_is_in_the_night(scored: Scoring) -> None:
    month = a_month(2)
    whole, _ = scored(month)
    told = ["probability_ppm", "recoverable_fen", "reasons"]
    for lead in of(whole, "institution").head(3).iter_rows(named=True):
        # What its persons did elsewhere on those days is a figure of its own.
        visits = month.filter(institution_id=lead["institution_id"])
        some = month.join(visits, on=["person_id", "end_day"], how="semi")
        assert len(some) < len(month) / 50
        alone = of(scored(some)[0], "institution").filter(institution_id=lead["institution_id"])
        assert alone.select(told).row(0) == tuple(lead[name] for name in told)


def test_the_order_of_the_rows_is_of_no_matter(scored: Scoring) -> None:
    month = a_month(2)
    forward, _ = scored(month)
    backward, _ = scored(month.sample(fraction=1.0, shuffle=True, seed=1))
    assert forward.equals(backward)


def test_what_earlier_nights_of_the_window_settled_counts(scored: Scoring) -> None:
    month = a_month(2)
    half = pl.col("end_day") < pl.lit(month["end_day"].median())
    whole, _ = scored(month)
    earlier = Published(as_published(month.filter(half), days_ago=10), NOTHING.leads)
    in_turn, _ = scored(month.filter(~half), earlier)
    assert in_turn.equals(whole)


def test_what_lies_before_the_window_counts_no_more(scored: Scoring) -> None:
    month = a_month(2)
    old = a_month(3, begin_day=pl.col("begin_day") - 31, end_day=pl.col("end_day") - 31)
    whole, _ = scored(month)
    earlier = Published(as_published(old, days_ago=20), NOTHING.leads)
    assert scored(month, earlier)[0].equals(whole)


def test_a_refunded_settlement_counts_no_more(scored: Scoring) -> None:
    month = a_month(2)
    extra = month.head(300).with_columns(settlement_id="X" + pl.col("settlement_id"))
    refunds = extra.with_columns(
        settlement_id="R" + pl.col("settlement_id"),
        original_settlement_id="settlement_id",
        refund=True,
    )
    whole, _ = scored(month)
    assert scored(pl.concat([month, extra, refunds]))[0].equals(whole)


def test_a_unit_that_was_listed_lately_rests(scored: Scoring) -> None:
    month = a_month(2)
    first, _ = scored(month)
    again, _ = scored(month, Published(NOTHING.settlements, as_published(first, days_ago=3)))
    names = {"institution": "institution_id", "physician": "physician_id", "person": "person_id"}
    for kind, name in names.items():
        assert not set(of(first, kind)[name]) & set(of(again, kind)[name])


def test_a_unit_listed_before_the_window_may_be_listed_again(scored: Scoring) -> None:
    month = a_month(2)
    first, _ = scored(month)
    again, _ = scored(month, Published(NOTHING.settlements, as_published(first, days_ago=40)))
    assert again.equals(first)


def test_a_population_that_has_moved_gets_no_leads_and_is_told(scored: Scoring) -> None:
    leads, kinds = scored(a_month(2, fund_total_fen=pl.col("fund_total_fen") * 40))
    assert kinds["institution"].status == "drifted"
    assert kinds["institution"].drift["score"] > 0.25
    assert of(leads, "institution").is_empty()


def test_a_population_that_has_not_moved_is_not_stopped(scored: Scoring) -> None:
    _, kinds = scored(a_month(5))
    assert {one.status for one in kinds.values()} == {"scored"}
    assert all("score" not in one.drift for one in kinds.values())


def test_money_of_medical_aid_is_no_part_of_a_figure(scored: Scoring) -> None:
    month = a_month(2)
    aided = month.with_columns(
        assistance_paid_fen=pl.lit(50_000, dtype=pl.Int64),
        fund_total_fen=pl.col("fund_total_fen") + 50_000,
    )
    assert scored(aided)[0].equals(scored(month)[0])


def test_a_lead_of_an_institution_names_no_person(scored: Scoring) -> None:
    leads, _ = scored(a_month(2))
    assert of(leads, "institution")["person_id"].null_count() == 12
    assert of(leads, "person")["physician_id"].null_count() == 12


def test_a_night_without_physicians_scores_the_others(scored: Scoring) -> None:
    _, kinds = scored(a_month(2, physician_id=pl.lit(None, dtype=pl.String)))
    assert kinds["physician"].status == "no_units"
    assert kinds["institution"].status == "scored"
