"""Reads the deductible of a layer for one combination of dimensions."""

from dataclasses import dataclass
from typing import Any

from engine.policy import schema
from engine.policy.literals import read_rate
from engine.policy.reader import Path_
from engine.policy.reading import Reading
from engine.policy.terms import Transfer, Waiver
from engine.policy.values import Cell

STAY_KEYS = {"ordinal", "every_days", "waived", "transfer"}
"""Keys that go with `per_stay` only, each on its own."""

TABLES = ("amount", "share", "yearly_maximum", "ordinal", "every_days")
"""Keys whose values may depend on dimensions."""

FORMS: dict[str, list[set[str]]] = {
    "none": [set()],
    "annual": [{"amount", "counter"}],
    "per_stay": [{"amount"}, {"amount", "yearly_maximum", "counter"}],
    "share_of_counter": [{"share", "of"}],
    "share_of_bill": [{"amount", "share"}, {"amount", "share", "yearly_maximum", "counter"}],
}
"""The other keys that go together, by method."""


@dataclass(frozen=True)
class DeductibleTerms:
    """A deductible with every table resolved."""

    amounts_fen: tuple[int, ...]
    yearly_maximum_fen: int | None = None
    share_ppm: int | None = None
    share_of: str | None = None
    ordinal: str | None = None
    every_days: int | None = None
    waived: Waiver | None = None
    transfer: Transfer | None = None


class DeductibleReader:
    """Reads the deductible of one layer.

    Args:
        reading: the entry and what it may name.
        k: the layer's position.

    Raises:
        PolicyError: its keys do not go together, or a counter is not of its kind.
    """

    def __init__(self, reading: Reading, k: int) -> None:
        self._reading = reading
        self._layer = reading.entry.layers[k]
        self._given: schema.Deductible = self._layer.deductible
        self._path: Path_ = (*reading.layer_path(k), "deductible")
        self._check_form()
        self._check_counters()

    def used(self) -> set[str]:
        """Return the dimensions that the deductible depends on."""
        tables = (
            self._reading.table((*self._path, name), getattr(self._given, name)) for name in TABLES
        )
        return set().union(*(table.used() for table in tables))

    def at(self, cell: Cell) -> DeductibleTerms:
        """Return the deductible for a combination.

        Raises:
            NoTerms: the file says that it has none.
            PolicyError: a value is wrong.
        """
        given = self._given
        if given.method == "none":
            return DeductibleTerms((0,))
        maximum = given.yearly_maximum
        share = None
        if given.share is not None:
            share = self._at("share", cell, lambda raw, at: read_rate(self._document, raw, at))
        return DeductibleTerms(
            amounts_fen=(0,) if given.amount is None else self._at("amount", cell, self._amounts),
            yearly_maximum_fen=None if maximum is None else self._fen("yearly_maximum", cell),
            share_ppm=share,
            share_of=given.of,
            ordinal=None if given.ordinal is None else self._at("ordinal", cell, self._counted),
            every_days=None
            if given.every_days is None
            else self._at("every_days", cell, self._days),
            waived=None
            if given.waived is None
            else Waiver(given.waived.within_days, given.waived.counter),
            transfer=self._transfer(),
        )

    @property
    def _document(self) -> Any:
        return self._reading.document

    def _at(self, name: str, cell: Cell, leaf: Any) -> Any:
        return self._reading.table((*self._path, name), getattr(self._given, name)).at(cell, leaf)

    def _fen(self, name: str, cell: Cell) -> int:
        return self._reading.fen((*self._path, name), getattr(self._given, name), cell)

    def _transfer(self) -> Transfer | None:
        given = self._given.transfer
        if given is None:
            return None
        return Transfer(given.upward, given.asked, given.taken, given.moves)

    def _check_form(self) -> None:
        given, path = self._given, self._path
        has = {name for name in type(given).model_fields if getattr(given, name) is not None}
        stay, other = has & STAY_KEYS, has - STAY_KEYS - {"method", "source"}
        forms = FORMS[given.method]
        if self._layer.mode == "incremental":
            forms = [form - {"counter"} for form in forms]
        if other not in forms or (stay and given.method != "per_stay"):
            raise self._reading.error(
                "deductible_shape",
                path,
                f"起付线 {given.method} 所写的键 {sorted(has - {'method'})} 不成立",
                f"a deductible {given.method} does not go with the keys {sorted(has - {'method'})}",
            )

    def _check_counters(self) -> None:
        given = self._given
        if given.counter is not None:
            self._reading.counter(given.counter, (*self._path, "counter"))
        if given.of is not None:
            self._reading.counter(given.of, (*self._path, "of"))
        if given.waived is not None:
            path = (*self._path, "waived", "counter")
            self._reading.counter(given.waived.counter, path, "day")
            self._check_scope(given.waived.counter, path, alone=False)
        if given.transfer is not None:
            self._check_transfer(given.transfer)

    def _check_transfer(self, given: schema.Transfer) -> None:
        path = (*self._path, "transfer")
        wants = {"taken": given.upward == "difference", "moves": given.upward == "first_free"}
        if any((getattr(given, name) is not None) != wanted for name, wanted in wants.items()):
            raise self._reading.error(
                "transfer_shape",
                path,
                "taken 只随 difference、moves 只随 first_free，且须写明",
                "`taken` goes with difference and `moves` with first_free, and must stand there",
            )
        for name, counts in (("asked", "money"), ("taken", "money"), ("moves", "stays")):
            counter = getattr(given, name)
            if counter is not None:
                self._reading.counter(counter, (*path, name), counts)
                self._check_scope(counter, (*path, name), alone=True)

    def _check_scope(self, counter: str, path: Path_, *, alone: bool) -> None:
        """Check that a counter that is set, not only raised, is one of the insurance year."""
        scope = self._reading.counters[counter].scope
        if "year" not in scope or (alone and len(scope) > 1) or "level" in scope:
            raise self._reading.error(
                "counter_scope",
                path,
                f"计数器 {counter} 在此须以年度（year）为范围",
                f"the counter {counter} must here be one of the year",
            )

    def _amounts(self, raw: Any, path: Path_) -> tuple[int, ...]:
        if not isinstance(raw, list):
            return (self._reading.amounts.fen(raw, path),)
        given = self._given
        tells_stays = given.every_days or given.waived or given.transfer
        numbered = given.ordinal or (self._reading.entry.ordinal and not tells_stays)
        if given.method != "per_stay" or not numbered or not raw:
            raise self._reading.error(
                "list_without_ordinal",
                path,
                "按次序的起付线列表须是 per_stay，且须有次序：待遇的 ordinal，"
                "或（写有 every_days、waived、transfer 时）起付线自己的 ordinal",
                "a list by ordinal needs method per_stay and `ordinal`: the benefit's or, with "
                "every_days, waived or transfer, the deductible's own",
            )
        return tuple(self._reading.amounts.fen(item, (*path, k)) for k, item in enumerate(raw))

    def _counted(self, raw: Any, path: Path_) -> str:
        self._reading.counter(str(raw), path, "stays")
        if raw == self._reading.entry.ordinal:
            raise self._reading.error(
                "ordinal_twice",
                path,
                f"{raw} 已是本待遇的 ordinal，会计两次；起付线自己的 ordinal 须另用一个计数器",
                f"{raw} is the benefit's ordinal and would count twice; the deductible's own "
                "needs another counter",
            )
        return str(raw)

    def _days(self, raw: Any, path: Path_) -> int:
        if not isinstance(raw, int) or raw < 1:
            raise self._reading.error(
                "not_days",
                path,
                f"{raw!r} 不是天数；请写不带引号的正整数",
                f"{raw!r} is no number of days; write a plain positive integer",
            )
        return raw
