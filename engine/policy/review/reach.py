"""What no claim can reach: bands beyond what the caps let in, layers whose base stays empty."""

from collections.abc import Iterator

from engine.claims.columns import LAYERS_MAX, Part
from engine.money import PPM
from engine.policy.book import Row, Scheme
from engine.policy.figures import Unit, say_figure
from engine.policy.reader import Path_
from engine.policy.review.finding import Finding, layer_name, warning
from engine.policy.terms import NO_EXTRAS, Cap, LayerTerms


def review_reach(scheme: Scheme) -> Iterator[Finding]:
    """Return bands and layers that no cost comes to, row by row."""
    for benefit, entries in scheme.entries.items():
        for entry in entries:
            path: Path_ = ("benefits", benefit, "history", entry.place, "layers")
            for row in entry.rows:
                yield from _bands(scheme, path, benefit, row)
                yield from _layers(scheme, path, benefit, row)


def _bands(scheme: Scheme, path: Path_, benefit: str, row: Row) -> Iterator[Finding]:
    for at, layer in enumerate(row.terms.layers if row.terms else ()):
        end = _end_fen(layer)
        for band, before in enumerate(layer.bands[:-1]):
            if end is None or before.to_fen is None or before.to_fen < end:
                continue
            name = layer_name(benefit, row, layer)
            begins, reached = (say_figure(Unit.FEN, fen) for fen in (before.to_fen, end))
            yield warning(
                scheme.document,
                "band_unreached",
                (*path, at, "bands", "table"),
                f"{name}：限额使费用至多到 {reached}，自 {begins} 起的第 {band + 2} 段永远达不到",
                f"{name}: the caps let cost reach {reached} at most, "
                f"never band {band + 2} from {begins}",
            )


def _end_fen(layer: LayerTerms) -> int | None:
    """Return a place on the bands that no cost passes by reason of the caps; None: not known."""
    ends = (_end_by(layer, cap) for cap in layer.caps)
    return min((end for end in ends if end is not None), default=None)


def _end_by(layer: LayerTerms, cap: Cap) -> int | None:
    """Return where a cap stops the cost, if it stops it in one place whatever came before.

    Of layers with extra terms nothing is said.

    A payment cap does so only where bands lie along the claim: over a year, deductibles use up
    cost that no cap sees. A cost cap does so if it limits what the bands are measured on.
    """
    if cap.amount_fen is None or layer.extras != NO_EXTRAS:
        return None
    along_claim = layer.position is None and not layer.incremental
    if cap.on == "payment":
        return _cost_at(layer, cap.amount_fen) if along_claim else None
    measured = "cost" if layer.deductible_inside else "cost_above_deductible"
    same = cap.on == measured and (along_claim or cap.counter == layer.position)
    return cap.amount_fen if same else None


def _cost_at(layer: LayerTerms, payment_fen: int) -> int | None:
    """Return a place at which the payment has certainly reached an amount, None if it never does.

    It is the place for the largest deductible; lesser ones reach the amount before.
    """
    place = max(layer.deductibles_fen) if layer.deductible_inside else 0
    left = payment_fen * PPM
    for band in layer.bands:
        paid = left if band.to_fen is None else max(band.to_fen - place, 0) * band.rate_ppm
        if band.rate_ppm and paid >= left:
            return place + -(-left // band.rate_ppm)
        left -= paid
        place = max(place, band.to_fen or place)
    return None


def _layers(scheme: Scheme, path: Path_, benefit: str, row: Row) -> Iterator[Finding]:
    """A layer that reads nothing but what earlier layers pass on is idle if they pass on none."""
    layers = row.terms.layers if row.terms else ()
    for at, layer in enumerate(layers):
        over = range(Part.OVER_CAP, Part.OVER_CAP + LAYERS_MAX)
        if all(part in over and _passes_none(layers[part - Part.OVER_CAP]) for part in layer.base):
            name = layer_name(benefit, row, layer)
            yield warning(
                scheme.document,
                "layer_unreached",
                (*path, at),
                f"{name}：前面的层没有上限，不会有费用转入本层",
                f"{name}: the layers before it have no limit, so that nothing passes on to it",
            )


def _passes_none(layer: LayerTerms) -> bool:
    return not layer.caps and (not layer.bands or layer.bands[-1].to_fen is None)
