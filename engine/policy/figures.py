"""The figures of a policy row: every amount and rate of its terms, found by the units in its names.

New terms need nothing here as long as an amount's name ends in `_fen` and a rate's in `_ppm`.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from engine.money import PPM, format_yuan
from engine.policy.reader import Path_
from engine.policy.terms import Terms


class Unit(Enum):
    """What a figure is measured in; the value is how names end."""

    FEN = "_fen"
    PPM = "_ppm"


@dataclass(frozen=True)
class Figure:
    """One amount or rate of a row, and where in its terms it stands."""

    path: Path_
    unit: Unit
    value: int


def figures(terms: Terms) -> Iterator[Figure]:
    """Return the amounts and rates of a row's terms in their order; a None is no figure."""
    for path, value in _leaves(terms, ()):
        name = next(str(part) for part in reversed(path) if isinstance(part, str))
        for unit in Unit:
            if name.endswith(unit.value):
                yield Figure(path, unit, value)


def with_figure(terms: Terms, path: Path_, value: int) -> Terms:
    """Return the terms with another value of the figure at a path."""
    changed: Terms = _replaced(terms, path, value)
    return changed


def figure_name(terms: Terms, path: Path_) -> str:
    """Return a figure's name: layers by theirs, places in lists from 1, no unit.

    Example: `basic.bands.2.rate`.
    """
    words: list[str] = []
    for at, part in enumerate(path):
        if part == "extras":
            continue
        if path[at - 1 : at] == ("layers",):
            words[-1] = terms.layers[int(part)].name
        elif isinstance(part, int):
            words.append(str(part + 1))
        else:
            words.append(part.removesuffix(Unit.FEN.value).removesuffix(Unit.PPM.value))
    return ".".join(words)


def say_figure(unit: Unit, value: int) -> str:
    """Return a figure as policy files write it: 800.00 or 89.5%."""
    if unit is Unit.FEN:
        return format_yuan(value)
    whole, rest = divmod(value * 100, PPM)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".") + "%"


def _leaves(value: object, path: Path_) -> Iterator[tuple[Path_, int]]:
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _leaves(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, tuple):
        for at, item in enumerate(value):
            yield from _leaves(item, (*path, at))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield path, value


def _replaced(whole: Any, path: Path_, value: int) -> Any:
    if not path:
        return value
    part, rest = path[0], path[1:]
    if isinstance(part, int):
        return (*whole[:part], _replaced(whole[part], rest, value), *whole[part + 1 :])
    return dataclasses.replace(whole, **{part: _replaced(getattr(whole, part), rest, value)})
