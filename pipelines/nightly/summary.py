"""What a night's summary says of its sums and of its findings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.codes.enums import Fund
from engine.rules.catalogue import load_rules

TOP_INSTITUTIONS = 100


def totals_of(file: Path) -> dict[str, Any]:
    """Return the sums of a file of TOTALS: by fund, region and institution, the largest first."""
    totals = pl.read_parquet(file)
    funds = [f"{fund.name.lower()}_paid_fen" for fund in Fund]
    sums = totals.select(pl.col(["claims", *AMOUNT_COLUMNS]).sum()).row(0, named=True)
    origins = totals.group_by("origin").agg(pl.col("claims").sum()).sort("origin")
    return {
        **sums,
        "by_fund": {name: sums[name] for name in funds},
        "by_region": _grouped(totals, "region", None),
        "by_institution": _grouped(
            totals.rename({"institution_id": "institution"}), "institution", TOP_INSTITUTIONS
        ),
        "by_origin": {str(origin): claims for origin, claims in origins.iter_rows()},
    }


def _grouped(totals: pl.DataFrame, key: str, limit: int | None) -> list[dict[str, Any]]:
    wanted = ["claims", "total_fen", "fund_total_fen", "person_total_fen"]
    sums = totals.group_by(key).agg(pl.col(wanted).sum())
    return (
        sums.sort(["total_fen", key], descending=[True, False]).head(limit or len(sums)).to_dicts()
    )


def findings_of(file: Path, not_run: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """Return how often each rule found something in a file of FINDINGS, and for how much.

    Of a rule that did not run, `lacks` says which facts there were none of.
    """
    counted = pl.read_parquet(file).group_by("rule_id").agg(pl.len(), pl.col("amount_fen").sum())
    sums = {rule: (count, amount) for rule, count, amount in counted.iter_rows()}
    return [
        {
            "rule_id": rule.id,
            "level": rule.level,
            "label_zh": rule.label_zh,
            "label_en": rule.label_en,
            "count": sums.get(rule.id, (0, 0))[0],
            "amount_fen": sums.get(rule.id, (0, 0))[1],
            "lacks": not_run.get(rule.id, []),
        }
        for rule in load_rules()
    ]
