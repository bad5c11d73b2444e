"""What `policy coverage` prints: the figures that no golden file holds, by place."""

from dataclasses import asdict
from typing import Any

from rich.console import Console

from pipelines.policy.console import plain_console
from pipelines.policy.coverage import Coverage, SchemeCoverage


def coverage_json(covered: Coverage) -> dict[str, Any]:
    """Return what is held and what is not, by place and scheme."""
    schemes = [
        asdict(scheme)
        | {"uncovered": [asdict(row) | {"cell": dict(row.cell)} for row in scheme.uncovered]}
        for scheme in covered.schemes
    ]
    return asdict(covered) | {"complete": covered.complete, "schemes": schemes}


def print_coverage(covered: Coverage) -> None:
    """Print what is not held, by place; the last line counts."""
    console = plain_console()
    for line in covered.failing:
        console.print(f"算例不成立 fails: {line}")
    for scheme in covered.schemes:
        _print_scheme(console, scheme)
    rows = sum(scheme.rows for scheme in covered.schemes)
    uncovered = sum(len(scheme.uncovered) for scheme in covered.schemes)
    console.print(
        f"{covered.cases} 个算例 cases, {rows} 行待遇 rows, {uncovered} 行未看住 uncovered, "
        f"{len(covered.failing)} 处不成立 failing"
    )


def _print_scheme(console: Console, scheme: SchemeCoverage) -> None:
    held = scheme.rows - len(scheme.uncovered)
    console.print(f"{scheme.name} {scheme.region} {scheme.scheme}  {held}/{scheme.rows}")
    for row in scheme.uncovered:
        cell = ", ".join(member for _, member in row.cell)
        console.print(f"  {row.benefit} {row.begins} {cell}: {', '.join(row.figures)}")
