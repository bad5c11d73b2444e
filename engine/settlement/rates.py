"""The bands that hold for a claim: the row's own, or moved by points for each year of a fact."""

from engine.claims.columns import NONE, Ints, Step
from engine.money import PPM
from engine.policy.tables import BAND_WIDTH, POINTS_WIDTH, BandField, LayerField, PointsField
from engine.settlement.desk import Desk, Out, note, step_key
from engine.settlement.jit import kernel


@kernel
def bands_of(
    desk: Desk, out: Out, cells: Ints, where: tuple[int, int, int], event: Ints
) -> tuple[Ints, int]:
    """Return an array that holds the bands for a claim, and where they begin in it."""
    start, layer, layer_at = where
    band_at = start + cells[layer + LayerField.BAND_AT]
    if cells[layer + LayerField.POINTS_COUNT] == 0:
        return cells, int(band_at)
    shift = 0
    for k in range(cells[layer + LayerField.POINTS_COUNT]):
        at = start + cells[layer + LayerField.POINTS_AT] + k * POINTS_WIDTH
        years = years_of(cells, at, event)
        points = years * cells[at + PointsField.POINTS]
        note(desk, out, step_key(Step.POINTS, layer_at, k), years, points)
        shift += points
    width = cells[layer + LayerField.BAND_COUNT] * BAND_WIDTH
    bands = desk.bands
    for k in range(width):
        bands[k] = cells[band_at + k]
    for k in range(0, width, BAND_WIDTH):
        rate = bands[k + BandField.RATE]
        if rate > 0:
            bands[k + BandField.RATE] = min(max(rate + shift, 0), PPM)
    return bands, 0


@kernel
def years_of(cells: Ints, at: int, event: Ints) -> int:
    """Return how many years of the fact the points at `at` are given for."""
    fact = int(event[cells[at + PointsField.FACT]])
    below, to = int(cells[at + PointsField.BELOW]), int(cells[at + PointsField.TO])
    if below != NONE:
        return max(below - fact, 0)
    reached = fact if to == NONE else min(fact, to)
    return max(reached - int(cells[at + PointsField.ABOVE]), 0)
