"""A book in which every tested policy row also stands with one figure changed at a time."""

import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from engine.money import PPM
from engine.periods import date_of_day
from engine.policy.book import Entry, PolicyBook, Row, Scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.policy.figures import Figure, Unit, figures, with_figure
from engine.policy.terms import Terms

STEPS = {Unit.FEN: 100_00, Unit.PPM: PPM // 100}
"""A hundred yuan, or a percentage point: what no rounding hides."""

Cell: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PolicyRow:
    """Which row of a book: the entry by the date it begins on, the cell by dimension."""

    region: str
    scheme: str
    benefit: str
    begins: str
    cell: Cell


@dataclass(frozen=True)
class Alteration:
    """Another value of one figure, and the row of the book that has it."""

    figure: Figure
    row: int


@dataclass(frozen=True)
class AlteredBook:
    """The book with its altered rows, and for each row what has been altered, by direction."""

    book: CompiledBook
    of: dict[PolicyRow, dict[int, list[Alteration]]]


@dataclass(frozen=True)
class _AlteredRow(Row):
    original: Row
    figure: Figure
    direction: int


def policy_row(scheme: Scheme, entry: Entry, row: Row) -> PolicyRow:
    """Return a row's name."""
    begins = date_of_day(entry.begins).isoformat()
    return PolicyRow(*scheme.key, entry.benefit, begins, tuple(row.cell.items()))


def row_named(book: CompiledBook, number: int) -> PolicyRow:
    """Return the name of a compiled row; an altered one has that of its original."""
    info = book.infos[number]
    row = info.row.original if isinstance(info.row, _AlteredRow) else info.row
    return policy_row(book.book.schemes[info.scheme], info.entry, row)


def telling_figures(terms: Terms) -> list[Figure]:
    """Return the figures of a row that can change what is paid.

    Where a band ends does not matter if the next one has the same rate, nor a yearly maximum of
    deductibles that are all 0; and of a layer that only pays burden off, but at 0 %, nothing
    matters but that.
    """
    return [figure for figure in figures(terms) if _tells(terms, figure)]


def altered_book(book: PolicyBook, rows: Collection[PolicyRow]) -> AlteredBook:
    """Return the book with each figure of these rows once a step higher and once lower."""
    altered = compile_book(PolicyBook(_with_altered_rows(scheme, rows) for scheme in book.schemes))
    of: dict[PolicyRow, dict[int, list[Alteration]]] = {}
    for number, info in enumerate(altered.infos):
        if isinstance(info.row, _AlteredRow):
            directions = of.setdefault(row_named(altered, number), {1: [], -1: []})
            directions[info.row.direction].append(Alteration(info.row.figure, number))
    return AlteredBook(altered, of)


def _with_altered_rows(scheme: Scheme, rows: Collection[PolicyRow]) -> Scheme:
    wider = copy.copy(scheme)
    wider.entries = {
        benefit: tuple(_wider(scheme, entry, rows) for entry in entries)
        for benefit, entries in scheme.entries.items()
    }
    return wider


def _wider(scheme: Scheme, entry: Entry, rows: Collection[PolicyRow]) -> Entry:
    """Return an entry with altered rows behind its own, where no claim finds them by itself."""
    wanted = [row for row in entry.rows if policy_row(scheme, entry, row) in rows]
    return replace(entry, rows=(*entry.rows, *(one for row in wanted for one in _altered(row))))


def _altered(row: Row) -> Iterator[Row]:
    if row.terms is None:
        return
    for figure in telling_figures(row.terms):
        for direction in (1, -1):
            value = figure.value + direction * STEPS[figure.unit]
            if value >= 0 and not (figure.unit is Unit.PPM and value > PPM):
                terms = with_figure(row.terms, figure.path, value)
                yield _AlteredRow(row.cell, terms, row, figure, direction)


def _tells(terms: Terms, figure: Figure) -> bool:
    match figure.path:
        case ("layers", int(at), *place):
            layer = terms.layers[at]
        case _:
            return True
    if layer.burden and not any(band.rate_ppm for band in layer.bands):
        return figure.unit is Unit.PPM
    match place:
        case ["deductibles_fen" | "yearly_maximum_fen", *_] if layer.extras.price_fen is not None:
            return False
        case ["bands", int(band), "to_fen"]:
            rates = [one.rate_ppm for one in layer.bands[band : band + 2]]
            return rates.count(rates[0]) == 1
        case ["yearly_maximum_fen"]:
            return any(layer.deductibles_fen)
    return True
