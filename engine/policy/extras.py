"""Checks that a layer's extra terms go with the rest of the layer."""

from engine.policy import schema
from engine.policy.reading import Reading
from engine.policy.terms import Band, Cap, Extras


def parts_paid_off(layer: schema.Layer) -> list[str]:
    """Return the names of the parts that a layer pays off, in order or pro rata."""
    paid_off = layer.pays_off
    return paid_off.pro_rata if isinstance(paid_off, schema.ProRata) else paid_off


def check_extras(
    reading: Reading, k: int, extras: Extras, bands: tuple[Band, ...], caps: tuple[Cap, ...]
) -> None:
    """Check the extra terms of a layer for one combination.

    Raises:
        PolicyError: `layer_shape`, one of them does not go with the layer.
    """
    layer = reading.entry.layers[k]
    incremental, priced = layer.mode == "incremental", extras.price_fen is not None
    cost_capped = any(cap.on != "payment" for cap in caps) or bands[-1].to_fen is not None
    rules = (
        (layer.price is not None and (k > 0 or layer.takes == "burden" or incremental), "price",
         "定额标准（price）只可写在第一层，且须为逐笔的费用层",
         "a price stands in the first layer, which takes cost, claim by claim"),
        (priced and (cost_capped or layer.guaranteed is not None), "price",
         "定额标准不与费用限额、末段上限、保底并用",
         "a price does not go with caps on cost, a last band with an end, or `guaranteed`"),
        (incremental and layer.less is not None, "less",
         "incremental 不得写 less", "`less` does not go with incremental"),
        (incremental and layer.guaranteed is not None, "guaranteed",
         "incremental 不得写 guaranteed", "`guaranteed` does not go with incremental"),
        (incremental and any(entry.per for entry in layer.adjust), "adjust",
         "incremental 不得按年增减比例", "points by the year do not go with incremental"),
    )  # fmt: skip
    for broken, place, zh, en in rules:
        if broken:
            raise reading.error("layer_shape", (*reading.layer_path(k), place), zh, en)


def steps_of_extras(extras: Extras) -> int:
    """Return how many more steps a layer with such terms may trace."""
    kinds = (extras.every_days, extras.waived, extras.transfer, extras.price_fen, extras.less_fen)
    count = sum(kind is not None for kind in kinds) + (extras.guaranteed is not None)
    return count + len(extras.points)
