"""The settle stage in polars alone: `python -m benchmarks.rivals.in_polars FOLDER OUT`.

Left joins, because the optimiser may turn a chain of inner joins into a product; streaming for
the lines; running sums as differences of one cumulative sum, which is quicker than `over`.
"""

import shutil
import sys
from pathlib import Path

import polars as pl

TERMS = ["home_region", "insurance", "person_type", "deductible_level"]
ORDER = ["person_id", "settled_at", "message_id", "settlement_id"]
STATE = ["stays", "cost", "burden", "visit_deductible"]
PPM = 1_000_000
DEFAULT_SHARE_PPM = 100_000
col = pl.col


def run(folder: Path, out: Path) -> None:
    """Settle the claims of a folder and write settlements and accumulators."""
    claims = pl.scan_parquet(folder / "claims.parquet")
    placed = (
        claims.join(_buckets(folder, claims), on="claim", how="left")
        .join(pl.scan_parquet(folder / "terms.parquet"), on=TERMS, how="left")
        .join(_state(folder), on="person_id", how="left")
        .join(_balances(folder), on="person_id", how="left")
        .with_columns(col(STATE).fill_null(0), col("balance").fill_null(0))
        .collect(engine="streaming")
        .sort(ORDER)
        .with_columns(first=col("person_id").ne_missing(col("person_id").shift(1)))
    )
    settled = _account(_visit(_serious(_large(_basic(placed))))).with_columns(
        fund_total_fen=col("pool_paid_fen") + col("large_paid") + col("serious_paid")
    )
    settled = settled.with_columns(person_total_fen=col("total_fen") - col("fund_total_fen"))
    _write(settled, out)


def _buckets(folder: Path, claims: pl.LazyFrame) -> pl.LazyFrame:
    """Return the four buckets of each claim's lines."""
    rows = pl.scan_parquet(folder / "catalogue.parquet").select(
        "item", "region", "item_class", "first_share_ppm", "valid_from", "valid_to",
        *(f"ceiling_price_{k}_e6" for k in (1, 2, 3)),
    )  # fmt: skip
    own, everywhere = rows.filter(col("region") != "*"), rows.filter(col("region") == "*")
    lines = (
        pl.scan_parquet(folder / "lines.parquet")
        .select("claim", "item", "quantity_e4", "amount_fen", "day")
        .join(claims.select("claim", "care_region", "price_level"), on="claim", how="left")
        .join(own, left_on=["item", "care_region"], right_on=["item", "region"], how="left")
        .join(everywhere.drop("region"), on="item", how="left", suffix="_all")
    )
    has_own = col("day").is_between(col("valid_from"), col("valid_to"), closed="left")
    has_own = has_own.fill_null(value=False)
    has_all = col("day").is_between(col("valid_from_all"), col("valid_to_all"), closed="left")
    level = col("price_level")

    def of(name: str) -> pl.Expr:
        return pl.when(has_own).then(col(name)).when(has_all).then(col(name + "_all"))

    ceiling = (
        pl.when(level == 1)
        .then(of("ceiling_price_1_e6"))
        .when(level == 2)  # noqa: PLR2004 - price levels are 1 to 3
        .then(of("ceiling_price_2_e6"))
        .otherwise(of("ceiling_price_3_e6"))
    )
    amount = col("amount_fen")
    priced = lines.with_columns(
        off=of("item_class").fill_null(3) == 3,  # noqa: PLR2004 - class C
        most=pl.min_horizontal(
            amount, ((ceiling * col("quantity_e4") + 50_000_000) // 100_000_000).fill_null(amount)
        ),
        ppm=pl.when(of("item_class") == 2)  # noqa: PLR2004 - class B
        .then(of("first_share_ppm").cast(pl.Int64).fill_null(DEFAULT_SHARE_PPM))
        .otherwise(0),
    ).with_columns(share=_part(col("most"), col("ppm")))
    listed = ~col("off")
    return priced.group_by("claim").agg(
        self_pay_off_list_fen=amount.filter("off").sum(),
        self_pay_over_price_fen=(amount - col("most")).filter(listed).sum(),
        self_pay_first_share_fen=col("share").filter(listed).sum(),
        covered_fen=(col("most") - col("share")).filter(listed).sum(),
    )


def _state(folder: Path) -> pl.LazyFrame:
    past = pl.scan_parquet(folder / "past.parquet")
    return past.group_by("person_id").agg(
        (
            col("value").filter(col("counter") == name).sum() // (1 if name == "stays" else PPM)
        ).alias(name)
        for name in STATE
    )


def _balances(folder: Path) -> pl.LazyFrame:
    persons = pl.scan_parquet(folder / "persons.parquet")
    return persons.select("person_id", balance="account_balance_fen")


def _part(amount: pl.Expr, ppm: pl.Expr) -> pl.Expr:
    return (amount * ppm + PPM // 2) // PPM


def _running(expr: pl.Expr) -> pl.Expr:
    """Return the sum of a person's rows up to and with each."""
    total = expr.cum_sum()
    return total - pl.when("first").then(total - expr).forward_fill()


def _grown(start: str, limit: str, expr: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return a running sum bounded by a limit, before and after each row."""
    after = col(start) + _running(expr)
    return pl.min_horizontal(col(limit), after - expr), pl.min_horizontal(col(limit), after)


def _segments(low: pl.Expr, high: pl.Expr, ends: list[pl.Expr], rates: list[str]) -> pl.Expr:
    parts, begin = [], pl.lit(0, pl.Int64)
    for end, rate in zip(ends, rates, strict=True):
        inside = pl.min_horizontal(high, end) - pl.max_horizontal(low, begin)
        parts.append(pl.max_horizontal(inside, 0) * col(rate))
        begin = end
    return (pl.sum_horizontal(parts) + PPM // 2) // PPM


def _basic(frame: pl.DataFrame) -> pl.DataFrame:
    stay = col("visit_kind") == 7  # noqa: PLR2004 - a stay
    frame = frame.with_columns(stay=stay, cost_in=pl.when(stay).then("covered_fen").otherwise(0))
    number = stay.cast(pl.Int64)
    low, high = _grown("cost", "band_2", col("cost_in"))
    frame = frame.with_columns(
        ordinal=pl.when(stay).then(col("stays") + _running(number) - number).otherwise(0),
        low=low,
        high=high,
        stays_after=col("stays") + _running(number),
    )
    due = (
        pl.when(col("ordinal") == 0)
        .then("stay_0")
        .when(col("ordinal") == 1)
        .then("stay_1")
        .otherwise("stay_2")
    )
    frame = frame.with_columns(
        deductible=pl.when("stay")
        .then(pl.min_horizontal(due, col("high") - col("low")))
        .otherwise(0)
    )
    ends = [col(f"band_{k}") for k in range(3)]
    paid = _segments(
        col("low") + col("deductible"), col("high"), ends, [f"rate_{k}" for k in range(3)]
    )
    return frame.with_columns(basic_paid=pl.when("stay").then(paid).otherwise(0))


def _large(frame: pl.DataFrame) -> pl.DataFrame:
    over = col("cost_in") - (col("high") - col("low"))
    frame = frame.with_columns(part=_part(over, col("large_ppm")), zero=pl.lit(0, pl.Int64))
    before, after = _grown("zero", "large_cap", col("part"))
    return frame.with_columns(
        large_paid=after - before, large_left=col("large_cap") - before, large_after=after
    )


def _serious(frame: pl.DataFrame) -> pl.DataFrame:
    burden = col("high") - col("low") - col("basic_paid")
    frame = frame.with_columns(own=burden).with_columns(after=col("burden") + _running(col("own")))

    def above(total: pl.Expr) -> pl.Expr:
        return pl.max_horizontal(total - col("serious_from"), 0)

    ends = [col("serious_band_0"), col("serious_band_1"), pl.lit(2**62, pl.Int64)]
    rates = [f"serious_rate_{k}" for k in range(3)]
    zero = pl.lit(0, pl.Int64)
    now, before = above(col("after")), above(col("after") - col("own"))
    gain = _segments(zero, now, ends, rates) - _segments(zero, before, ends, rates)
    paid = pl.min_horizontal(pl.max_horizontal(gain, 0), now - before)
    return frame.with_columns(serious_paid=paid).with_columns(
        own=col("own") - col("serious_paid"), burden_after="after"
    )


def _visit(frame: pl.DataFrame) -> pl.DataFrame:
    cost = pl.when("stay").then(0).otherwise(col("covered_fen"))
    frame = frame.with_columns(cost_out=cost)
    before, after = _grown("visit_deductible", "visit_due", col("cost_out"))
    frame = frame.with_columns(visit_part=after - before, visit_deductible_after=after)
    frame = frame.with_columns(part=_part(col("cost_out") - col("visit_part"), col("visit_ppm")))
    before, after = _grown("zero", "visit_cap", col("part"))
    frame = frame.with_columns(
        visit_paid=after - before, visit_left=col("visit_cap") - before, visit_paid_after=after
    )
    return frame.with_columns(
        pool_paid_fen=col("basic_paid") + col("visit_paid"),
        deductible_paid_fen=col("deductible") + col("visit_part"),
        own=col("own") + col("cost_out") - col("visit_paid"),
    )


def _account(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.with_columns(own=pl.when("has_account").then("own").otherwise(0))
    before, after = _grown("zero", "balance", col("own"))
    return frame.with_columns(account_paid_fen=after - before, balance_after=col("balance") - after)


TOLD = ["claim", "settlement_id", "message_id", "visit_id", "person_id", "institution_id",
        "home_region", "care_region", "disease_code", "insurance", "visit_kind", "person_type",
        "deductible_level", "begin_day", "end_day", "settled_at", "ordinal", "total_fen",
        "self_pay_off_list_fen", "self_pay_over_price_fen", "self_pay_first_share_fen",
        "covered_fen", "deductible_paid_fen", "pool_paid_fen", "fund_total_fen",
        "account_paid_fen", "person_total_fen"]  # fmt: skip


def _write(settled: pl.DataFrame, out: Path) -> None:
    _each(settled).write_parquet(out / "settlements.parquet", compression="lz4")
    kept = ["stays", "burden", "visit_deductible", "visit_paid"]
    settled.group_by("person_id", maintain_order=True).agg(
        *(col(f"{name}_after").last().alias(name) for name in kept),
        col("high").last().alias("cost"),
        col("large_after").last().alias("large"),
        col("balance_after").last().alias("account_balance"),
    ).write_parquet(out / "accumulators.parquet", compression="lz4")


def _each(settled: pl.DataFrame) -> pl.DataFrame:
    return settled.select(
        *TOLD,
        large_amount_paid_fen="large_paid",
        serious_illness_paid_fen="serious_paid",
        cash_paid_fen=col("person_total_fen") - col("account_paid_fen"),
        layer_1_paid_fen="pool_paid_fen",
        layer_2_paid_fen="large_paid",
        layer_3_paid_fen="serious_paid",
        layer_1_cap_left_fen=pl.when("stay").then(-1).otherwise("visit_left"),
        layer_2_cap_left_fen=pl.when("stay").then("large_left").otherwise(-1),
    )


if __name__ == "__main__":
    folder, target = map(Path, sys.argv[1:])
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    run(folder, target)
