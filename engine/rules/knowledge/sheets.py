"""A sheet of a national workbook: banner rows, then a header, then one record a row."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.rules.knowledge.readers import Cells

POINT_NUMBER, CODE_OWNER = "序号", "对应知识点序号"
HEADER_ROWS = 30
"""How many rows may stand above the records; the published batches have two to four."""

Grid = Sequence[Sequence[str]]
"""Cells as text, row by row from the first row of the sheet; empty text for an empty cell."""


@dataclass(frozen=True)
class Sheet:
    """A sheet whose header was found.

    Attributes:
        name: its name.
        banner: the texts above the header.
        heads: the header's texts less spaces and what stands in brackets, by column.
        records: the rows under the header, each with its number in the sheet, from 1.
        holds_codes: whether its records are codes of points instead of points.
    """

    name: str
    banner: tuple[str, ...]
    heads: tuple[str, ...]
    records: tuple[tuple[int, Cells], ...]
    holds_codes: bool


def head_of(text: str) -> str:
    """Return a header's text less spaces, what stands in brackets and what follows a comma."""
    return re.split("[，,（(]", re.sub(r"\s", "", text))[0]


def read_sheet(name: str, grid: Grid) -> Sheet | None:
    """Return a sheet, or None where no row of its top is a header with a number column."""
    for at, row in enumerate(grid[:HEADER_ROWS]):
        heads = tuple(head_of(text) for text in row)
        if POINT_NUMBER in heads and sum(bool(head) for head in heads) > 1:
            banner = tuple(text for above in grid[:at] for text in above if text)
            records = tuple(_records(heads, grid, at + 1))
            return Sheet(name, banner, heads, records, CODE_OWNER in heads)
    return None


def _records(
    heads: Sequence[str], grid: Grid, start: int
) -> Iterator[tuple[int, Mapping[str, str]]]:
    for at in range(start, len(grid)):
        cells = [text.strip() for text in grid[at]]
        if any(cells):
            named = {head: text for head, text in zip(heads, cells, strict=False) if head}
            yield at + 1, named
