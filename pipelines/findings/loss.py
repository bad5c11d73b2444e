"""What the definite findings on one settlement cost: each line once, each payer apart."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from engine.claims.columns import Event, Ints
from engine.claims.keys import content_keys
from engine.codes.enums import Fund, VisitKind
from engine.errors import ClaimError, PolicyError
from engine.money import format_yuan
from engine.periods import date_of_day
from engine.policy.book import SHIPPED, load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.rules.catalogue import load_rules
from engine.rules.detect import detect
from engine.rules.facts import LINE
from engine.rules.forms.interval import CLEARINGS
from engine.rules.forms.limit import INPATIENT
from engine.settlement.explanation import FUNDS
from engine.settlement.reprice import SPLIT_WIDTH, STOOD, Correction, Difference, reprice_in_turn
from engine.storage.lake import Lake
from pipelines.findings.evidence import Evidence, open_evidence
from pipelines.pricing.findings import paid_of, priced
from pipelines.steps.flag import facts_of_night

BY_PACKAGE = (VisitKind.SINGLE_DISEASE,)
OPEN = {
    True: "按病种、床日等清算，机构端支付未知",
    False: "事实确定，应否退还须查实后定",
}
"""Why a loss is not priced, by whether any of the rules is one that is."""


def loss(lake: Lake, settlement: str, policies: Path | None = None) -> dict[str, Any]:
    """Return what the definite findings on a settlement cost its payers, together.

    A line that several rules flag counts once, and so does a claim. What the correction would have
    changed for later claims is told apart, with its sign: above zero the fund would have paid less.

    Of a definite fact from which no amount follows by itself, as of a missing trace code, the bound
    runs from nothing to what each payer would not have paid had nothing that it flags been paid.

    Raises:
        ClaimError: `no_priced_finding`.
        PolicyError: `policy_changed`, these are not the files that it was settled with.
        StorageError: `no_evidence`, `evidence_changed`.
    """
    night, named = _found(lake, settlement)
    evidence = open_evidence(lake, night)
    chosen = [rule for rule in load_rules(evidence.inputs.rules) if rule.id in named]
    rules = [rule for rule in chosen if rule.correction != "none"]
    book = book_of(evidence.policy_hash, policies)
    facts = facts_of_night(evidence.inputs, evidence.earlier(lake))
    found = detect(rules or chosen, facts).filter(pl.col("settlement_id") == settlement)
    case = _as_one(found if rules else _at_most(found))
    items = pl.read_parquet(evidence.inputs.catalogue)
    flagged, difference, correction = priced(case, evidence.inputs.settled, items, book)
    row = flagged.row(0, named=True)
    answer = {
        "settlement": settlement,
        "night": night.isoformat(),
        "rules": sorted(rule.id for rule in rules),
        "not_priced": sorted(rule.id for rule in chosen if rule.correction == "none"),
        "lines": sorted(one["row"] for one in case["lines"][0]),
        "counted_once": _repeats(found),
        "cancelled_by": _cancelled_by(lake, settlement),
        "clearing": _clearing(evidence, row),
        **_payers(difference, 0),
        "later": _later(lake, book, row, correction) if rules else [],
    }
    return _standing_or_open(answer, row) if rules else _open(answer, row)


def book_of(policy_hash: str, policies: Path | None) -> CompiledBook:
    """Return the compiled policies of a hash.

    Raises:
        PolicyError: `policy_changed`, the files given are others.
    """
    book = compile_book(load_book(policies or SHIPPED))
    if book.book.hash != policy_hash:
        raise PolicyError(
            "policy_changed",
            f"该夜用的政策是 {policy_hash[:16]}，而现有政策文件是 {book.book.hash[:16]}；"
            "请用 --policies 指明当时的政策文件",
            f"that night used policy {policy_hash[:16]}, these files are {book.book.hash[:16]}; "
            "name the files of that time with --policies",
        )
    return book


def _found(lake: Lake, settlement: str) -> tuple[date, set[str]]:
    of_it = (pl.col("settlement_id") == settlement) & (pl.col("level") == "definite")
    rows = lake.read("findings").filter(of_it).select("night", "rule_id").collect()
    if rows.is_empty():
        raise _unpriced(settlement)
    return date.fromisoformat(rows["night"][0]), set(rows["rule_id"])


def _unpriced(settlement: str) -> ClaimError:
    return ClaimError(
        "no_priced_finding",
        f"结算 {settlement} 没有“违规”疑点；请核对编号，可疑的须先由人查实",
        f"the settlement {settlement} has no definite finding; check the id",
    )


def _at_most(found: pl.DataFrame) -> pl.DataFrame:
    """Return findings of which no amount follows, as if all that they flag were not paid."""
    whole = pl.col("lines").list.len() == 0
    worst = pl.when(whole).then(pl.lit("void")).otherwise(pl.lit("off_list"))
    return found.with_columns(correction=worst)


def _as_one(found: pl.DataFrame) -> pl.DataFrame:
    """Return the findings on one settlement as one: void where any is, else their lines once."""
    void = (found["correction"] == "void").any()
    own = found.clear() if void else found
    uncharged = own.filter(pl.col("correction") == "uncharged")
    kind = found["lines"].dtype
    return found.head(1).with_columns(
        rule_id=pl.lit("case"),
        correction=pl.lit("void" if void else "off_list"),
        lines=pl.Series([_each_once(own)], dtype=kind),
        uncharged=pl.Series([_each_once(uncharged)], dtype=kind),
    )


def _each_once(found: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the lines of findings, each with the greatest excesses that any tells."""
    return (
        found.select(pl.col("lines").explode())
        .drop_nulls()
        .unnest("lines")
        .group_by(*LINE, maintain_order=True)
        .agg(pl.max("excess_e4", "over_fen"))
        .sort("file", "row")
        .to_dicts()
    )


def _repeats(found: pl.DataFrame) -> int:
    """Return how many lines several rules flag."""
    rows = found.select(pl.col("lines").explode()).drop_nulls().unnest("lines")
    return len(rows) - rows.select("file", "row").n_unique()


def _cancelled_by(lake: Lake, settlement: str) -> str | None:
    refunds = lake.read("settlements").filter(pl.col("original_settlement_id") == settlement)
    names = refunds.filter("refund").select("settlement_id").collect()["settlement_id"]
    return names[0] if len(names) else None


def _clearing(evidence: Evidence, row: Mapping[str, Any]) -> str:
    """Return how the funds pay the institution for the visit: by item, or by a package."""
    if row["visit_kind"] in BY_PACKAGE:
        return "cleared_by_single_disease"
    if row["visit_kind"] not in INPATIENT:
        return "by_item"
    day = pl.lit(row["end_day"])
    ways = pl.read_parquet(evidence.inputs.registers).filter(
        pl.col("register").is_in(CLEARINGS),
        pl.col("subject") == row["institution_id"],
        pl.col("begins") <= day,
        day < pl.col("ends"),
    )
    return str(ways["register"][0]) if len(ways) else "by_item"


def _payers(difference: Difference, at: int) -> dict[str, Any]:
    funds = {fund.name: -int(difference.funds[at, fund]) for fund in Fund}
    return {
        "funds": {name: fen for name, fen in funds.items() if fen},
        "account_fen": -int(difference.account[at]),
        "cash_fen": -int(difference.cash[at]),
    }


def _standing_or_open(answer: dict[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer with nothing lost where a refund undid it, and a bound where it is open."""
    if answer["cancelled_by"] is not None:
        nothing: dict[str, Any] = {"funds": {}, "account_fen": 0, "cash_fen": 0, "later": []}
        return answer | nothing | {"status": "refunded"}
    if answer["clearing"] == "by_item":
        return answer | {"status": "priced"}
    return answer | {"status": "not_yet_priceable", "funds": {}, "bound": _all_paid(row)}


def _all_paid(row: Mapping[str, Any]) -> dict[str, list[int]]:
    """Return bounds that run to all that the settlement took of each fund."""
    most = {fund.name: row[f"{fund.name.lower()}_paid_fen"] for fund in Fund}
    return {name: [0, fen] for name, fen in most.items() if fen}


def _open(answer: dict[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer where the fact is certain and what follows from it is not: a bound.

    The personal account has one too, as it pays most of what a pharmacy sells. What a payer would
    give more instead lies below zero. Of a stay that is cleared by a package nothing narrower is
    known than all that it took.
    """
    nothing: dict[str, Any] = {"funds": {}, "account_fen": 0, "cash_fen": 0}
    if answer["cancelled_by"] is not None:
        return answer | nothing | {"status": "refunded"}
    by_item = answer["clearing"] == "by_item"
    narrow = {name: sorted((0, fen)) for name, fen in answer["funds"].items()}
    return (
        answer
        | nothing
        | {"status": "not_yet_priceable", "bound": narrow if by_item else _all_paid(row)}
        | {"account_bound": sorted((0, answer["account_fen"]))}
    )


def _later(
    lake: Lake, book: CompiledBook, row: Mapping[str, Any], correction: Correction
) -> list[dict[str, Any]] | None:
    """Return how later claims of the year would differ; None where that cannot be reckoned."""
    chain = _chain(lake, row)
    if chain["settlement_id"].head(1).to_list() != [row["settlement_id"]]:
        return []  # A refund has undone it.
    change = reprice_in_turn(
        book, paid_of(chain), _stood(book, chain), _of_the_first(correction, len(chain))
    )
    if change is None:
        return None
    return [
        {"settlement": name, **payers}
        for at, name in enumerate(chain["settlement_id"])
        if at and ((payers := _payers(change, at))["funds"] or payers["cash_fen"])
    ]


def _of_the_first(correction: Correction, count: int) -> Correction:
    """Return the correction of a claim as that of the first of so many; the rest were right."""
    rest = np.zeros((count - 1, SPLIT_WIDTH), dtype=np.int64)
    uncharged = rest[:0] if correction.uncharged is None else correction.uncharged
    return Correction(
        void=np.concatenate([correction.void, np.zeros(count - 1, dtype=np.bool_)]),
        moved=np.vstack([correction.moved, rest]),
        uncharged=np.vstack([uncharged, rest]),
    )


def _chain(lake: Lake, row: Mapping[str, Any]) -> pl.DataFrame:
    """Return the claim and those of its person, region, insurance and year settled after it."""
    same = ("person_id", "home_region", "insurance", "year")
    wanted = [pl.col(name) == row[name] for name in same]
    settlements = lake.read("settlements").filter(*wanted)
    cancelled = settlements.filter("refund").select(settlement_id="original_settlement_id")
    standing = settlements.filter(~pl.col("refund")).join(cancelled, on="settlement_id", how="anti")
    order = ["settled_at", "message_id"]
    rows = standing.sort(order).collect()
    used = row["settlement_id"] if row["account_used"] else ""
    at = int((rows["settlement_id"] == row["settlement_id"]).arg_max() or 0)
    # Of later claims the lake keeps neither whether the account was to pay, which the payment
    # tells, nor the facts that their terms may ask for: those of this claim stand in.
    names = ("age", "contribution_years")
    return rows[at:].with_columns(
        pl.lit(0, dtype=pl.Int64).alias("flags"),
        *(pl.lit(row[name], dtype=pl.Int64).alias(name) for name in names),
        account_used=(pl.col("account_paid_fen") > 0) | (pl.col("settlement_id") == used),
    )


def _stood(book: CompiledBook, chain: pl.DataFrame) -> Ints:
    days = [
        date_of_day(end if _by_end(book, at) else settled // 86_400)
        for at, end, settled in chain.select("policy_row", "end_day", "settled_at").iter_rows()
    ]
    columns = {
        Event.YEAR: chain["year"].cast(pl.Int64).to_numpy(),
        Event.MONTH: np.array([day.year * 100 + day.month for day in days], dtype=np.int64),
        Event.INSTITUTION: content_keys(chain["institution_id"]).to_numpy(),
        Event.DISEASE: content_keys(chain["disease_code"].fill_null("")).to_numpy(),
        Event.VISIT: np.arange(len(chain)),
    }
    return np.column_stack([columns[name] for name in STOOD])


def _by_end(book: CompiledBook, policy_row: int) -> bool:
    scheme = book.book.schemes[book.infos[policy_row].scheme]
    return scheme.file.claim_date == "end"


def told(answer: Mapping[str, Any]) -> list[str]:
    """Return a loss in words, Chinese first."""
    lines = [f"结算 {answer['settlement']}：{'、'.join(answer['rules'] or answer['not_priced'])}"]
    if answer["counted_once"]:
        lines.append(
            f"  {answer['counted_once']} 条明细被几条规则同时指出，只计一次 | counted once"
        )
    if answer["status"] == "refunded":
        return [*lines, f"  已由 {answer['cancelled_by']} 退费，无损失 | refunded"]
    if answer["status"] == "not_yet_priceable":
        lines.append(f"  {OPEN[bool(answer['rules'])]}，尚不能核价 | not yet priceable")
        for name, (least, most) in answer["bound"].items():
            span = f"{format_yuan(least)} 至 {format_yuan(most)}"
            lines.append(f"    {FUNDS[Fund[name]][0]}：{span}")
        if any(answer.get("account_bound", ())):
            least, most = answer["account_bound"]
            lines.append(f"    个人账户：{format_yuan(least)} 至 {format_yuan(most)}")
    lines += [
        f"  {FUNDS[Fund[name]][0]} {format_yuan(fen)}" for name, fen in answer["funds"].items()
    ]
    lines.append(f"  账户 {format_yuan(answer['account_fen'])}（退回账户 | to the account）")
    lines.append(f"  现金 {format_yuan(answer['cash_fen'])}（机构退还本人 | given back in cash）")
    if answer["later"] is None:
        lines.append("  对其后结算的影响不能自动推算 | later claims cannot be reckoned")
    for one in answer["later"] or ():
        parts = "；".join(f"{name} {format_yuan(fen)}" for name, fen in one["funds"].items())
        lines.append(
            f"  其后结算 {one['settlement']}：{parts}；现金 {format_yuan(one['cash_fen'])}"
        )
    return lines
