"""Makes findings again: the very one that was published, or a rule's on the facts of a day."""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from engine.errors import ClaimError, PolicyError, StorageError
from engine.rules.catalogue import SHIPPED, Rule, load_rules
from engine.storage.lake import Lake
from pipelines.findings.evidence import FOLDER, Evidence, open_evidence, rule_version, with_rules
from pipelines.findings.loss import book_of
from pipelines.steps.flag import flag


def replay(lake: Lake, finding: str, policies: Path | None = None) -> dict[str, Any]:
    """Return a published finding beside the same made again, and whether they are equal in bytes.

    It is made from what the night kept: its files, the versions of the lake before it, the rules
    and the policies as they were. No rule draws anything by chance.

    Args:
        finding: rule and settlement, as `care_after_death:S1`.

    Raises:
        ClaimError: `unknown_finding`.
        PolicyError: `policy_changed`, these are not the files of that night.
        StorageError: `no_evidence`, `evidence_changed`.
    """
    published = _published(lake, finding)
    rule, _, settlement = finding.partition(":")
    night = date.fromisoformat(published["night"])
    evidence = open_evidence(lake, night)
    made = _findings(lake, evidence, rule, policies)
    again = next((row for row in made.rows if row["settlement_id"] == settlement), {})
    before, after = canonical(published), canonical(again)
    return {
        "finding": finding,
        "night": night.isoformat(),
        "lake_version": dict(evidence.versions).get("settlements"),
        "policy_hash": evidence.policy_hash,
        "rule_version": rule_version(_rule(rule, evidence.inputs.rules)),
        "seed": None,
        "published_sha256": hashlib.sha256(before).hexdigest(),
        "again_sha256": hashlib.sha256(after).hexdigest(),
        "identical": before == after,
        "row": again,
        "beside": made.beside.get(settlement, []),
    }


def run(
    lake: Lake, only: str, as_of: date, policies: Path | None = None, rules: Path = SHIPPED
) -> dict[str, Any]:
    """Return what one rule of today finds in the last night up to a day, as that was known then.

    Knowledge points, registers and earlier settlements are those that the night itself had.

    Raises:
        PolicyError: `unknown_rule`; `policy_changed`.
        StorageError: `no_evidence`, `evidence_changed`.
    """
    rule = _rule(only, rules)
    night = _last_night(lake, as_of)
    evidence = with_rules(open_evidence(lake, night), rules)
    made = _findings(lake, evidence, only, policies)
    of_it = (pl.col("night") == night.isoformat()) & (pl.col("rule_id") == only)
    published = set(
        lake.read("findings").filter(of_it).select("settlement_id").collect().to_series()
    )
    found = set(made.beside)
    return {
        "rule": only,
        "rule_version": rule_version(rule),
        "night": night.isoformat(),
        "findings": made.rows,
        "beside": {name: lines for name, lines in made.beside.items() if lines},
        "new": sorted(found - published),
        "gone": sorted(published - found),
    }


def canonical(row: dict[str, Any]) -> bytes:
    """Return a finding as the bytes by which two are compared."""
    return json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class _Made:
    """FINDINGS of a rule, and for each settlement the lines of others that make it wrong."""

    rows: list[dict[str, Any]]
    beside: dict[str, list[dict[str, Any]]]


def _findings(lake: Lake, evidence: Evidence, rule: str, policies: Path | None) -> _Made:
    book = book_of(evidence.policy_hash, policies)
    with tempfile.TemporaryDirectory() as work:
        flagged = flag(evidence.inputs, evidence.earlier(lake), book, Path(work), only=rule)
        rows = pl.read_parquet(flagged.findings)
        beside = pl.read_parquet(flagged.beside)
    named = rows.with_columns(night=pl.lit(evidence.night.isoformat()))
    return _Made(named.to_dicts(), dict(beside.select("settlement_id", "beside").iter_rows()))


def _published(lake: Lake, finding: str) -> dict[str, Any]:
    rule, _, settlement = finding.partition(":")
    wanted = (pl.col("rule_id") == rule) & (pl.col("settlement_id") == settlement)
    rows = lake.read("findings").filter(wanted).collect()
    if rows.is_empty():
        raise ClaimError(
            "unknown_finding",
            f"没有已发布的疑点 {finding}；写法是“规则:结算编号”，如 care_after_death:S1",
            f"there is no published finding {finding}; write rule:settlement",
        )
    return rows.row(0, named=True)


def _rule(name: str, rules: Path) -> Rule:
    for rule in load_rules(rules):
        if rule.id == name:
            return rule
    raise PolicyError(
        "unknown_rule",
        f"没有规则 {name}；jiesuan rules list 列出全部",
        f"there is no rule {name}; jiesuan rules list prints them all",
    )


def _last_night(lake: Lake, as_of: date) -> date:
    nights = [
        date.fromisoformat(folder.name)
        for folder in (lake.path / FOLDER).glob("????-??-??")
        if date.fromisoformat(folder.name) <= as_of
    ]
    if not nights:
        raise StorageError(
            "no_evidence",
            f"{as_of} 及以前没有留存规则所依据的数据；请先结算一夜，或改用更晚的日期",
            f"nothing that rules looked at is kept up to {as_of}; settle a night, or name a later "
            "day",
        )
    return max(nights)
