"""Checks that a layer's extra terms go with the rest of the layer."""

from engine.claims.columns import Part
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
    cost_capped = any(cap.on != "payment" for cap in caps)
    cost_capped = cost_capped or (bands != () and bands[-1].to_fen is not None)
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


Rule = tuple[bool, str, str, str]


def stream_rules(layer: schema.Layer, base: list[int]) -> tuple[Rule, ...]:
    """Return what a layer may read of the streams, each with whether the layer breaks it."""
    final = layer.takes == "final_share"
    plain = not (layer.adjust or layer.less or layer.guaranteed or layer.price)
    form = layer.mode, layer.deductible.method, layer.rounding
    return (
        (Part.EXCLUDED in base, "base",
         "任何一层都不得读 excluded", "no layer may read `excluded`"),
        (final != (base == [Part.FINAL_SHARE]) or (not final and Part.FINAL_SHARE in base), "base",
         "final_share 只由 takes: final_share 的层读取，且该层只读它",
         "`final_share` is read by a layer that takes final_share, and by nothing else"),
        (final != (layer.bands is None), "bands",
         "takes: final_share 不写 bands，其他层须写",
         "a layer that takes final_share has no bands, any other has"),
        (final and (form != ("per_claim", "none", "layer") or not plain), "takes",
         "takes: final_share 的层逐笔计算、按层舍入，无起付线、adjust、price、less、guaranteed",
         "a layer that takes final_share is per_claim, rounds by layer and has no further terms"),
    )  # fmt: skip


def steps_of_extras(extras: Extras) -> int:
    """Return how many more steps a layer with such terms may trace."""
    kinds = (extras.every_days, extras.waived, extras.transfer, extras.price_fen, extras.less_fen)
    count = sum(kind is not None for kind in kinds) + (extras.guaranteed is not None)
    return count + len(extras.points)
