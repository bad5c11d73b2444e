"""The catalogue and staged lines as the arrays that pricing reads."""

import numpy as np
import polars as pl

from engine.claims.columns import NONE, Ints, Lines
from engine.claims.keys import content_keys
from engine.settlement.line_book import NO_GROUPS, Groups
from engine.settlement.price_lines import ANYWHERE, Catalogue

EVERYWHERE = "*"
PRICE_LEVELS = (1, 2, 3)
LINE_COLUMNS = ["claim", "item", "quantity_e4", "price_e6", "amount_fen", "day", "approved"]
"""The columns of LINES that pricing reads."""


def price_catalogue(rows: pl.DataFrame, groups: Groups) -> tuple[Catalogue, list[Groups]]:
    """Return CATALOGUE_READ rows for pricing, regions by their content key, and their group sets.

    Only the groups given are told apart: those that some policy speaks of.
    """
    by_item = rows.sort("item", "region", "valid_from")
    items = int(by_item["item"][-1]) + 1 if len(by_item) else 0
    everywhere = (by_item["region"] == EVERYWHERE).to_numpy()
    ceilings = [_ints(by_item[f"ceiling_price_{level}_e6"]) for level in PRICE_LEVELS]
    no_level = np.full(len(by_item), NONE, dtype=np.int64)
    named = by_item["groups"].fill_null("").to_list()
    sets = [groups.intersection(text.split()) for text in named]
    known = list(dict.fromkeys([*NO_GROUPS, *sets]))
    position = {one: at for at, one in enumerate(known)}
    catalogue = Catalogue(
        first=np.searchsorted(by_item["item"].to_numpy(), np.arange(items + 1)),
        region=np.where(everywhere, ANYWHERE, content_keys(by_item["region"]).to_numpy()),
        begins=_ints(by_item["valid_from"]),
        ends=_ints(by_item["valid_to"]),
        item_class=_ints(by_item["item_class"]),
        first_ppm=_ints(by_item["first_share_ppm"]),
        category=_ints(by_item["category"]),
        groups=np.array([position[one] for one in sets], dtype=np.int64),
        ceiling_e6=np.column_stack([no_level, *ceilings]),
    )
    return catalogue, known


def lines_to_price(lines: pl.DataFrame, claim: Ints) -> Lines:
    """Return staged lines for pricing, `claim` being the rows of their events."""
    return Lines(
        claim=claim,
        item=_ints(lines["item"]),
        quantity_e4=_ints(lines["quantity_e4"]),
        price_e6=_ints(lines["price_e6"]),
        amount=_ints(lines["amount_fen"]),
        day=_ints(lines["day"]),
        approved=_ints(lines["approved"]),
        stream=np.full(len(lines), NONE, dtype=np.int64),
        final_ppm=np.full(len(lines), NONE, dtype=np.int64),
    )


def _ints(series: pl.Series) -> Ints:
    return series.cast(pl.Int64).fill_null(NONE).to_numpy()
