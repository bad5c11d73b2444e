"""What the commands that settle a case file share: reading it, and its receipt."""

import json
from pathlib import Path
from typing import Any

import typer

from engine.errors import ClaimError, PolicyError
from engine.policy.reader import read_document
from engine.settlement.case import SettledStory, settle_story
from engine.settlement.case_receipt import differences, receipt_of_case
from pipelines.commands.output import POLICY_REFUSED, WRONG_USAGE, fail, tell

DIFFERS = 1


def settled_story(case: Path, policies: Path | None) -> SettledStory:
    """Return a case file settled, or exit: 2 where the case is wrong, 3 where its policy is."""
    try:
        document = read_document(case, str(case))
    except PolicyError as error:
        fail(error, POLICY_REFUSED if error.within == "policy" else WRONG_USAGE)
    if not isinstance(document.value, dict):
        zh, en = "案例文件不是键值形式", "a case file is a mapping of keys to values"
        fail(ClaimError("case_format", f"{case}：{zh}", f"{case}: {en}"), WRONG_USAGE)
    try:
        return settle_story(document.value, policies, document)
    except ClaimError as error:
        fail(error, WRONG_USAGE)


def write_receipt(told: SettledStory, file: Path) -> None:
    """Write the receipt of a settled story as JSON."""
    file.write_text(json.dumps(receipt_of_case(told), indent=2) + "\n", encoding="utf-8")


def check_receipt(file: Path, told: SettledStory) -> str:
    """Return the word that a receipt holds, or exit 1 and say what of it does not."""
    found = differences(_read_receipt(file), receipt_of_case(told))
    if found:
        tell(f"[receipt_differs] 凭据与重新结算不符：{'、'.join(found)}")
        tell(f"the receipt differs from the story settled again in: {', '.join(found)}")
        raise typer.Exit(DIFFERS)
    return "凭据相符 the receipt holds"


def _read_receipt(file: Path) -> dict[str, Any]:
    try:
        told: Any = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        told = None
    listed = told.get("settlements") if isinstance(told, dict) else None
    if isinstance(listed, list) and all(isinstance(one, dict) for one in listed):
        return {**told}
    zh, en = "不是 settle --receipt 写出的凭据", "is no receipt that settle --receipt wrote"
    return fail(ClaimError("receipt_format", f"{file} {zh}", f"{file} {en}"), WRONG_USAGE)
