"""The gate of the settle stage's speed shuts."""

import sys

import pytest

from benchmarks import gate
from benchmarks.warm import Warm
from benchmarks.workload import Workload


@pytest.mark.parametrize(
    ("ours", "shut"), [(4.0, 0), (4.6, 1), (8.0, 1)], ids=["quick", "slow for one", "slow for both"]
)
def test_the_gate_shuts_where_ours_takes_too_much_of_a_rival(
    monkeypatch: pytest.MonkeyPatch, ours: float, shut: int
) -> None:
    seconds = {"ours": ours, "polars": 8.0, "duckdb": 10.0}
    monkeypatch.setattr(gate, "workload", lambda _, root: Workload(root))
    monkeypatch.setattr(gate, "measure_warm", lambda name, *_: Warm(0.0, seconds[name]))
    monkeypatch.setattr(sys, "argv", ["gate"])
    with pytest.raises(SystemExit) as ended:
        gate.main()
    assert ended.value.code == shut
