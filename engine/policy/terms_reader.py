"""Reads the terms of a benefit from its file: every table resolved, every reference checked."""

from collections.abc import Iterator
from typing import Any

from engine.claims.columns import Part
from engine.errors import PolicyError
from engine.policy import schema
from engine.policy.bands import BandReader
from engine.policy.deductibles import DeductibleReader, DeductibleTerms
from engine.policy.extras import check_extras, parts_paid_off, stream_rules
from engine.policy.literals import read_rate
from engine.policy.payers_reader import PayersReader
from engine.policy.reader import Path_
from engine.policy.reading import Reading
from engine.policy.terms import Cap, Extras, Guaranteed, LayerTerms, Terms
from engine.policy.values import Cell

NO_PRICE = "none"
UNLIMITED = "unlimited"
PARTS_BEFORE_LAYERS = {
    "off_list": Part.OFF_LIST,
    "over_price": Part.OVER_PRICE,
    "first_share": Part.FIRST_SHARE,
    "covered": Part.COVERED,
    "home_first_share": Part.HOME_FIRST_SHARE,
    "final_share": Part.FINAL_SHARE,
    "separate": Part.SEPARATE,
    "excluded": Part.EXCLUDED,
}
PARTS_OF_LAYERS = {"deductible": Part.DEDUCTIBLE, "copay": Part.COPAY, "over_cap": Part.OVER_CAP}


class TermsReader:
    """Reads one dated entry of a benefit, for any combination.

    Args:
        reading: the entry and what it may name.

    Raises:
        PolicyError: an adjustment or a deductible is wrong.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._document = reading.document
        self._path = reading.path
        self._entry = reading.entry
        self._names = [layer.name for layer in self._entry.layers]
        count = len(self._names)
        self._bands = [BandReader(reading, k) for k in range(count)]
        self._deductibles = [DeductibleReader(reading, k) for k in range(count)]
        self._payers = PayersReader(reading, self._parts)

    def used(self) -> set[str]:
        """Return the dimensions that anything in this entry depends on."""
        used = self._scopes() & {"level"}
        for k, layer in enumerate(self._entry.layers):
            used |= self._bands[k].used() | self._deductibles[k].used()
            tables: dict[Path_, Any] = {("price",): layer.price, ("less",): layer.less}
            tables |= {("caps", j, "amount"): cap.amount for j, cap in enumerate(layer.caps)}
            if layer.guaranteed is not None:
                tables["guaranteed", "rate"] = layer.guaranteed.rate
            for place, raw in tables.items():
                path = (*self._reading.layer_path(k), *place)
                used |= self._reading.table(path, raw).used()
        return used | self._payers.used()

    def _scopes(self) -> set[str]:
        """Return the scopes of the counters that this entry names."""
        named = set(_texts(self._entry.model_dump()))
        counters = self._reading.counters.items()
        return {scope for name, counter in counters if name in named for scope in counter.scope}

    def at(self, benefit: str, cell: Cell) -> Terms:
        """Return the terms for a combination.

        Raises:
            NoTerms: the file says that it has none.
            PolicyError: the file is wrong.
        """
        layers = tuple(self._layer(k, cell) for k in range(len(self._names)))
        self._check_ordinals(layers)
        ordinal = self._entry.ordinal
        if ordinal is not None:
            self._reading.counter(ordinal, (*self._path, "ordinal"), counts="stays")
        sources = {
            "ordinal": self._document.source((*self._path, "ordinal")),
            "account": self._document.source((*self._path, "account")),
            "home_first_share": self._document.source((*self._path, "home_first_share")),
        }
        home = self._payers.home(cell)
        return Terms(benefit, ordinal, home, layers, self._payers.account(layers), sources)

    def _error(self, code: str, path: Path_, zh: str, en: str) -> PolicyError:
        return self._reading.error(code, path, zh, en)

    def _layer(self, k: int, cell: Cell) -> LayerTerms:
        layer, path = self._entry.layers[k], self._reading.layer_path(k)
        base = self._parts(layer.base, k, ("layers", k, "base"))
        pays_off = self._parts(parts_paid_off(layer), k, ("layers", k, "pays_off"))
        self._check_shape(layer, path, base, pays_off)
        self._check_total(layer, path)
        bands = self._bands[k].at(cell)
        said = layer.bands
        position = None if said is None or said.position == "claim" else said.position
        if position is not None:
            self._reading.counter(position, (*path, "bands", "position"))
        deductible = self._deductibles[k].at(cell)
        caps = tuple(self._cap(cap, (*path, "caps", j), cell) for j, cap in enumerate(layer.caps))
        extras = self._extras(k, cell, deductible)
        check_extras(self._reading, k, extras, bands, caps)
        return LayerTerms(
            name=layer.name,
            fund=layer.fund,
            base=tuple(base),
            burden=layer.takes == "burden",
            incremental=layer.mode == "incremental",
            total=layer.total,
            method=layer.deductible.method,
            deductibles_fen=deductible.amounts_fen,
            yearly_maximum_fen=deductible.yearly_maximum_fen,
            deductible_counter=layer.deductible.counter,
            bands=bands,
            position=position,
            deductible_inside=said is None or said.deductible_inside,
            round_bands=layer.rounding == "band",
            caps=caps,
            feeds=self._feeds(layer, path),
            pays_off=tuple(pays_off),
            sources=self._sources(layer, path, cell),
            extras=extras,
            paid=layer.paid,
        )

    def _check_total(self, layer: schema.Layer, path: Path_) -> None:
        if layer.total is None:
            return
        counters = self._reading.counters
        self._reading.counter(layer.total, (*path, "total"))
        if layer.paid is not None:
            self._reading.counter(layer.paid, (*path, "paid"))
            if counters[layer.paid].scope != counters[layer.total].scope:
                raise self._error(
                    "layer_shape",
                    (*path, "paid"),
                    f"{layer.paid} 的 scope 须与 {layer.total} 相同",
                    f"{layer.paid} needs the scope of {layer.total}",
                )

    def _extras(self, k: int, cell: Cell, deductible: DeductibleTerms) -> Extras:
        layer, path = self._entry.layers[k], self._reading.layer_path(k)
        price = None if layer.price is None else self._price(layer.price, (*path, "price"), cell)
        less = None if layer.less is None else self._reading.fen((*path, "less"), layer.less, cell)
        return Extras(
            ordinal=deductible.ordinal,
            every_days=deductible.every_days,
            bill_share_ppm=None if deductible.share_of else deductible.share_ppm,
            counter_share_ppm=deductible.share_ppm if deductible.share_of else None,
            share_of=deductible.share_of,
            waived=deductible.waived,
            transfer=deductible.transfer,
            price_fen=price,
            less_fen=less,
            guaranteed=self._guaranteed(k, cell),
            points=self._bands[k].yearly(cell),
            pro_rata=isinstance(layer.pays_off, schema.ProRata),
            final_share=layer.takes == "final_share",
        )

    def _price(self, given: Any, path: Path_, cell: Cell) -> int | None:
        def leaf(raw: Any, at: Path_) -> int | None:
            return None if raw == NO_PRICE else self._reading.amounts.fen(raw, at)

        return self._reading.table(path, given).at(cell, leaf)

    def _guaranteed(self, k: int, cell: Cell) -> Guaranteed | None:
        given = self._entry.layers[k].guaranteed
        if given is None:
            return None
        path = (*self._reading.layer_path(k), "guaranteed", "rate")

        def leaf(raw: Any, at: Path_) -> int:
            return read_rate(self._document, raw, at)

        rate = self._reading.table(path, given.rate).at(cell, leaf)
        of = self._parts(given.of, k, ("layers", k, "guaranteed", "of"))
        return Guaranteed(rate, tuple(of), given.after_deductible)

    def _check_ordinals(self, layers: tuple[LayerTerms, ...]) -> None:
        named = [layer.extras.ordinal for layer in layers if layer.extras.ordinal is not None]
        home = self._entry.home_first_share
        named += [] if home is None or home.counter is None else [home.counter]
        if len(set(named)) != len(named):
            raise self._error(
                "ordinal_twice",
                (*self._path, "layers"),
                "两层的起付线（或异地先行自付）共用一个 ordinal，会计两次",
                "two layers number their deductibles by one counter, which would count twice",
            )

    def _sources(self, layer: schema.Layer, path: Path_, cell: Cell) -> dict[str, str]:
        amount = self._reading.table((*path, "deductible", "amount"), layer.deductible.amount)
        places = {
            "deductible": amount.at(cell, lambda _, at: at),
            "bands": (*path, "bands"),
            **{
                name: (*path, name)
                for name in ("pays_off", "adjust", "less", "guaranteed", "price")
            },
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
            (layer.on_class_change is not None and not incremental, "on_class_change",
             "on_class_change 只用于 incremental", "on_class_change goes with incremental only"),
            ((layer.on_class_change == "retroactive") != (layer.paid is not None), "paid",
             "retroactive 须写 paid，其余不得写",
             "retroactive needs paid, other layers have none"),
            (incremental and layer.bands is not None and layer.bands.position != "claim", "bands",
             "incremental 的分段须以累计数本身为准（position: claim）",
             "bands of an incremental layer lie on its total (position: claim)"),
            (incremental and layer.deductible.method not in {"annual", "none"}, "deductible",
             "incremental 的起付线只能是 annual 或 none",
             "the deductible of an incremental layer is annual or none"),
            (incremental and any(not burden or cap.on != "payment" for cap in layer.caps), "caps",
             "incremental 只支持负担层上的支付限额",
             "incremental goes with payment caps of burden layers only"),
        )  # fmt: skip
        for broken, place, zh, en in (*rules, *stream_rules(layer, base)):
            if broken:
                raise self._error("layer_shape", (*path, place), zh, en)

    def _parts(self, names: list[str], layers: int, place: Path_) -> list[int]:
        path = (*self._path, *place)
        parts = []
        for name in names:
            kind, _, owner = name.partition(".")
            if name == "home_first_share" and self._entry.home_first_share is None:
                raise self._error(
                    "unknown_part",
                    path,
                    "没有写明 home_first_share，也就没有这一部分",
                    "without `home_first_share` there is no such part",
                )
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
        return [layer.name for layer in self._entry.layers[:before] if layer.takes != "burden"]

    def _cap(self, cap: schema.Cap, path: Path_, cell: Cell) -> Cap:
        if cap.counter is not None:
            self._reading.counter(cap.counter, (*path, "counter"))

        def leaf(raw: Any, at: Path_) -> tuple[int | None, str]:
            amount = None if raw == UNLIMITED else self._reading.amounts.fen(raw, at)
            return amount, self._document.source(at)

        amount, source = self._reading.table((*path, "amount"), cap.amount).at(cell, leaf)
        return Cap(cap.on, amount, cap.counter, source)

    def _feeds(self, layer: schema.Layer, path: Path_) -> tuple[tuple[str, str], ...]:
        """Return every counter that the layer adds to, with its measure: what limits, counts."""
        bands = layer.bands
        inside = "cost" if bands and bands.deductible_inside else "cost_above_deductible"
        wanted: list[tuple[str, str]] = [
            (cap.counter, cap.on) for cap in layer.caps if cap.counter is not None
        ]
        if layer.deductible.counter is not None:
            wanted.append((layer.deductible.counter, "deductible"))
        if bands is not None and bands.position != "claim":
            wanted.append((bands.position, inside))
        if layer.total is not None:
            wanted.append((layer.total, "base"))
        if layer.paid is not None:
            wanted.append((layer.paid, "payment"))
        wanted += list(layer.feeds.items())
        measures: dict[str, str] = {}
        for counter, measure in wanted:
            self._reading.counter(counter, (*path, "feeds"))
            if measures.setdefault(counter, measure) != measure:
                raise self._error(
                    "two_measures",
                    (*path, "feeds"),
                    f"计数器 {counter} 在同一层既计 {measures[counter]} 又计 {measure}",
                    f"the counter {counter} would gain both {measures[counter]} and {measure} here",
                )
        return tuple(measures.items())


def _texts(tree: Any) -> Iterator[str]:
    """Yield every text in a tree, the keys of mappings too."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list | tuple):
        for branch in (*tree, *tree.values()) if isinstance(tree, dict) else tree:
            yield from _texts(branch)
