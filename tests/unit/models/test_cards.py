from pathlib import Path

import pytest

import models
from engine.policy.reader import read_document
from models.evaluation import drift

CARDS = sorted((Path(models.__file__).parent / "cards").glob("*.yaml"))
REQUIRED = {
    "name", "purpose", "not_for", "method", "code", "features", "refused", "data", "evaluation",
    "limits", "drift", "reproduction",
}  # fmt: skip


def test_there_is_a_card() -> None:
    assert CARDS


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_card_says_all_that_a_reader_must_know(path: Path) -> None:
    card = read_document(path).value
    assert set(card) >= REQUIRED
    assert card["name"] == path.stem
    root = path.parents[2]
    assert all((root / card[key]).is_file() for key in ("code", "features", "refused"))


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_card_tells_the_limits_of_drift_that_the_code_keeps(path: Path) -> None:
    told = read_document(path).value["drift"]
    assert float(told["warn_psi"]) == drift.WARN
    assert float(told["stop_psi"]) == drift.STOP
    assert told["rows_min"] == drift.ROWS_MIN
