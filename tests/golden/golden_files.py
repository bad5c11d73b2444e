"""Reads golden files and compares a case's settlements with what the file expects.

A golden file is a case file (docs/case-files.md) whose `policy` names a file under `policies/`,
with the settlements expected of it. An expectation names an event, its status, and in yuan any
amount keys (without `_fen`), `steps` by rule and `sums`: signed additions of keys and rules.
"""

from pathlib import Path
from typing import Any

from engine.money import parse_fen
from engine.policy.reader import read_document

Record = dict[str, Any]

GOLDEN = Path(__file__).parent
POLICIES = GOLDEN / "policies"
NOT_AMOUNTS = {"event", "status", "code", "working", "steps", "sums"}
FUNDS = {
    f"{fund}_paid"
    for fund in (
        *("pool", "large_amount", "serious_illness", "civil_servant", "enterprise"),
        *("assistance", "injury", "maternity", "other"),
    )
}


def golden_paths(kind: str) -> list[Path]:
    """Return the golden files of one folder, in order."""
    return sorted((GOLDEN / kind).glob("*.yaml"))


def read_golden(path: Path) -> Record:
    """Return a golden file with the policy that it names in place of the name."""
    golden: Record = read_document(path).value
    policy = POLICIES / golden["case"]["policy"]
    return golden | {"case": golden["case"] | {"policy": read_document(policy).value}}


def differences(expected: Record, settlement: Record) -> list[str]:
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


def _sum(terms: list[str], settlement: Record, steps: dict[str, int]) -> int | None:
    amounts: list[int] = []
    for term in terms:
        name = term.removeprefix("-")
        amount: int | None = settlement.get(f"{name}_fen", steps.get(name))
        if amount is None:
            return None
        amounts.append(-amount if term.startswith("-") else amount)
    return sum(amounts)
