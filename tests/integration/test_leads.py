"""From published nights to frozen references, and from a queue to one lead in words."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from engine.errors import EngineError, StorageError
from engine.storage.lake import Lake
from models.features.units import UNIT_KINDS, unit_features
from models.queue import Capacity
from models.unit_reasons import decode_reasons, encode_reasons
from models.unit_references import load_references, save_references
from pipelines.cli import app
from pipelines.leads.freeze import freeze
from pipelines.leads.window import in_window
from pipelines.nightly.gate import UNIT_REFERENCES
from pipelines.steps.score import Published, score
from pipelines.synthetic.make import UNIT_REFERENCES as UNIT_REFERENCES_OF_THE_CITY
from tests.integration.night_world import World, a_bill
from tests.unit_nights import (
    BAD,
    FIRST,
    FOUND,
    NIGHT,
    a_month,
    filled,
    publish,
    references,
    settled_file,
)

COMMANDS = CliRunner()
CAPACITY = Capacity(cases=12, cases_a_unit=2)


def found_in(month: pl.DataFrame) -> pl.DataFrame:
    """Return a definite finding on every settlement of the dear institutions."""
    guilty = month.filter(pl.col("institution_id") < f"H{BAD:03d}")
    return filled(
        guilty.select(
            "settlement_id",
            rule_id=pl.lit("duplicate_settlement"),
            level=pl.lit("definite"),
            amount_fen=pl.lit(1),
        ),
        FOUND,
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    month = a_month(1)
    publish(lake, {"settlements": month, "findings": found_in(month)}, tmp_path / "night")
    return lake


def test_freezing_finds_the_dear_institutions_of_a_later_month(lake: Lake, tmp_path: Path) -> None:
    frozen = freeze(lake, CAPACITY)
    assert frozen.sustained["institution"] == BAD
    assert frozen.units["institution"] == 240
    file = settled_file(a_month(2), tmp_path / "settled.parquet")
    nothing = Published(lake.read("settlements").clear(), lake.read("leads").clear())
    told = score(file, nothing, frozen.references, NIGHT, tmp_path)
    leads = pl.read_parquet(told.leads).filter(kind="institution", by_chance=False)
    assert (leads["institution_id"] < f"H{BAD:03d}").all()


def test_an_empty_lake_freezes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no_night"):
        freeze(Lake(tmp_path / "lake"), CAPACITY)


def test_a_figure_that_tells_who_is_given_aid_may_not_be_frozen(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    poor = pl.col("person_id").str.ends_with("7")
    month = a_month(1).with_columns(
        assistance_paid_fen=pl.when(poor).then(100).otherwise(0).cast(pl.Int64),
        end_day=pl.col("end_day") + pl.when(poor).then(6).otherwise(0).cast(pl.Int32),
    )
    publish(lake, {"settlements": month, "findings": found_in(month)}, tmp_path / "night")
    with pytest.raises(EngineError, match="proxy") as caught:
        freeze(lake, CAPACITY)
    assert "days_mean" in str(caught.value)
    assert "total_fen_mean" not in str(caught.value)


def test_a_group_that_is_flagged_more_often_without_findings_raises_the_alarm(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path / "lake")
    women = pl.col("person_id").str.slice(1).cast(pl.Int64) % 2 == 0
    dearer = pl.when(women).then(2).otherwise(1)
    month = a_month(1).with_columns(
        sex=pl.when(women).then(2).otherwise(1).cast(pl.Int8),
        fund_total_fen=pl.col("fund_total_fen") * dearer,
        total_fen=pl.col("total_fen") * dearer,
    )
    publish(lake, {"settlements": month, "findings": found_in(month)}, tmp_path / "night")
    rates = {one.segment: one for one in freeze(lake, CAPACITY).segments}
    assert rates["women"].ratio > 1.25
    assert rates["women"].alarm


def test_an_even_month_raises_no_alarm(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    women = pl.col("person_id").str.slice(1).cast(pl.Int64) % 2 == 0
    month = a_month(1, sex=pl.when(women).then(2).otherwise(1).cast(pl.Int8))
    publish(lake, {"settlements": month, "findings": found_in(month)}, tmp_path / "night")
    rates = {one.segment: one for one in freeze(lake, CAPACITY).segments}
    assert not rates["women"].alarm


def test_a_file_of_references_scores_as_what_it_was_written_from(tmp_path: Path) -> None:
    written = references(CAPACITY)
    path = tmp_path / UNIT_REFERENCES
    save_references(written, path)
    read = load_references(path)
    units_file = settled_file(a_month(2), tmp_path / "settled.parquet")
    empty = Lake(tmp_path / "lake")
    nothing = Published(empty.read("settlements"), empty.read("leads"))
    hashes = []
    for number, known in enumerate((written, read)):
        work = tmp_path / str(number)
        work.mkdir()
        told = score(units_file, nothing, known, NIGHT, work)
        hashes.append(pl.read_parquet(told.leads))
    assert hashes[0].equals(hashes[1])
    again = tmp_path / "again.json"
    save_references(read, again)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-20],
        lambda text: text.replace('"total_fen_mean"', '"other_figure"', 1),
        lambda text: text.replace('"format": 1', '"format": 2', 1),
        lambda text: text.replace("{", "[", 1),
    ],
    ids=["cut short", "other figures", "other format", "no references"],
)
def test_a_spoilt_file_of_references_is_refused(
    tmp_path: Path, spoil: Callable[[str], str]
) -> None:
    path = tmp_path / UNIT_REFERENCES
    save_references(references(CAPACITY), path)
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(EngineError, match="unit_references"):
        load_references(path)


def test_a_night_publishes_leads_and_its_references_are_part_of_its_input(tmp_path: Path) -> None:
    world = World(tmp_path)
    save_references(references(CAPACITY), world.reference / UNIT_REFERENCES)
    summary = world.night(
        a_bill(1, "P1", ("A", "500.00"), atddr_no="D1"), a_bill(2, "P2", ("A", "90.00"))
    )
    assert {one["kind"]: one["status"] for one in summary["leads"]} == {
        "institution": "scored",
        "physician": "scored",
        "person": "scored",
    }
    leads = world.table("leads")
    assert leads.filter(kind="physician")["physician_id"].to_list() == ["D1"]
    assert world.table("settlements")["physician_id"].to_list().count("D1") == 1


def test_a_night_with_spoilt_references_stops_before_it_starts(tmp_path: Path) -> None:
    world = World(tmp_path)
    (world.reference / UNIT_REFERENCES).write_text("{}", encoding="utf-8")
    with pytest.raises(EngineError, match="unit_references"):
        world.night(a_bill(1, "P1", ("A", "500.00")))
    assert not list((world.lake / "work").glob("*/*"))


def test_the_reasons_of_a_lead_add_up_to_its_score() -> None:
    model = references(CAPACITY).models["institution"]
    units = unit_features(in_window(a_month(2).lazy(), FIRST).collect(), "institution")
    scores = model.score(units)
    for row in (0, 40, 100):
        reasons = decode_reasons(encode_reasons(scores, row))
        log_odds = scores.parts.base + sum(one.part_e6 for one in reasons) / 1e6
        probability = scores.probability_ppm[row] / 1e6
        assert np.log(probability / (1 - probability)) == pytest.approx(log_odds, abs=1e-3)
        assert [one.part_e6 for one in reasons] == sorted(
            (one.part_e6 for one in reasons), reverse=True
        )


def test_the_queue_and_one_lead_with_its_reasons_are_told(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    file = settled_file(a_month(2), tmp_path / "settled.parquet")
    nothing = Published(lake.read("settlements"), lake.read("leads"))
    told = score(file, nothing, references(CAPACITY), NIGHT, tmp_path)
    publish(lake, {"leads": pl.read_parquet(told.leads)}, tmp_path / "night")
    lake.database.close()
    where = ["--lake", str(tmp_path / "lake")]
    queue = json.loads(COMMANDS.invoke(app, ["leads", "institution", *where, "--json"]).stdout)
    assert [one["place"] for one in queue] == list(range(1, 13))
    printed = COMMANDS.invoke(app, ["leads", "institution", *where])
    assert printed.exit_code == 0
    assert "不认定违规" in printed.stdout
    one = COMMANDS.invoke(app, ["leads", "institution", *where, "--place", "1", "--lang", "en"])
    assert "fund money a settlement" in one.stdout
    assert "refuted by" in one.stdout
    missing = COMMANDS.invoke(app, ["leads", "institution", *where, "--place", "99"])
    assert isinstance(missing.exception, EngineError)
    assert missing.exception.code == "no_lead"


def test_freeze_writes_what_a_night_reads(lake: Lake, tmp_path: Path) -> None:
    lake.database.close()
    out = tmp_path / UNIT_REFERENCES
    told = COMMANDS.invoke(app, ["freeze", "--lake", str(lake.path), "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert load_references(out).until == "2024-03-31"


def test_the_synthetic_city_brings_references_of_every_kind() -> None:
    shipped = load_references(UNIT_REFERENCES_OF_THE_CITY)
    assert set(shipped.models) == set(UNIT_KINDS)
    assert all(model.slope > 0 for model in shipped.models.values())
