"""The benchmark of the rules runs: none lacks its facts, and DuckDB finds the same by six."""

from benchmarks.rules import BOTH, run
from engine.rules.catalogue import load_rules


def test_all_rules_run_and_duckdb_finds_the_same_by_six() -> None:
    measured = run(40_000)
    assert measured["rules"] == len(load_rules())
    assert measured["not_run"] == []
    assert measured["findings"] > len(BOTH)
