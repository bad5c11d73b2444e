"""Reads the bands of a layer for one combination, its adjustments worked into the rates."""

from typing import Any

from engine.money import PPM
from engine.policy import schema
from engine.policy.literals import read_factor, read_fen, read_rate
from engine.policy.reader import Document, Path_
from engine.policy.terms import Band
from engine.policy.values import Cell, Dimensions, Table

TABLE = ("bands", "table")


class BandReader:
    """Reads the bands of one layer.

    Args:
        document: the file, for lines and sources.
        path: where the layer stands in it.
        layer: the layer.
        dimensions: the dimensions of the file.

    Raises:
        PolicyError: an adjustment is neither of points nor of factor, or names a stranger.
    """

    def __init__(
        self, document: Document, path: Path_, layer: schema.Layer, dimensions: Dimensions
    ) -> None:
        self._document = document
        self._path = path
        self._layer = layer
        self._dimensions = dimensions
        self._check_adjust()

    def used(self) -> set[str]:
        """Return the dimensions that the bands depend on."""
        adjusted = {dimension for item in self._layer.adjust for dimension in item.applies}
        return adjusted | self._used_inside(self._layer.bands.table, (*self._path, *TABLE))

    def at(self, cell: Cell) -> tuple[Band, ...]:
        """Return the bands for a combination.

        Raises:
            NoTerms: the file says that it has none.
            PolicyError: a band is wrong, or their ends do not rise.
        """
        place = (*self._path, *TABLE)

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
        return Table(self._document, path, raw, self._dimensions)

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
            if (entry.points is None) == (entry.personal_times is None):
                raise self._document.error(
                    "adjust_shape",
                    path,
                    "adjust 的一条须写 points 或 personal_times 之一",
                    "an entry of adjust has exactly one of points and personal_times",
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
            to_fen = read_fen(self._document, raw["to"], (*path, "to"))
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
            if any(cell[dimension] not in members for dimension, members in entry.applies.items()):
                continue
            if entry.points is not None:
                points = entry.points.removeprefix("-")
                sign = 1 if points == entry.points else -1
                rate += sign * read_rate(self._document, points, (*path, "points"))
            else:
                rate = PPM - self._times(PPM - rate, entry, path)
            rate = min(max(rate, 0), PPM)
        return rate

    def _times(self, share: int, entry: schema.Adjustment, path: Path_) -> int:
        factor = read_factor(self._document, entry.personal_times, (*path, "personal_times"))
        product, rest = divmod(share * factor, PPM)
        if rest:
            raise self._document.error(
                "finer_than_ppm",
                (*path, "personal_times"),
                f"个人负担比例乘以 {entry.personal_times} 后细于百万分之一",
                f"the person's share times {entry.personal_times} is finer than one part per "
                "million",
            )
        return product
