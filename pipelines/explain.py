"""Explains one published settlement from its stored trace, in Chinese or English."""

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import EventKind
from engine.errors import ClaimError, PolicyError
from engine.policy.book import SHIPPED, load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.settlement.explanation import Language, explanation
from engine.settlement.receipt import Kept, receipt_of
from engine.storage.lake import DATABASE_FILE, Lake
from engine.storage.lake_tables import LAYER_COLUMNS
from pipelines.billed_lines import lines_of_settlement


def explain(
    settlement: str, lake: Path, policies: Path | None = None, language: Language = "zh"
) -> dict[str, Any]:
    """Return a settlement's amounts and steps, each with its rule and source, and its receipt.

    Args:
        settlement: its id.
        lake: the lake that published it.
        policies: the policy files it was settled with; None for the shipped ones.
        language: of the texts.

    Raises:
        ClaimError: `unknown_settlement`.
        PolicyError: `policy_changed`, these are not the files that it was settled with.
    """
    row = _settlement(lake, settlement)
    # A refund follows the policy of what it cancels, which may be older than its own night's.
    place = _settlement(lake, row["original_settlement_id"]) if row["refund"] else row
    policy_row = int(place["policy_row"])
    used = (pl.col("night") == place["night"]) & (pl.col("policy_row") == policy_row)
    terms = Lake(lake).read("policy_rows").filter(used).collect().row(0, named=True)
    policy_hash = terms["policy_hash"]
    book = compile_book(load_book(policies or SHIPPED))
    if book.book.hash != policy_hash:
        raise PolicyError(
            "policy_changed",
            f"该结算用的政策是 {policy_hash[:16]}，而现有政策文件是 {book.book.hash[:16]}；"
            "请用 --policies 指明当时的政策文件",
            f"it was settled with policy {policy_hash[:16]}, these files are "
            f"{book.book.hash[:16]}; name the files of that time with --policies",
        )
    trace = np.array(row["trace"], dtype=np.int64)
    steps = explanation(book, policy_row, trace, language)
    scheme = terms["region"], terms["scheme"]
    return {
        "settlement": settlement,
        "night": row["night"],
        "policy_hash": policy_hash,
        **{name: row[name] for name in AMOUNT_COLUMNS},
        "steps": [asdict(step) for step in steps],
        "receipt": _receipt(Lake(lake), book, _kept(row, scheme, policy_row), row),
    }


def _receipt(lake: Lake, book: CompiledBook, kept: Kept, row: dict[str, Any]) -> dict[str, Any]:
    """Return a receipt; without an engine or an input hash where the night no longer tells them."""
    night = date.fromisoformat(str(row["night"]))
    undone = kept.kind is EventKind.REVERSAL
    lines = "" if undone else lines_of_settlement(lake, night, row["settlement_id"])
    receipt = asdict(receipt_of(book, replace(kept, lines=lines or "")))
    unknown = {"input_hash": None} if lines is None else {}
    return receipt | {"engine_version": _engine_version(lake, night)} | unknown


def _kept(row: dict[str, Any], scheme: tuple[str, str], policy_row: int) -> Kept:
    return Kept(
        kind=EventKind.REVERSAL if row["refund"] else EventKind.CLAIM,
        scheme=scheme,
        policy_row=policy_row,
        year=row["year"],
        begin_day=row["begin_day"],
        end_day=row["end_day"],
        ordinal=row["ordinal"],
        amounts={name: row[name] for name in AMOUNT_COLUMNS},
        layers=[row[name] for name in LAYER_COLUMNS],
        trace=row["trace"],
    )


def _engine_version(lake: Lake, night: date) -> str | None:
    """Return the engine that settled a night; None of a night that did not yet record it."""
    record = lake.database.night(night)
    return None if record is None else record.engine_version


def _settlement(lake: Path, settlement: str) -> dict[str, Any]:
    # Opening a lake makes one: a misspelt folder is not to leave an empty lake behind.
    if (lake / DATABASE_FILE).is_file():
        wanted = pl.col("settlement_id") == settlement
        found = Lake(lake).read("settlements").filter(wanted).collect()
        if not found.is_empty():
            return found.row(0, named=True)
    raise ClaimError(
        "unknown_settlement",
        f"数据湖 {lake} 中没有结算 {settlement}；请核对编号，或用 --lake 指明数据湖",
        f"the lake {lake} holds no settlement {settlement}; check the id or name the lake",
    )
