"""Unlisted: a charge taken as payable online although no catalogue lists it."""

import polars as pl

from engine.rules.facts import (
    TONIGHT,
    Asks,
    Facts,
    Parameters,
    gathered,
    lines_of,
    records_of,
    whole,
)

NO_ITEM = -1


class UnlistedParameters(Parameters):
    """A rule on unlisted charges has no parameters: nothing is paid for them."""

    def asks(self) -> Asks:
        """Return the record, and lines that no limit names."""
        return Asks(records=("in_scope",), every_line=True)


def find_unlisted(_parameters: UnlistedParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the unlisted lines that were paid online, as CANDIDATES.

    Settled again, nothing is paid for them: the difference of the settlement has a row of its own.
    """
    paid = records_of(facts, "in_scope").filter(
        pl.col("item") == NO_ITEM, pl.col("quantity_e4") > 0
    )
    claims = facts.settlements.filter(TONIGHT).join(paid, on="settlement_id", how="semi")
    wanted = claims.select("claim", "settlement_id").collect()
    lines = lines_of(facts, pl.Series([NO_ITEM], dtype=pl.Int32))
    return gathered([whole(lines.join(wanted, on="claim"))])
