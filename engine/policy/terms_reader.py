"""Reads the terms of a benefit from its file: every table resolved, every reference checked."""

from typing import Any

from engine.claims.columns import Part
from engine.errors import PolicyError
from engine.policy import schema
from engine.policy.bands import BandReader
from engine.policy.literals import read_fen
from engine.policy.reader import Document, Path_
from engine.policy.terms import Cap, LayerTerms, Terms
from engine.policy.values import Cell, Dimensions, Table

PARTS_BEFORE_LAYERS = {
    "off_list": Part.OFF_LIST,
    "over_price": Part.OVER_PRICE,
    "first_share": Part.FIRST_SHARE,
    "covered": Part.COVERED,
}
PARTS_OF_LAYERS = {"deductible": Part.DEDUCTIBLE, "copay": Part.COPAY, "over_cap": Part.OVER_CAP}


class TermsReader:
    """Reads one dated entry of a benefit, for any combination.

    Args:
        document: the file, for lines and sources.
        path: where the entry stands in it.
        entry: the entry.
        counters: the counters that the file declares.
        dimensions: the dimensions of the file.

    Raises:
        PolicyError: an adjustment is wrong.
    """

    def __init__(
        self,
        document: Document,
        path: Path_,
        entry: schema.BenefitTerms,
        counters: dict[str, schema.Counter],
        dimensions: Dimensions,
    ) -> None:
        self._document = document
        self._path = path
        self._entry = entry
        self._counters = counters
        self._dimensions = dimensions
        self._names = [layer.name for layer in entry.layers]
        self._bands = [
            BandReader(document, self._layer_path(k), layer, dimensions)
            for k, layer in enumerate(entry.layers)
        ]

    def used(self) -> set[str]:
        """Return the dimensions that anything in this entry depends on."""
        by_level = any("level" in counter.scope for counter in self._counters.values())
        used: set[str] = {"level"} if by_level else set()
        for k, layer in enumerate(self._entry.layers):
            path = self._layer_path(k)
            used |= self._bands[k].used()
            for name in ("amount", "yearly_maximum"):
                raw = getattr(layer.deductible, name)
                used |= self._table((*path, "deductible", name), raw).used()
            for j, cap in enumerate(layer.caps):
                used |= self._table((*path, "caps", j, "amount"), cap.amount).used()
        return used

    def at(self, benefit: str, cell: Cell) -> Terms:
        """Return the terms for a combination.

        Raises:
            NoTerms: the file says that it has none.
            PolicyError: the file is wrong.
        """
        layers = tuple(self._layer(k, cell) for k in range(len(self._names)))
        ordinal, account = self._entry.ordinal, self._entry.account
        if ordinal is not None:
            self._counter(ordinal, (*self._path, "ordinal"), counts="stays")
        pays = (
            [] if account is None else self._parts(account.pays, len(layers), ("account", "pays"))
        )
        sources = {
            "ordinal": self._document.source((*self._path, "ordinal")),
            "account": self._document.source((*self._path, "account")),
        }
        return Terms(benefit, ordinal, layers, tuple(pays), sources)

    def _layer_path(self, k: int) -> Path_:
        return (*self._path, "layers", k)

    def _table(self, path: Path_, raw: Any) -> Table:
        return Table(self._document, path, raw, self._dimensions)

    def _error(self, code: str, path: Path_, zh: str, en: str) -> PolicyError:
        return self._document.error(code, path, zh, en)

    def _layer(self, k: int, cell: Cell) -> LayerTerms:
        layer, path = self._entry.layers[k], self._layer_path(k)
        base = self._parts(layer.base, k, ("layers", k, "base"))
        pays_off = self._parts(layer.pays_off, k, ("layers", k, "pays_off"))
        self._check_shape(layer, path, base, pays_off)
        if layer.total is not None:
            self._counter(layer.total, (*path, "total"))
        bands = self._bands[k].at(cell)
        position = None if layer.bands.position == "claim" else layer.bands.position
        if position is not None:
            self._counter(position, (*path, "bands", "position"))
        amounts, maximum = self._deductible(layer.deductible, (*path, "deductible"), cell)
        caps = tuple(self._cap(cap, (*path, "caps", j), cell) for j, cap in enumerate(layer.caps))
        return LayerTerms(
            name=layer.name,
            fund=layer.fund,
            base=tuple(base),
            burden=layer.takes == "burden",
            incremental=layer.mode == "incremental",
            total=layer.total,
            method=layer.deductible.method,
            deductibles_fen=amounts,
            yearly_maximum_fen=maximum,
            deductible_counter=layer.deductible.counter,
            bands=bands,
            position=position,
            deductible_inside=layer.bands.deductible_inside,
            round_bands=layer.rounding == "band",
            caps=caps,
            feeds=self._feeds(layer, path),
            pays_off=tuple(pays_off),
            sources=self._sources(layer, path, cell),
        )

    def _sources(self, layer: schema.Layer, path: Path_, cell: Cell) -> dict[str, str]:
        amount = self._table((*path, "deductible", "amount"), layer.deductible.amount)
        places = {
            "deductible": amount.at(cell, lambda _, at: at),
            "bands": (*path, "bands"),
            "pays_off": (*path, "pays_off"),
        }
        return {step: self._document.source(place) for step, place in places.items()}

    def _check_shape(
        self, layer: schema.Layer, path: Path_, base: list[int], pays_off: list[int]
    ) -> None:
        incremental, burden = layer.mode == "incremental", layer.takes == "burden"
        rules = (
            (self._names.index(layer.name) != path[-1], "name",
             "层名重复", "the layer's name stands twice"),
            (not base, "base", "没有写明所读的部分", "no part is named"),
            (burden != bool(pays_off), "pays_off",
             "负担层须写 pays_off，费用层不得写",
             "a burden layer needs pays_off, a cost layer has none"),
            (not set(pays_off) <= set(base), "pays_off",
             "只能冲抵所读的部分", "only parts of the base can be paid off"),
            (incremental != (layer.total is not None), "total",
             "incremental 须写 total，per_claim 不得写",
             "incremental needs total, per_claim has none"),
            (incremental and layer.bands.position != "claim", "bands",
             "incremental 的分段须以累计数本身为准（position: claim）",
             "bands of an incremental layer lie on its total (position: claim)"),
            (incremental and layer.deductible.method == "per_stay", "deductible",
             "incremental 的起付线只能是 annual 或 none",
             "the deductible of an incremental layer is annual or none"),
            (incremental and any(not burden or cap.on != "payment" for cap in layer.caps), "caps",
             "incremental 只支持负担层上的支付限额",
             "incremental goes with payment caps of burden layers only"),
        )  # fmt: skip
        for broken, place, zh, en in rules:
            if broken:
                raise self._error("layer_shape", (*path, place), zh, en)

    def _parts(self, names: list[str], layers: int, place: Path_) -> list[int]:
        path = (*self._path, *place)
        parts = []
        for name in names:
            kind, _, owner = name.partition(".")
            if name in PARTS_BEFORE_LAYERS:
                parts.append(int(PARTS_BEFORE_LAYERS[name]))
            elif kind in PARTS_OF_LAYERS and owner in self._cost_layers(layers):
                parts.append(PARTS_OF_LAYERS[kind] + self._names.index(owner))
            else:
                raise self._error(
                    "unknown_part",
                    path,
                    f"没有名为 {name} 的部分；deductible、copay、over_cap 只由前面的费用层产生",
                    f"there is no part {name}; only cost layers before this one make deductible, "
                    "copay and over_cap",
                )
        if len(set(parts)) != len(parts):
            raise self._error("part_twice", path, "同一部分写了两次", "a part is named twice")
        return parts

    def _cost_layers(self, before: int) -> list[str]:
        return [layer.name for layer in self._entry.layers[:before] if layer.takes == "cost"]

    def _counter(self, name: str, path: Path_, counts: str = "money") -> None:
        counter = self._counters.get(name)
        if counter is None or counter.counts != counts:
            raise self._error(
                "unknown_counter",
                path,
                f"counters 中没有声明 {name}，或其 counts 不是 {counts}",
                f"counters does not declare {name}, or it does not count {counts}",
            )

    def _deductible(
        self, given: schema.Deductible, path: Path_, cell: Cell
    ) -> tuple[tuple[int, ...], int | None]:
        has = {
            name
            for name in ("amount", "yearly_maximum", "counter")
            if getattr(given, name) is not None
        }
        layer = self._entry.layers[int(path[-2])]
        filled = {"amount"} if layer.mode == "incremental" else {"amount", "counter"}
        allowed: dict[str, list[set[str]]] = {
            "none": [set()],
            "annual": [filled],
            "per_stay": [{"amount"}, {"amount", "yearly_maximum", "counter"}],
        }
        if has not in allowed[given.method]:
            raise self._error(
                "deductible_shape",
                path,
                f"起付线 {given.method} 所写的键 {sorted(has)} 不成立",
                f"a deductible {given.method} does not go with the keys {sorted(has)}",
            )
        if given.counter is not None:
            self._counter(given.counter, (*path, "counter"))
        if given.method == "none":
            return (0,), None
        amounts = self._table((*path, "amount"), given.amount).at(cell, self._amounts)
        maximum = (
            None
            if given.yearly_maximum is None
            else self._table((*path, "yearly_maximum"), given.yearly_maximum).at(cell, self._fen)
        )
        return amounts, maximum

    def _amounts(self, raw: Any, path: Path_) -> tuple[int, ...]:
        if not isinstance(raw, list):
            return (self._fen(raw, path),)
        if self._entry.ordinal is None or self._entry_method(path) != "per_stay" or not raw:
            raise self._error(
                "list_without_ordinal",
                path,
                "按次序的起付线列表须是 per_stay，且待遇须写 ordinal",
                "a list by ordinal needs method per_stay and `ordinal` in the benefit",
            )
        return tuple(self._fen(item, (*path, k)) for k, item in enumerate(raw))

    def _entry_method(self, path: Path_) -> str:
        k = path[len(self._path) + 1]
        return self._entry.layers[int(k)].deductible.method

    def _fen(self, raw: Any, path: Path_) -> int:
        return read_fen(self._document, raw, path)

    def _cap(self, cap: schema.Cap, path: Path_, cell: Cell) -> Cap:
        if cap.counter is not None:
            self._counter(cap.counter, (*path, "counter"))

        def leaf(raw: Any, at: Path_) -> tuple[int, str]:
            return self._fen(raw, at), self._document.source(at)

        amount, source = self._table((*path, "amount"), cap.amount).at(cell, leaf)
        return Cap(cap.on, amount, cap.counter, source)

    def _feeds(self, layer: schema.Layer, path: Path_) -> tuple[tuple[str, str], ...]:
        """Return every counter that the layer adds to, with its measure: what limits, counts."""
        inside = "cost" if layer.bands.deductible_inside else "cost_above_deductible"
        wanted: list[tuple[str, str]] = [
            (cap.counter, cap.on) for cap in layer.caps if cap.counter is not None
        ]
        if layer.deductible.counter is not None:
            wanted.append((layer.deductible.counter, "deductible"))
        if layer.bands.position != "claim":
            wanted.append((layer.bands.position, inside))
        if layer.total is not None:
            wanted.append((layer.total, "base"))
        wanted += list(layer.feeds.items())
        measures: dict[str, str] = {}
        for counter, measure in wanted:
            self._counter(counter, (*path, "feeds"))
            if measures.setdefault(counter, measure) != measure:
                raise self._error(
                    "two_measures",
                    (*path, "feeds"),
                    f"计数器 {counter} 在同一层既计 {measures[counter]} 又计 {measure}",
                    f"the counter {counter} would gain both {measures[counter]} and {measure} here",
                )
        return tuple(measures.items())
