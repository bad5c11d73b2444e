"""Rings on a planted world, and from the settlements of a lake."""

import json
from dataclasses import asdict
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from engine.codes.enums import VisitKind
from engine.errors import EngineError
from engine.periods import day_number
from engine.storage.lake import Lake
from models.rings.score import WEIGHTS, told_models
from pipelines.cli import app
from pipelines.leads.rings import rings_of
from pipelines.synthetic.rings.make import make_ring_world
from pipelines.trials.rings import evaluate_rings, fit_shipped_rings
from tests.unit_nights import FIRST, publish, settled_frame

COMMANDS = CliRunner()
SEED = 3
PERSONS = 40_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A lake in which N1, N2, N3 were twice in hospital together, and sold one pack in a chain."""
    first = day_number(FIRST)
    rows = [
        {"settlement_id": f"S{begin}-{one}", "person_id": f"N{one}", "institution_id": "H1",
         "physician_id": "D1", "begin_day": first + begin, "end_day": first + begin + 5,
         "settled_at": (first + begin + 5) * 86_400, "visit_kind": int(VisitKind.INPATIENT),
         "total_fen": 500_000, "fund_total_fen": 300_000}
        for begin in (1, 20)
        for one in (1, 2, 3)
    ]  # fmt: skip
    lake = Lake(tmp_path / "lake")
    publish(lake, {"settlements": settled_frame(pl.DataFrame(rows))}, tmp_path / "night")
    return tmp_path / "lake"


def test_stays_together_are_a_lead_with_its_persons_and_reasons(folder: Path) -> None:
    found = rings_of(Lake(folder), 60, None, most=5)
    assert found.unseen == ["desk", "codes"]
    (lead,) = found.leads
    assert (lead["kind"], lead["persons"], lead["members"]) == ("stays", ["N1", "N2", "N3"], 3)
    assert lead["fund_fen"] == 6 * 300_000
    assert {name for name, _, _ in lead["reasons"]} >= {"alike_share", "physician_share"}


def test_packs_that_were_settled_again_are_seen_by_a_file_of_sightings(
    folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "sightings.csv"
    path.write_text(
        "settlement_id,kind,thing\nS1-1,code,8100\nS20-2,code,8100\nS1-2,terminal,T9\n",
        encoding="utf-8",
    )
    found = rings_of(Lake(folder), 60, path, most=5)
    assert found.unseen == []


@pytest.mark.parametrize(
    "text", ["settlement_id,thing\nS1,1\n", "settlement_id,kind,thing\nS1,phone,1\n"]
)
def test_a_file_of_another_form_is_refused(folder: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "sightings.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EngineError, match="sightings"):
        rings_of(Lake(folder), 60, path, most=5)


def test_the_command_tells_leads_and_calls_nobody_a_fraud(folder: Path) -> None:
    answer = COMMANDS.invoke(app, ["rings", "list", "--lake", str(folder), "--json"])
    assert json.loads(answer.stdout)["leads"][0]["members"] == 3
    printed = COMMANDS.invoke(app, ["rings", "list", "--lake", str(folder)]).stdout
    assert "反证" in printed
    assert "也不认定违规" in printed
    assert "骗" not in printed
    assert "fraud" not in printed.lower()


def test_an_empty_lake_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no_night"):
        rings_of(Lake(tmp_path / "lake"), 60, None, most=5)


def test_planted_rings_are_found_and_innocent_groups_left_in_peace() -> None:
    figures = evaluate_rings(PERSONS, SEED)
    assert figures.decoys > 1_000
    assert (figures.rings, figures.found, figures.disturbed) == (3, 3, 0)
    assert figures.ap == 1.0
    answer = COMMANDS.invoke(
        app, ["rings", "evaluate", "--persons", str(PERSONS), "--seed", str(SEED), "--json"]
    )
    assert json.loads(answer.stdout) == asdict(figures)


def test_a_world_is_the_same_each_time_and_tells_nothing_by_its_order() -> None:
    one, again = (make_ring_world(20_000, SEED) for _ in range(2))
    assert one.claims.equals(again.claims)
    assert one.codes.equals(again.codes)
    # Members of rings are strewn over the numbers of persons, and their claims over the rows.
    ring = one.truth.filter("ring")["person"]
    assert ring.is_sorted() is False
    rows = one.claims.with_row_index().filter(
        pl.col("claim").is_in(one.ring_claims["claim"].implode())
    )
    first, last = rows["index"].to_numpy()[[0, -1]]
    assert last - first > len(one.claims) / 2


@pytest.mark.slow
def test_the_shipped_weights_are_those_of_the_fit() -> None:
    assert WEIGHTS.read_text(encoding="utf-8") == told_models(fit_shipped_rings())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [12, 13])
def test_rings_among_a_million_persons_reach_the_goals(seed: int) -> None:
    figures = evaluate_rings(1_000_000, seed)
    assert figures.ap >= 0.90
    assert figures.money_share >= 0.95
    assert figures.disturbed_per_10_000 <= 1
