"""Which claims come from institutions that may not settle them directly."""

from pathlib import Path

import polars as pl

from engine.claims.codes import Code
from engine.claims.origin import Origin
from engine.periods import NO_END_DAY
from engine.policy.book import PolicyBook, Scheme
from engine.policy.entitlement_terms import AgreementRule
from engine.policy.insurances import SCHEME_OF
from engine.storage.entitled_tables import EVERY_VISIT

_RULES: dict[str, pl.DataType | type[pl.DataType]] = {
    "home_region": pl.String,
    "insurance": pl.Int8,
    "begins": pl.Int64,
    "ends": pl.Int64,
    "by_end": pl.Boolean,
    "excepted": pl.List(pl.Int8),
}


def refusals(claims: pl.DataFrame, path: Path | None, book: PolicyBook | None) -> pl.Series:
    """Return `agreement`: the code of the reason against each claim, null where there is none.

    Asked are bills of care within the region that insures, which the institution is paid for;
    the posting asks the same of its messages (`engine.storage.entitled`).

    Args:
        claims: with `claim` as their position.
        path: AGREEMENTS_READ; a register that is not there is not asked.
        book: the policies.

    Source: 经办条例 art. 43
    """
    if path is None or not path.is_file() or book is None:
        return pl.repeat(None, len(claims), dtype=pl.String, eager=True).alias("agreement")
    asked = _asked(claims, book)
    held = (
        asked.join(pl.read_parquet(path), on="institution_id")
        .filter(
            (pl.col("visit_kind_right") == EVERY_VISIT)
            | (pl.col("visit_kind_right") == pl.col("visit_kind"))
        )
        .filter(pl.col("day").is_between("valid_from", "valid_to", closed="left"))
        .group_by("claim")
        .agg(pl.col("suspended").max())
    )
    code = (
        pl.when(pl.col("suspended").is_null())
        .then(pl.lit(Code.NO_AGREEMENT.value))
        .when(pl.col("suspended") == 1)
        .then(pl.lit(Code.AGREEMENT_SUSPENDED.value))
    )
    told = asked.join(held, on="claim", how="left").select("claim", agreement=code)
    return claims.select("claim").join(told, on="claim", how="left", maintain_order="left")[
        "agreement"
    ]


def _asked(claims: pl.DataFrame, book: PolicyBook) -> pl.DataFrame:
    """Return the claims for which an agreement is needed, and the day on which."""
    prefix = pl.col("home_region").str.replace(r"(00)+$", "")
    local = pl.col("care_region").str.starts_with(prefix)
    direct = pl.col("origin") != int(Origin.MANUAL)
    bills = claims.filter(~pl.col("refund"), local, direct).select(
        "claim", "institution_id", "visit_kind", "home_region", "insurance", "begin_day", "end_day"
    )
    return (
        bills.join(_rules(book), on=["home_region", "insurance"])
        .filter(pl.col("begin_day").is_between("begins", "ends", closed="left"))
        .filter(~pl.col("excepted").list.contains(pl.col("visit_kind")))
        .with_columns(day=pl.when("by_end").then("end_day").otherwise("begin_day"))
    )


def _rules(book: PolicyBook) -> pl.DataFrame:
    insurance_of = {name: int(insurance) for insurance, name in SCHEME_OF.items()}
    rows = [
        (scheme.file.region, insurance_of[scheme.file.scheme], *rule)
        for scheme in book.schemes
        if scheme.file.scheme in insurance_of
        for rule in _of_scheme(scheme)
    ]
    return pl.DataFrame(rows, schema=_RULES, orient="row")


def _of_scheme(scheme: Scheme) -> list[tuple[int, int, bool, list[int]]]:
    """Return the rules of a scheme in order; where its file says nothing the usual one holds."""
    usual, entries = AgreementRule(), scheme.entitlement
    first, last = (entries[0].begins, entries[-1].ends) if entries else (0, 0)
    dated = [
        (0, first, usual),
        *((entry.begins, entry.ends, entry.agreement) for entry in entries),
        (last, NO_END_DAY, usual),
    ]
    return [
        (begins, ends, rule.by_end, sorted(int(kind) for kind in rule.excepted))
        for begins, ends, rule in dated
        if begins < ends
    ]
