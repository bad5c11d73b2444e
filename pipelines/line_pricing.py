"""The catalogue and staged lines as the arrays that pricing reads."""

import numpy as np
import polars as pl

from engine.claims.columns import NONE, Ints, Lines, Stream
from engine.claims.keys import content_keys
from engine.settlement.price_lines import ANYWHERE, Catalogue

EVERYWHERE = "*"
PRICE_LEVELS = (1, 2, 3)


def price_catalogue(rows: pl.DataFrame) -> Catalogue:
    """Return CATALOGUE_READ rows for pricing, regions by their content key."""
    by_item = rows.sort("item", "region", "valid_from")
    items = int(by_item["item"][-1]) + 1 if len(by_item) else 0
    everywhere = (by_item["region"] == EVERYWHERE).to_numpy()
    ceilings = [_ints(by_item[f"ceiling_price_{level}_e6"]) for level in PRICE_LEVELS]
    no_level = np.full(len(by_item), NONE, dtype=np.int64)
    return Catalogue(
        first=np.searchsorted(by_item["item"].to_numpy(), np.arange(items + 1)),
        region=np.where(everywhere, ANYWHERE, content_keys(by_item["region"]).to_numpy()),
        begins=_ints(by_item["valid_from"]),
        ends=_ints(by_item["valid_to"]),
        item_class=_ints(by_item["item_class"]),
        first_ppm=_ints(by_item["first_share_ppm"]),
        category=_ints(by_item["category"]),
        ceiling_e6=np.column_stack([no_level, *ceilings]),
    )


def lines_to_price(lines: pl.DataFrame, claim: Ints) -> Lines:
    """Return staged lines for pricing, `claim` being the rows of their events."""
    return Lines(
        claim=claim,
        item=_ints(lines["item"]),
        quantity_e4=_ints(lines["quantity_e4"]),
        price_e6=_ints(lines["price_e6"]),
        amount=_ints(lines["amount_fen"]),
        day=_ints(lines["day"]),
        stream=np.full(len(lines), Stream.ORDINARY, dtype=np.int64),
        final_ppm=np.full(len(lines), NONE, dtype=np.int64),
    )


def _ints(series: pl.Series) -> Ints:
    return series.cast(pl.Int64).fill_null(NONE).to_numpy()
