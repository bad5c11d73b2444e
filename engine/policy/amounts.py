"""Amounts of a policy file: quoted yuan, or a share of a declared base as of a day."""

import datetime
from typing import Any

from engine.money import PPM, mul_div
from engine.periods import day_number
from engine.policy import schema
from engine.policy.literals import read_factor, read_fen
from engine.policy.reader import Document, Path_
from engine.policy.values import NoTerms

SHARE_KEYS = {"share", "of"}


def is_share(raw: Any) -> bool:
    """Return whether what stands for an amount is a share of a base."""
    return isinstance(raw, dict) and raw.keys() - {"source"} == SHARE_KEYS


class Amounts:
    """Reads the amounts of an entry's terms as they are on one day.

    Args:
        document: the file, for lines and sources.
        bases: the bases that the file declares.
        day: the day on which the bases have the value that holds.
    """

    def __init__(
        self, document: Document, bases: dict[str, list[schema.BaseValue]], day: datetime.date
    ) -> None:
        self._document = document
        self._bases = bases
        self._day = day

    def fen(self, raw: Any, path: Path_) -> int:
        """Return an amount in fen.

        Raises:
            NoTerms: the base has no value yet.
            PolicyError: as `read_fen`, or `unknown_base`.
        """
        if not is_share(raw):
            return read_fen(self._document, raw, path)
        if raw["of"] not in self._bases:
            raise self._document.error(
                "unknown_base",
                path,
                f"bases 中没有声明 {raw['of']}",
                f"bases does not declare {raw['of']}",
            )
        share = read_factor(self._document, raw["share"], (*path, "share"))
        reached = [base for base in self._bases[raw["of"]] if base.begins <= self._day]
        if not reached:
            raise NoTerms
        place = ("bases", raw["of"], len(reached) - 1, "amount")
        self._document.source(place)
        base_fen = read_fen(self._document, reached[-1].amount, place)
        return mul_div(base_fen, share, PPM)


def check_bases(document: Document, bases: dict[str, list[schema.BaseValue]]) -> None:
    """Check that the values of every base follow each other in time and are amounts.

    Raises:
        PolicyError: `dates`, or as `read_fen`.
    """
    for name, values in bases.items():
        for k, value in enumerate(values):
            read_fen(document, value.amount, ("bases", name, k, "amount"))
        begins = [value.begins for value in values]
        if not begins or sorted(set(begins)) != begins:
            raise document.error(
                "dates",
                ("bases", name),
                f"基数 {name} 须至少有一个值，日期须递增",
                f"the base {name} needs a value, and its dates must rise",
            )


def days_of_change(
    bases: dict[str, list[schema.BaseValue]], said: Any, begins: int, ends: int
) -> list[int]:
    """Return the days inside `(begins, ends)` on which a base that an entry names changes."""
    named = _bases_named(said)
    days = {day_number(value.begins) for name in named for value in bases.get(name, [])}
    return sorted(day for day in days if begins < day < ends)


def _bases_named(said: Any) -> set[str]:
    if isinstance(said, list):
        return set().union(*map(_bases_named, said))
    if not isinstance(said, dict):
        return set()
    if is_share(said):
        return {str(said["of"])}
    return set().union(*map(_bases_named, said.values()))
