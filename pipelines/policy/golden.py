"""Golden files: a case file under `case` and, under `expected`, the settlements worked by hand.

An expectation names an event, its status or code, and in yuan any amount keys (without `_fen`),
`steps` by rule and `sums`: signed additions of keys and rules. The other keys are for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.money import parse_fen
from engine.policy.reader import read_document

Record = dict[str, Any]
NOT_AMOUNTS = {"event", "status", "code", "working", "steps", "sums"}


@dataclass(frozen=True)
class Golden:
    """One golden file."""

    path: Path
    case: Record
    expected: list[Record]


def read_goldens(folder: Path) -> list[Golden]:
    """Return the golden files under a folder, in order; other YAML files are passed over.

    Raises:
        PolicyError: a file is not strict YAML.
    """
    found = []
    for path in sorted(folder.rglob("*.yaml")):
        value = read_document(path).value
        if isinstance(value, dict) and {"case", "expected"} <= value.keys():
            found.append(Golden(path, value["case"], value["expected"]))
    return found


def differences(expected: Mapping[str, Any], settlement: Mapping[str, Any]) -> list[str]:
    """Return what the settlement has otherwise than expected, or lacks."""
    found = {"status": settlement.get("status"), "code": settlement.get("code")}
    wanted = {key: expected[key] for key in found if key in expected}
    steps = {step["rule"]: step["amount_fen"] for step in settlement.get("steps", [])}
    for key in expected.keys() - NOT_AMOUNTS:
        found[key], wanted[key] = settlement.get(f"{key}_fen"), parse_fen(expected[key])
    for rule, yuan in expected.get("steps", {}).items():
        found[rule], wanted[rule] = steps.get(rule), parse_fen(yuan)
    for entry in expected.get("sums", []):
        found[entry["name"]] = _sum(entry["of"], settlement, steps)
        wanted[entry["name"]] = parse_fen(entry["amount"])
    return [
        f"{expected['event']}: {key} is {found[key]}, expected {value}"
        for key, value in wanted.items()
        if found[key] != value
    ]


def _sum(terms: list[str], settlement: Mapping[str, Any], steps: dict[str, int]) -> int | None:
    amounts: list[int] = []
    for term in terms:
        name = term.removeprefix("-")
        amount: int | None = settlement.get(f"{name}_fen", steps.get(name))
        if amount is None:
            return None
        amounts.append(-amount if term.startswith("-") else amount)
    return sum(amounts)
