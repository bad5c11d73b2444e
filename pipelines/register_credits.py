"""Opening balances of personal accounts, as the register of persons has them."""

import polars as pl

from engine.policy.compiler import CompiledBook
from engine.policy.packer import BALANCE


def register_credits(persons: pl.LazyFrame, held: pl.LazyFrame, book: CompiledBook) -> pl.DataFrame:
    """Return person_id, region, scheme and balance of persons who have none yet.

    Args:
        persons: PERSONS_READ, of those whose balance is asked for.
        held: counters of the persons as they stand.
    """
    schemes = pl.LazyFrame(
        [scheme.key for scheme in book.book.schemes],
        schema={"region": pl.String, "scheme": pl.String},
        orient="row",
    ).filter(pl.col("scheme") == "employee")
    return (
        persons.filter(pl.col("account_balance_fen") > 0)
        .join(held.filter(pl.col("counter") == BALANCE), on=["person_id", "region"], how="anti")
        .sort("person_id", "cover_from")
        .unique(["person_id", "region"], keep="last", maintain_order=True)
        .join(schemes, on="region", maintain_order="left")
        .select("person_id", "region", "scheme", "account_balance_fen")
        .collect()
    )
