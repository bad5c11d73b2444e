"""The catalogue and staged lines as the arrays that pricing reads."""

import numpy as np
import polars as pl
import pyarrow as pa

from engine.claims.columns import NONE, Ints, Lines
from engine.claims.keys import content_keys
from engine.settlement.line_book import NO_GROUPS, Groups
from engine.settlement.price_lines import ANYWHERE, Catalogue
from engine.settlement.sum_lines import StagedLines

EVERYWHERE = "*"
PRICE_LEVELS = (1, 2, 3)
_FACTS = ("item_class", "first_share_ppm", "category")
_CEILINGS = len(_FACTS) + 1
_CACHE_LINE = 8
"""Numbers of 64 bits that the memory hands over at a time."""
LINE_COLUMNS = ["claim", "item", "quantity_e4", "amount_fen", "day", "approved"]
"""The columns of LINES that pricing reads, in the order of `StagedLines`."""


def price_catalogue(rows: pl.DataFrame, groups: Groups) -> tuple[Catalogue, list[Groups]]:
    """Return CATALOGUE_READ rows for pricing, regions by their content key, and their group sets.

    Only the groups given are told apart: those that some policy speaks of.
    """
    by_item = rows.sort("item", "region", "valid_from")
    items = int(by_item["item"][-1]) + 1 if len(by_item) else 0
    everywhere = (by_item["region"] == EVERYWHERE).to_numpy()
    group_set, known = _group_sets(by_item["groups"], groups)
    region, begins, ends = (
        np.where(everywhere, ANYWHERE, content_keys(by_item["region"]).to_numpy()),
        _ints(by_item["valid_from"]),
        _ints(by_item["valid_to"]),
    )
    facts = _rows_of_cache(len(by_item))
    facts[:, : len(_FACTS)] = by_item.select(pl.col(_FACTS).cast(pl.Int64).fill_null(NONE))
    item_class, first_ppm, category, sets, ceiling_e6 = (
        *facts[:, :_CEILINGS].T,
        facts[:, _CEILINGS:],
    )
    sets[:] = group_set
    ceiling_e6[:, 0] = NONE
    for level in PRICE_LEVELS:
        ceiling_e6[:, level] = _ints(by_item[f"ceiling_price_{level}_e6"])
    catalogue = Catalogue(
        first=np.searchsorted(by_item["item"].to_numpy(), np.arange(items + 1)),
        region=region,
        begins=begins,
        ends=ends,
        item_class=item_class,
        first_ppm=first_ppm,
        category=category,
        groups=sets,
        ceiling_e6=ceiling_e6,
    )
    return catalogue, known


def _rows_of_cache(count: int) -> Ints:
    """Return room for rows of which each is one line of the cache: one look into memory."""
    room = np.empty((count + 1) * _CACHE_LINE, dtype=np.int64)
    begins = -room.ctypes.data // room.itemsize % _CACHE_LINE
    return room[begins : begins + count * _CACHE_LINE].reshape(count, _CACHE_LINE)


def _group_sets(texts: pl.Series, groups: Groups) -> tuple[Ints, list[Groups]]:
    """Return the position of each row's set of groups among the sets, and the sets."""
    sets = {text: groups.intersection((text or "").split()) for text in texts.unique()}
    known = list(dict.fromkeys([*NO_GROUPS, *sorted(sets.values(), key=sorted)]))
    position = {text: known.index(one) for text, one in sets.items()}
    found = texts.replace_strict(position, return_dtype=pl.Int64).to_numpy()
    return found, known


def staged_lines(table: pa.Table) -> StagedLines:
    """Return the LINE_COLUMNS of staged lines as pricing reads them, without copying them."""
    return StagedLines(*(table.column(name).to_numpy() for name in LINE_COLUMNS))


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
