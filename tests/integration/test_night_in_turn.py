"""Nights in turn give what one night with all claims gives."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.synthetic.make import make_city
from pipelines.synthetic.plan import CityPlan
from tests.integration.night_world import (
    NEXT,
    NIGHT,
    World,
    a_bill,
    a_refund,
    a_stay,
    next_day,
)

FIRST_STAY = a_stay(1, "E1", ("A", "13140.00"), acct_used_flag="1")
VISIT = a_bill(2, "E2", ("A", "500.00"))
MIDDLE, LAST = a_bill(3, "P1", ("A", "300.00")), a_bill(4, "P1", ("A", "400.00"))
STOOD = a_stay(5, "P2", ("A", "5000.00"))
LATER = a_stay(6, "P2", ("A", "3000.00"))
SECOND_STAY = next_day(a_stay(7, "E1", ("A", "50000.00"), acct_used_flag="1"))
BEFORE = (FIRST_STAY, VISIT, MIDDLE, LAST, STOOD, LATER)
AFTER = (
    SECOND_STAY,
    next_day(a_refund(8, VISIT)),
    next_day(a_refund(9, MIDDLE)),  # The person's later visit is live: it falls.
    next_day(a_refund(10, STOOD)),  # The same, and so the stay is billed still.
    next_day(a_stay(11, "P2", ("A", "5000.00"), mdtrt_id="V5")),
    next_day(a_refund(12, LAST)),
    next_day(a_refund(13, MIDDLE)),  # Now it is the last.
)
THIRD = date(2024, 4, 2)
TWICE = a_refund(14, VISIT, setl_time="2024-04-02 10:00:00")


@pytest.fixture(scope="module")
def in_turn(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("in-turn"))
    world.night(*BEFORE)
    world.night(*AFTER, night=NEXT)
    world.night(TWICE, night=THIRD)
    return world


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("at-once"))
    world.night(*BEFORE, *AFTER, night=NEXT)
    return world


def test_a_later_stay_takes_ordinal_deductible_and_band_from_the_night_before(
    in_turn: World,
) -> None:
    stay = in_turn.settled()["S7"]
    # Second stay: 550. The year stands at 13140: (36860 - 550) x 91% + 13140 x 95%.
    assert stay["ordinal"] == 1
    assert stay["deductible_paid_fen"] == 550_00
    assert stay["pool_paid_fen"] == 33042_10 + 12483_00
    # The register's 100.00 was spent by the first stay and does not come back.
    assert in_turn.settled()["S1"]["account_paid_fen"] == 100_00
    assert stay["account_paid_fen"] == 0


def test_a_refund_of_the_night_before_is_the_exact_negative(in_turn: World) -> None:
    assert in_turn.amounts("S8") == {k: -v for k, v in in_turn.amounts("S2").items()}
    assert not any(person == "E2" for person, *_ in in_turn.counters())


def test_refunds_of_the_night_before_are_last_first(in_turn: World) -> None:
    assert in_turn.rejected(NEXT) == {
        "claims-0.csv:3": "reversal_not_last",
        "claims-0.csv:4": "reversal_not_last",
        "claims-0.csv:5": "duplicate_visit",
    }
    assert {"S12", "S13"} < set(in_turn.settled())
    assert not any(person == "P1" for person, *_ in in_turn.counters())


def test_two_small_nights_leave_what_one_leaves(in_turn: World, at_once: World) -> None:
    assert_same(in_turn, at_once)


def test_a_refund_can_be_made_once_only_over_nights(in_turn: World) -> None:
    assert in_turn.rejected(THIRD) == {"claims-0.csv:1": "reversed_twice"}


def assert_same(one: World, other: World) -> None:
    for name in ("settlements", "accumulators"):
        frames = [_last(world.table(name)) for world in (one, other)]
        assert len(frames[0])
        assert_frame_equal(*frames)


def _last(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table less its nights: settlements all, accumulators as the last night left them."""
    if "counter" not in frame.columns:
        return frame.drop("night").sort("settlement_id")
    key = [name for name in frame.columns if name not in ("night", "value")]
    last = frame.sort("night").unique(key, keep="last").drop("night")
    return last.filter(pl.col("value") != 0).sort(key)


CITY = CityPlan(claims=6_000, night=NIGHT, seed=11, refund_share=0.15, online_share=0.1)
CUT = "2024-03-16"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    make_city(folder / "city", CITY)
    return folder / "city"


def halves(city: Path) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame]]:
    """Yield the claims and lines settled before the cut, and those from then on."""
    claims = pl.read_parquet(city / "input" / "claims-000.parquet")
    lines = pl.read_parquet(city / "input" / "lines-000.parquet")
    early = claims.filter(pl.col("setl_time") < CUT)
    early = early.filter(pl.col("setl_id").is_in(early["setl_id"].implode()))
    yield "early", early, lines.join(early, on="setl_id", how="semi")
    late = claims.join(early, on="setl_id", how="anti")
    yield "late", late, lines.join(early, on="setl_id", how="anti")


def test_a_city_settled_in_two_nights_is_row_by_row_that_of_one(city: Path, tmp_path: Path) -> None:
    reference = city / "reference"
    whole, split = World(tmp_path, "whole"), World(tmp_path, "split")
    once = whole.run(city / "input", reference=reference)
    nights = (date(2024, 3, 15), NIGHT)
    for (name, claims, lines), night in zip(halves(city), nights, strict=True):
        (tmp_path / name).mkdir()
        claims.write_parquet(tmp_path / name / "claims.parquet")
        lines.write_parquet(tmp_path / name / "lines.parquet")
        split.run(tmp_path / name, night, reference=reference)
    assert once["input"]["claims"] == CITY.claims
    assert once["settled"]["claims"] == len(split.settled())
    crossing = _crossing_refunds(split)
    assert crossing > 10, "the cut must lie between originals and their refunds"
    assert_same(split, whole)


def _crossing_refunds(world: World) -> int:
    settled = world.table("settlements")
    refunds = settled.filter("refund").select("night", settlement_id="original_settlement_id")
    both = refunds.join(settled, on="settlement_id", suffix="_original")
    return len(both.filter(pl.col("night") != pl.col("night_original")))
