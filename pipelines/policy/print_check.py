"""What `policy check` prints: findings with their places, and counts."""

from dataclasses import asdict
from typing import Any

from pipelines.policy.check import Checked
from pipelines.policy.console import plain_console

LEVELS = {"error": "错误 error", "warning": "提示 warning"}


def checked_json(checked: Checked) -> dict[str, Any]:
    """Return a check's counts and findings."""
    return _counts(checked) | {"findings": [asdict(finding) for finding in checked.findings]}


def print_checked(checked: Checked) -> None:
    """Print findings, errors first; the last line counts."""
    console = plain_console()
    for finding in checked.findings:
        place = f"{finding.file}:{finding.line}" if finding.file else "—"
        console.print(f"{place}: {LEVELS[finding.level]} [{finding.code}] {finding.zh}")
        console.print(f"    {finding.en}")
    counts = _counts(checked)
    console.print(
        f"{counts['places']} 个地区 places, {counts['schemes']} 个险种 schemes, "
        f"{counts['errors']} 个错误 errors, {counts['warnings']} 个提示 warnings"
    )


def _counts(checked: Checked) -> dict[str, Any]:
    return {
        "places": checked.places,
        "schemes": checked.schemes,
        "errors": checked.count("error"),
        "warnings": checked.count("warning"),
    }
