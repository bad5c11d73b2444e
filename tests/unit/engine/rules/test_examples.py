"""The rules' worked examples hold, and an example that does not is told."""

from pathlib import Path

import pytest

from engine.errors import PolicyError
from engine.rules.catalogue import load_rules
from engine.rules.examples import SHIPPED, run_examples


def changed(folder: Path, old: str, new: str) -> Path:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = folder / "examples.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_every_rule_finds_just_what_its_examples_say() -> None:
    outcomes = list(run_examples())
    assert len(outcomes) >= 3 * len(load_rules())
    assert [outcome.example.zh for outcome in outcomes if not outcome.holds] == []


def test_an_example_that_does_not_hold_is_told(tmp_path: Path) -> None:
    outcomes = run_examples(changed(tmp_path, "quantity_e4: 240000", "quantity_e4: 240001"))
    [wrong] = [outcome for outcome in outcomes if not outcome.holds]
    assert (wrong.example.of, dict(wrong.found)) == ("item_past_daily_limit", {"a": [1]})


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("of: duplicate_settlement\n  kind: exempt", "of: duplicate_settlement\n  kind: near_miss",
         "no_example"),
        ("of: duplicate_settlement\n  kind: exempt", "of: no_such\n  kind: exempt", "example"),
        ("of: duplicate_settlement\n  kind: exempt", "of: duplicate_settlement\n  kind: finds",
         "example"),
        ("zh: 同一就诊的两段", "note: 同一就诊的两段", "shape"),
    ],
)  # fmt: skip
def test_a_rule_without_an_example_of_each_kind_is_refused(
    tmp_path: Path, old: str, new: str, code: str
) -> None:
    with pytest.raises(PolicyError) as told:
        list(run_examples(changed(tmp_path, old, new)))
    assert told.value.code == code
