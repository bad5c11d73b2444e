"""Rates that look wrong: neither rising nor falling along the bands, or worse for the retired."""

import itertools
from collections.abc import Iterator, Sequence

from engine.money import MAX_FEN
from engine.policy.book import Entry, Row, Scheme
from engine.policy.figures import Unit, say_figure
from engine.policy.reader import Path_
from engine.policy.review.finding import Finding, layer_name, warning
from engine.policy.terms import Band, Cap, LayerTerms

CLASS = "person_class"


def review_rates(scheme: Scheme) -> Iterator[Finding]:
    """Return rates that rise and fall along the bands, and terms worse for retired than active."""
    for benefit, entries in scheme.entries.items():
        for entry in entries:
            path: Path_ = ("benefits", benefit, "history", entry.place, "layers")
            for row in entry.rows:
                yield from _unsteady(scheme, path, benefit, row)
            for active, retired in _pairs(scheme, entry):
                yield from _inverted(scheme, path, active, retired)


def _unsteady(scheme: Scheme, path: Path_, benefit: str, row: Row) -> Iterator[Finding]:
    for at, layer in enumerate(row.terms.layers if row.terms else ()):
        rates = [band.rate_ppm for band in layer.bands]
        pairs = list(itertools.pairwise(rates))
        if any(a < b for a, b in pairs) and any(a > b for a, b in pairs):
            said = " → ".join(say_figure(Unit.PPM, rate) for rate in rates)
            name = layer_name(benefit, row, layer)
            yield warning(
                scheme.document,
                "rates_unsteady",
                (*path, at, "bands", "table"),
                f"{name}：各段比例时升时降（{said}），请核对",
                f"{name}: the rates rise and fall along the bands ({said})",
            )


def _pairs(scheme: Scheme, entry: Entry) -> Iterator[tuple[Row, Row]]:
    """Return the rows of active and of retired persons that are alike in all other dimensions."""
    active, retired = (
        [name for name, types in scheme.file.person_classes.items() if person_type in types]
        for person_type in ("active", "retired")
    )
    rows = {tuple(row.cell.items()): row for row in entry.rows}
    for row in entry.rows:
        if row.cell.get(CLASS) in active:
            for name in retired:
                yield row, rows[tuple({**row.cell, CLASS: name}.items())]


def _inverted(scheme: Scheme, path: Path_, active: Row, retired: Row) -> Iterator[Finding]:
    if active.terms is None or retired.terms is None:
        return
    layers = zip(active.terms.layers, retired.terms.layers, strict=True)
    for at, (one, other) in enumerate(layers):
        name = layer_name(retired.terms.benefit, retired, other)
        for zh, en in _worse(one, other):
            yield warning(
                scheme.document,
                "retired_below_active",
                (*path, at),
                f"{name}：{zh}，退休人员的待遇低于在职，请核对",
                f"{name}: {en}: worse for the retired than for the active",
            )


def _worse(active: LayerTerms, retired: LayerTerms) -> Iterator[tuple[str, str]]:
    """Return in what a layer is worse for the retired: rate by rate, amount by amount."""
    edges = sorted({band.to_fen or 0 for band in (*active.bands, *retired.bands)} | {0})
    for edge in edges:
        one, other = _rate_above(active.bands, edge), _rate_above(retired.bands, edge)
        if other < one:
            said = f"{say_figure(Unit.PPM, other)} < {say_figure(Unit.PPM, one)}"
            above = say_figure(Unit.FEN, edge)
            yield f"{above} 以上的比例 {said}", f"rate above {above} {said}"
    for one, other in zip(active.deductibles_fen, retired.deductibles_fen, strict=False):
        if other > one:
            said = f"{say_figure(Unit.FEN, other)} > {say_figure(Unit.FEN, one)}"
            yield f"起付线 {said}", f"deductible {said}"
    for cap, peer in zip(active.caps, retired.caps, strict=True):
        one, other = _limit(cap), _limit(peer)
        if other < one:
            shown = "unlimited" if cap.amount_fen is None else say_figure(Unit.FEN, one)
            said = f"{say_figure(Unit.FEN, other)} < {shown}"
            yield f"封顶线 {said}", f"cap {said}"


def _limit(cap: Cap) -> int:
    return MAX_FEN if cap.amount_fen is None else cap.amount_fen


def _rate_above(bands: Sequence[Band], edge_fen: int) -> int:
    """Return the rate of the cost just above an amount; 0 beyond the last band."""
    return next((b.rate_ppm for b in bands if b.to_fen is None or b.to_fen > edge_fen), 0)
