"""A figure counts as covered only if a golden file would fail without it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.policy.book import load_book
from pipelines.policy.coverage import Coverage, coverage
from tests.unit.pipelines.policy_files import TOWN, changed, folder_of

CLAIM = {"visit": "inpatient", "level": "L1", "begin": "2023-03-01", "end": "2023-03-09"}


def golden(folder: Path, name: str, expected: list[dict[str, Any]], *totals: str) -> None:
    """Write a golden file of an active person with claims of these totals at L1."""
    events = [{"id": str(n), **CLAIM, "total": total} for n, total in enumerate(totals, 1)]
    case = {"region": "990000", "scheme": "employee", "person": {"class": "active"}}
    text = yaml.safe_dump({"id": name, "case": case | {"events": events}, "expected": expected})
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def covered(tmp_path: Path, text: str = TOWN) -> Coverage:
    policies = folder_of(tmp_path / "policies", town=text)
    return coverage(load_book(policies), [tmp_path / "golden"])


def missing(result: Coverage, level: str = "L1", begins: str = "2023-01-01") -> list[str]:
    """The uncovered figures of the active person's row of an entry."""
    (scheme,) = result.schemes
    cells = [{"level": level, "person_class": "active"}, {"level": level}]
    rows = [row for row in scheme.uncovered if row.begins == begins and dict(row.cell) in cells]
    return [name for row in rows for name in row.figures]


EVERY = ["deductibles.1", "deductibles.2", "bands.1.to", "bands.1.rate", "bands.2.rate"]
ALL = [f"basic.{name}" for name in [*EVERY, "caps.1.amount"]]


def test_without_golden_files_nothing_is_covered(tmp_path: Path) -> None:
    result = covered(tmp_path)
    (scheme,) = result.schemes
    assert missing(result) == ALL
    assert (result.cases, result.complete) == (0, False)
    # Four rows of 2023 with six or, at L3, five figures; two of 2024 with two.
    assert (scheme.rows, scheme.figures, len(scheme.uncovered)) == (6, 26, 6)


def test_a_file_covers_what_its_amounts_depend_on_in_its_own_row(tmp_path: Path) -> None:
    # (5000 - 400) x 80% = 3680.
    golden(tmp_path / "golden", "one", [{"event": "1", "pool_paid": "3680.00"}], "5000.00")
    result = covered(tmp_path)
    assert missing(result) == [ALL[1], ALL[2], ALL[4], ALL[5]]
    assert missing(result, level="L3") == [name for name in ALL if name != ALL[1]]
    assert result.complete is False


def test_a_file_that_asserts_no_amount_covers_nothing(tmp_path: Path) -> None:
    golden(tmp_path / "golden", "one", [{"event": "1", "status": "settled"}], "5000.00")
    assert missing(covered(tmp_path)) == ALL


def test_an_amount_that_does_not_depend_on_a_rate_does_not_cover_it(tmp_path: Path) -> None:
    golden(tmp_path / "golden", "one", [{"event": "1", "deductible_paid": "400.00"}], "5000.00")
    assert missing(covered(tmp_path)) == ALL[1:]


def test_a_step_by_its_rule_asserts_an_amount(tmp_path: Path) -> None:
    steps = {"inpatient.basic.bands.1": "3680.00"}
    golden(tmp_path / "golden", "one", [{"event": "1", "steps": steps}], "5000.00")
    assert missing(covered(tmp_path)) == [ALL[1], ALL[2], ALL[4], ALL[5]]


def test_stays_over_the_year_cover_ordinals_bands_and_the_cap(tmp_path: Path) -> None:
    # (11000 - 400): 9600 x 80% + 1000 x 90% = 8580. (1000 - 200) x 80% = 640.
    # 30000 - 8580 - 640 = 20780 is left of the cap.
    expected = [
        {"event": "1", "pool_paid": "8580.00"},
        {"event": "2", "pool_paid": "640.00"},
        {"event": "3", "pool_paid": "20780.00"},
    ]
    golden(tmp_path / "golden", "one", expected, "11000.00", "1000.00", "90000.00")
    result = covered(tmp_path)
    assert (missing(result), result.failing) == ([], ())
    assert missing(result, begins="2024-01-01") == ["basic.deductibles.1", "basic.bands.1.rate"]


def test_a_file_that_fails_covers_nothing_and_is_told(tmp_path: Path) -> None:
    golden(tmp_path / "golden", "one", [{"event": "1", "pool_paid": "3680.01"}], "5000.00")
    result = covered(tmp_path)
    assert missing(result) == ALL
    (line,) = result.failing
    assert line.endswith("one.yaml: 1: pool_paid is 368000, expected 368001")


@pytest.mark.parametrize("region", ["110000", "990000"])
def test_a_file_that_cannot_be_settled_is_told(tmp_path: Path, region: str) -> None:
    folder = tmp_path / "golden"
    golden(folder, "one", [{"event": "9", "pool_paid": "1.00"}], "5000.00")
    path = folder / "one.yaml"
    path.write_text(path.read_text().replace("990000", region))
    (line,) = covered(tmp_path).failing
    assert "no_policy" in line if region == "110000" else "no_event" in line


def test_a_file_with_a_policy_of_its_own_says_nothing_of_the_book(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "golden")
    (folder / "own.yaml").write_text("case: {policy: town.yaml}\nexpected: []\n")
    assert covered(tmp_path).cases == 0


def test_the_end_of_a_band_is_no_figure_where_the_next_has_the_same_rate(tmp_path: Path) -> None:
    text = changed("rate: {active: 80%, retired: 85%}", "rate: 90%")
    assert ALL[2] not in missing(covered(tmp_path, text))


def test_of_a_burden_layer_at_0_percent_only_the_rate_is_a_figure(tmp_path: Path) -> None:
    second = """\
      - name: aid
        fund: assistance
        base: [copay.basic]
        takes: burden
        mode: per_claim
        deductible: {method: per_stay, amount: "100.00"}
        bands: {position: claim, deductible_inside: true, table: [{to: "900.00", rate: 0%}]}
        rounding: layer
        pays_off: [copay.basic]
"""
    names = missing(covered(tmp_path, TOWN + second), begins="2024-01-01")
    assert [name for name in names if name.startswith("aid.")] == ["aid.bands.1.rate"]


def test_coverage_can_be_cut_to_regions(tmp_path: Path) -> None:
    result = covered(tmp_path)
    assert result.of_regions(["990000"]) == result
    assert result.of_regions(["110000"]).complete


ALLOWANCES = """\
bases:
  wage: [{from: 2023-01-01, amount: "5000.00"}]
allowances:
  birth:
    history:
    - from: 2023-01-01
      reviewed_until: 2024-12-31
      cases: [normal, difficult]
      items:
      - name: pay
        payer: maternity
        method: wage_by_days
        wage: employer
        bounds: {floor: 60%, ceiling: 300%, of: wage}
        days: {normal: 98, difficult: 113}
        divisor: 30
        rounding: half_up
      - {name: grant, payer: employer, method: fixed, amount: "3000.00"}
"""


def granted(
    folder: Path, expected: dict[str, Any], wage: str = "6000.00", case: str = "normal"
) -> None:
    """Write a golden file of one birth."""
    event = {"id": "1", "kind": "allowance", "allowance": "birth", "on": "2023-05-04"}
    event |= {"case": case, "employer_wage": wage}
    told = {"region": "990000", "scheme": "employee", "person": {"class": "active"}}
    text = yaml.safe_dump(
        {"id": case, "case": told | {"events": [event]}, "expected": [{"event": "1", **expected}]}
    )
    folder.mkdir(exist_ok=True)
    (folder / f"{case}{wage}.yaml").write_text(text, encoding="utf-8")


def ungranted(tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """The uncovered figures of the allowance by case."""
    result = covered(tmp_path, TOWN + ALLOWANCES)
    assert result.failing == ()
    (scheme,) = result.schemes
    return {row.cell[0][1]: row.figures for row in scheme.uncovered if row.benefit == "birth"}


def test_figures_of_allowances_are_covered_by_the_amounts_that_depend_on_them(
    tmp_path: Path,
) -> None:
    # 6,000 x 98 / 30 = 19,600: the floor of 3,000 and the ceiling of 15,000 do not matter.
    granted(tmp_path / "golden", {"maternity_paid": "19600.00"})
    bounds = ("pay.bounds.floor_ppm", "pay.bounds.ceiling_ppm")
    named = ("pay.days", "pay.divisor", *bounds, "grant.amount_fen")
    assert ungranted(tmp_path) == {
        "normal": (*bounds, "grant.amount_fen"),
        "difficult": named,
    }


def test_bounds_are_covered_where_they_hold_and_the_employers_part_by_its_step(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "golden"
    # 60 % and 300 % of 5,000: 3,000 x 98 / 30 = 9,800 and 15,000 x 98 / 30 = 49,000.
    granted(folder, {"maternity_paid": "9800.00", "steps": {"birth.grant": "3000.00"}}, "100.00")
    granted(folder, {"maternity_paid": "49000.00"}, "90000.00")
    assert "normal" not in ungranted(tmp_path)


def test_an_allowance_that_comes_to_otherwise_fails_and_covers_nothing(tmp_path: Path) -> None:
    granted(tmp_path / "golden", {"maternity_paid": "19600.01"})
    result = covered(tmp_path, TOWN + ALLOWANCES)
    assert [line.split(": ", 1)[1] for line in result.failing] == [
        "1: maternity_paid is 1960000, expected 1960001"
    ]
