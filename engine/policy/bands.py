"""Reads the bands of a layer for one combination, its adjustments worked into the rates."""

from typing import Any

from engine.money import PPM
from engine.policy import schema
from engine.policy.literals import read_factor, read_rate
from engine.policy.reader import Path_
from engine.policy.reading import Reading
from engine.policy.terms import Band, YearlyPoints
from engine.policy.values import Cell, Table

TABLE = ("bands", "table")


class BandReader:
    """Reads the bands of one layer.

    Args:
        reading: the entry and what it may name.
        k: the layer's position.

    Raises:
        PolicyError: an adjustment is not of one kind, or names a stranger.
    """

    def __init__(self, reading: Reading, k: int) -> None:
        self._reading = reading
        self._document = reading.document
        self._path = reading.layer_path(k)
        self._layer = reading.entry.layers[k]
        self._dimensions = reading.dimensions
        self._check_adjust()

    def used(self) -> set[str]:
        """Return the dimensions that the bands depend on."""
        if self._layer.bands is None:
            return set()
        adjusted = {dimension for item in self._layer.adjust for dimension in item.applies}
        return adjusted | self._used_inside(self._layer.bands.table, (*self._path, *TABLE))

    def at(self, cell: Cell) -> tuple[Band, ...]:
        """Return the bands for a combination.

        Raises:
            NoTerms: the file says that it has none.
            PolicyError: a band is wrong, or their ends do not rise.
        """
        place = (*self._path, *TABLE)
        if self._layer.bands is None:
            return ()

        def leaf(raw: Any, at: Path_) -> tuple[Band, ...]:
            if not isinstance(raw, list) or not raw:
                raise self._document.error(
                    "no_bands", at, "分段表为空", "the table of bands is empty"
                )
            bands = tuple(self._band(item, (*at, k), cell) for k, item in enumerate(raw))
            self._check_rising(bands, at)
            return bands

        return self._table(place, self._layer.bands.table).at(cell, leaf)

    def _table(self, path: Path_, raw: Any) -> Table:
        return self._reading.table(path, raw)

    def _used_inside(self, raw: Any, path: Path_) -> set[str]:
        """Return the dimensions of a table and of those that stand inside its lists."""
        if isinstance(raw, list):
            found = [self._used_inside(item, (*path, k)) for k, item in enumerate(raw)]
        elif isinstance(raw, dict):
            found = [self._table(path, raw).used()]
            found += [self._used_inside(item, (*path, key)) for key, item in raw.items()]
        else:
            found = []
        return set().union(*found)

    def _check_adjust(self) -> None:
        for k, entry in enumerate(self._layer.adjust):
            path = (*self._path, "adjust", k)
            self._check_kind(entry, path)
            if entry.per is None and any(one.per for one in self._layer.adjust[:k]):
                raise self._document.error(
                    "adjust_shape",
                    path,
                    "按年增减（per）的条目须写在最后",
                    "points by the year (`per`) stand last",
                )
            for dimension, members in entry.applies.items():
                strangers = set(members) - set(self._dimensions.members.get(dimension, ()))
                if strangers or not members:
                    raise self._document.error(
                        "unknown_member",
                        (*path, "for", dimension),
                        f"维度 {dimension} 没有成员 {sorted(strangers)}，或一个也没有写",
                        f"{dimension} has no member {sorted(strangers)}, or none is named",
                    )

    def _check_kind(self, entry: schema.Adjustment, path: Path_) -> None:
        kinds = [entry.points, entry.times, entry.personal_times]
        yearly = entry.per is not None
        risen = entry.above is not None and entry.below is None
        missing = entry.below is not None and entry.above is None and entry.to is None
        bounded = risen or missing
        none = entry.above is None and entry.below is None and entry.to is None
        one_kind = len([kind for kind in kinds if kind is not None]) == 1
        if (
            not one_kind
            or (yearly and (entry.points is None or not bounded))
            or (not yearly and not none)
        ):
            raise self._document.error(
                "adjust_shape",
                path,
                "adjust 的一条须写 points、times、personal_times 之一；"
                "按年增减写 points、per，再写 from（可加 to）或 below",
                "an entry of adjust has exactly one of points, times and personal_times; points "
                "by the year have `per` and either `from` (with `to`) or `below`",
            )

    def _check_rising(self, bands: tuple[Band, ...], path: Path_) -> None:
        ends = [band.to_fen for band in bands]
        known = [0] + [end for end in ends if end is not None]
        if None in ends[:-1] or sorted(set(known)) != known:
            raise self._document.error(
                "bands_not_rising",
                path,
                "分段上限须自 0 以上递增，只有最后一段可以写 null",
                "the ends of the bands must rise from above 0 and only the last may be null",
            )

    def _band(self, raw: Any, path: Path_, cell: Cell) -> Band:
        keys = set(raw) - {"source"} if isinstance(raw, dict) else set()
        if keys not in ({"to", "rate"}, {"to", "personal"}):
            raise self._document.error(
                "band_shape",
                path,
                "一段须写 to 与 rate（或 personal）",
                "a band has `to` and `rate` or `personal`",
            )
        to_fen = None
        if raw["to"] is not None:
            to_fen = self._reading.amounts.fen(raw["to"], (*path, "to"))
        key = "rate" if "rate" in keys else "personal"

        def leaf(value: Any, at: Path_) -> tuple[int, str]:
            return read_rate(self._document, value, at), self._document.source(at)

        given, source = self._table((*path, key), raw[key]).at(cell, leaf)
        rate = given if key == "rate" else PPM - given
        return Band(to_fen, self._adjusted(rate, cell), source)

    def _adjusted(self, rate: int, cell: Cell) -> int:
        if rate == 0:
            return rate
        for k, entry in enumerate(self._layer.adjust):
            path = (*self._path, "adjust", k)
            if entry.per is not None or not applies(entry, cell):
                continue
            if entry.points is not None:
                points, adds = self._points(entry, path)
                rate += points if adds else -points
            elif entry.times is not None:
                rate = self._times(rate, entry.times, (*path, "times"))
            else:
                place = (*path, "personal_times")
                rate = PPM - self._times(PPM - rate, entry.personal_times, place)
            rate = min(max(rate, 0), PPM)
        return rate

    def yearly(self, cell: Cell) -> tuple[YearlyPoints, ...]:
        """Return the points by the year that apply to a combination."""
        found = []
        for k, entry in enumerate(self._layer.adjust):
            if entry.per is not None and applies(entry, cell):
                points, adds = self._points(entry, (*self._path, "adjust", k))
                years = (entry.above, entry.to, entry.below)
                found.append(YearlyPoints(points, adds, entry.per, *years))
        return tuple(found)

    def _points(self, entry: schema.Adjustment, path: Path_) -> tuple[int, bool]:
        """Return the points of an entry in ppm, and whether they are added."""
        said = entry.points or ""
        points = said.removeprefix("-")
        return read_rate(self._document, points, (*path, "points")), points == said

    def _times(self, share: int, said: str | None, path: Path_) -> int:
        factor = read_factor(self._document, said, path)
        product, rest = divmod(share * factor, PPM)
        if rest:
            raise self._document.error(
                "finer_than_ppm",
                path,
                f"比例乘以 {said} 后细于百万分之一",
                f"the rate times {said} is finer than one part per million",
            )
        return product


def applies(entry: schema.Adjustment, cell: Cell) -> bool:
    """Return whether an adjustment is for a combination."""
    return all(cell[dimension] in members for dimension, members in entry.applies.items())
