"""Limit: lines of an item that is kept to other persons, institutions, visits or insurances."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import polars as pl

from engine.codes.enums import HospitalLevel, Insurance, LevelGroup, Sex, VisitKind
from engine.money import mul_div_expr
from engine.rules.facts import (
    LIMIT,
    LINE,
    TONIGHT,
    Asks,
    Facts,
    Parameters,
    gathered,
    lines_of,
    not_taken_back,
    records_of,
    whole,
)
from engine.rules.records import RecordName

EVERYWHERE = "*"
FACTS = (
    "care_region", "insurance", "hospital_level", "sex", "birth_day", "visit_kind",
    "disease_code",
)  # fmt: skip
CODE_LENGTH = 20
PRICE_TIMES_QUANTITY_IN_FEN = 10**8

INPATIENT = (
    VisitKind.INPATIENT,
    VisitKind.TRAUMA_INPATIENT,
    VisitKind.REFERRED_OUT,
    VisitKind.EMERGENCY_INPATIENT,
    VisitKind.CROSS_REGION_INPATIENT,
    VisitKind.SINGLE_DISEASE,
    VisitKind.SELF_ARRANGED_INPATIENT,
    VisitKind.DAY_SURGERY,
    VisitKind.MATERNITY_INPATIENT,
    VisitKind.OTHER_INPATIENT,
)
CARE: Mapping[str, tuple[VisitKind, ...]] = MappingProxyType(
    {
        "inpatient": INPATIENT,
        "emergency": (VisitKind.EMERGENCY, VisitKind.EMERGENCY_INPATIENT),
        "chronic": (VisitKind.CHRONIC, VisitKind.SPECIAL_DRUG),
        "outpatient": tuple(kind for kind in VisitKind if kind not in INPATIENT),
    }
)
"""The kinds of visit that a published word for a kind of care takes in."""

Kind = Literal[
    "sex", "age", "hospital_level", "visit", "injury_only", "maternity_only", "indication",
    "herb_never", "internet_scope", "legal_price", "test_indication",
]  # fmt: skip


class LimitParameters(Parameters):
    """`limit`: the kind of knowledge point that the lines are held against.

    `record`: only settlements that hold this record are; none for all.
    """

    limit: Kind
    record: RecordName | None = None

    def asks(self) -> Asks:
        """Return the kind of limit, and the record."""
        return Asks(limits=(self.limit,), records=() if self.record is None else (self.record,))


def find_limited(parameters: LimitParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that break a limit, as CANDIDATES.

    A fact that the register does not know breaks nothing.
    """
    rows = facts.limits.filter(pl.col("kind") == parameters.limit).select(*LIMIT)
    claims = facts.settlements.filter(TONIGHT).select("claim", "settlement_id", *FACTS)
    if parameters.record is not None:
        noted = records_of(facts, parameters.record)
        claims = claims.join(noted, on="settlement_id", how="semi")
    lines = limited_lines(not_taken_back(lines_of(facts, rows["item"])), claims.collect(), rows)
    flagged = _above_price if parameters.limit == "legal_price" else whole
    return gathered([flagged(lines.filter(BREAKS[parameters.limit]()))])


def _above_price(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines whose charge lies above their price, as settlement_id and FLAGGED."""
    legal = mul_div_expr(pl.col("quantity_e4"), pl.col("high"), PRICE_TIMES_QUANTITY_IN_FEN)
    over = pl.col("amount_fen") - legal
    # A line of refund gives back what lies above the price.
    over = pl.when(pl.col("quantity_e4") < 0).then(over.clip(upper_bound=0)).otherwise(over.clip(0))
    none = pl.lit(0, dtype=pl.Int64)
    return lines.select("settlement_id", *LINE, excess_e4=none, over_fen=over)


def limited_lines(part: pl.DataFrame, claims: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of a part beside the limits of their day, and their claims' facts.

    Of several rows of one point a row of the region of care stands before one for everywhere.
    """
    here = pl.col("region") == pl.col("care_region")
    on_day = (pl.col("valid_from") <= pl.col("day")) & (pl.col("day") < pl.col("valid_to"))
    limited = (
        part.join(rows.select("item").unique(), on="item", how="semi")
        .join(claims, on="claim")
        .join(rows, on="item")
        .filter(on_day, here | (pl.col("region") == EVERYWHERE))
    )
    if not rows.select("item", "point").is_duplicated().any():
        return limited
    return limited.sort("file", "row", "point", ~here).unique(
        ["file", "row", "point"], keep="first", maintain_order=True
    )


def _sex() -> pl.Expr:
    unknown = int(Sex.UNKNOWN)
    known = (pl.col("sex") != unknown) & (pl.col("low") != unknown)
    return known & (pl.col("sex") != pl.col("low"))


def _age() -> pl.Expr:
    born, day = pl.col("birth_day").cast(pl.Date), pl.col("day").cast(pl.Date)
    months = (day.dt.year() - born.dt.year()) * 12 + (day.dt.month() - born.dt.month())
    # A birthday that the month does not have is that month's last day.
    reached = day >= born.dt.offset_by(pl.format("{}mo", months))
    full_months = months - (~reached).cast(pl.Int32)
    days = pl.col("day") - pl.col("birth_day")
    age = pl.when(pl.col("unit") == "day").then(days).otherwise(full_months)
    return (age < pl.col("low").fill_null(0)) | (age >= pl.col("high")).fill_null(value=False)


def _hospital_level() -> pl.Expr:
    groups = {int(level): int(level.group) for level in HospitalLevel}
    group = pl.col("hospital_level").replace_strict(groups, return_dtype=pl.Int64)
    graded = group != int(LevelGroup.L0)
    below, above = group < pl.col("low"), group > pl.col("high")
    return graded & (below.fill_null(value=False) | above.fill_null(value=False))


def _visit() -> pl.Expr:
    allowed = [
        pl.col("words").list.contains(word) & pl.col("visit_kind").is_in([int(k) for k in kinds])
        for word, kinds in CARE.items()
    ]
    return ~pl.any_horizontal(allowed)


def _indication() -> pl.Expr:
    code = pl.col("disease_code")
    heads = pl.concat_list(code.str.head(length) for length in range(1, CODE_LENGTH + 1))
    known = code.is_not_null() & (pl.col("words").list.len() > 0)
    return known & (pl.col("words").list.set_intersection(heads).list.len() == 0)


def _insurance_other_than(insurance: Insurance) -> pl.Expr:
    return pl.col("insurance") != int(insurance)


BREAKS: Mapping[Kind, Callable[[], pl.Expr]] = MappingProxyType(
    {
        "sex": _sex,
        "age": _age,
        "hospital_level": _hospital_level,
        "visit": _visit,
        "injury_only": lambda: _insurance_other_than(Insurance.WORK_INJURY),
        "maternity_only": lambda: _insurance_other_than(Insurance.MATERNITY),
        "indication": _indication,
        "herb_never": lambda: pl.lit(value=True),
        "internet_scope": lambda: pl.lit(value=True),
        "legal_price": lambda: pl.col("price_e6") > pl.col("high"),
        "test_indication": _indication,
    }
)
"""What breaks a limit of each kind, on a line beside the limit and the facts of its claim."""
