"""Reads what stands around the layers: the share before the local rules, and who else pays."""

from collections.abc import Callable
from typing import Any

from engine.claims.columns import Part
from engine.policy.literals import read_rate
from engine.policy.reader import Path_
from engine.policy.reading import Reading
from engine.policy.terms import Account, HomeShare, LayerTerms
from engine.policy.values import Cell

Parts = Callable[[list[str], int, Path_], list[int]]


class PayersReader:
    """Reads `home_first_share` and `account` of one dated entry.

    Args:
        reading: the entry and what it may name.
        parts: reads names of parts that are there after so many layers.

    Raises:
        PolicyError: the account stands before a layer that is not there.
    """

    def __init__(self, reading: Reading, parts: Parts) -> None:
        self._reading = reading
        self._parts = parts
        self._names = [layer.name for layer in reading.entry.layers]
        self._check_account()

    def used(self) -> set[str]:
        """Return the dimensions that the share before the local rules depends on."""
        home = self._reading.entry.home_first_share
        return set() if home is None else self._reading.table(self._home_path, home.share).used()

    @property
    def _home_path(self) -> Path_:
        return (*self._reading.path, "home_first_share", "share")

    def home(self, cell: Cell) -> HomeShare | None:
        """Return the share before the local rules for a combination.

        Raises:
            NoTerms: the file says that it has none.
            PolicyError: a rate or the counter is wrong.
        """
        home = self._reading.entry.home_first_share
        if home is None:
            return None

        def leaf(raw: Any, at: Path_) -> tuple[tuple[int, ...], bool]:
            listed = isinstance(raw, list) and len(raw) > 0
            rates = raw if listed else [raw]
            read = [read_rate(self._reading.document, rate, at) for rate in rates]
            return tuple(read), listed

        rates, listed = self._reading.table(self._home_path, home.share).at(cell, leaf)
        if home.counter is not None:
            self._reading.counter(home.counter, (*self._home_path[:-1], "counter"), counts="stays")
        elif listed:
            raise self._reading.error(
                "list_without_counter",
                self._home_path,
                "按次序的比例列表须写 counter",
                "a list by ordinal needs `counter`",
            )
        return HomeShare(rates, home.counter if listed else None)

    def account(self, layers: tuple[LayerTerms, ...]) -> Account | None:
        """Return what the accounts pay.

        Raises:
            PolicyError: a part is not there, or may not be paid there.
        """
        said = self._reading.entry.account
        if said is None:
            return None
        before = []
        for k, name in enumerate(self._names):
            parts = self._parts(said.before.get(name, []), k, ("account", "before", name))
            if parts and (Part.FINAL_SHARE in parts or layers[0].extras.price_fen is not None):
                raise self._reading.error(
                    "account_shape",
                    (*self._reading.path, "account", "before", name),
                    "account.before 不得写 final_share，也不与定额标准（price）并用",
                    "`before` may not name final_share, and does not go with a price",
                )
            before.append(tuple(parts))
        pays = self._parts(said.pays, len(layers), ("account", "pays"))
        if not any((pays, *before)):
            return None
        return Account(tuple(before), tuple(pays), said.family)

    def _check_account(self) -> None:
        said = self._reading.entry.account
        if said is None:
            return
        strangers = sorted(set(said.before) - set(self._names))
        if strangers:
            raise self._reading.error(
                "account_shape",
                (*self._reading.path, "account", "before"),
                f"account.before 中没有名为 {strangers} 的层",
                f"`account.before` names no layer {strangers}",
            )
