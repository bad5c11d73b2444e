"""Reads golden files: their form is that of `pipelines.policy.golden`.

The case either names region and scheme of a shipped policy, or its `policy` names a file under
`policies/`.
"""

from pathlib import Path
from typing import Any

from engine.policy.reader import read_document

Record = dict[str, Any]

GOLDEN = Path(__file__).parent
POLICIES = GOLDEN / "policies"
FUNDS = {
    f"{fund}_paid"
    for fund in (
        *("pool", "large_amount", "serious_illness", "civil_servant", "enterprise"),
        *("assistance", "injury", "maternity", "other"),
    )
}


def golden_paths(kind: str) -> list[Path]:
    """Return the golden files under one folder, in order."""
    return sorted((GOLDEN / kind).rglob("*.yaml"))


def read_golden(path: Path) -> Record:
    """Return a golden file, with the policy of a file that it names in place of the name."""
    golden: Record = read_document(path).value
    if "policy" not in golden["case"]:
        return golden
    policy = POLICIES / golden["case"]["policy"]
    return golden | {"case": golden["case"] | {"policy": read_document(policy).value}}
