"""The dictionary of the national interface: each field's English name, code, type and unit."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.errors import ensure

_FILE = Path(__file__).with_name("fields.csv")

DECIMALS = {"fen": 2, "yuan_e6": 6, "e4": 4, "e2": 2, "e1": 1, "ppm": 4}
"""How many decimals the interface writes for a unit. Of a fen it is told in yuan, of a ppm in ones.

`yuan_e6` counts millionths of a yuan; `e4`, `e2` and `e1` count 1e-4, 1e-2 and 1e-1.
"""

OURS = "ours"
"""The section of the fields that the interface lacks and that intake accepts beside its own."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one table.

    Attributes:
        english: its name here; unique within the table.
        code: its name in the interface; unique within the table.
        label_zh: its Chinese label.
        type: C<length> text, N<digits>[,<decimals>] number, D date, T time.
        unit: a key of DECIMALS, `count` for whole numbers, empty for the rest.
        included_in: the English name of the amount in the same table that holds this one.
        transaction: the transactions that carry it.
        spec_section: the block of the message, or OURS.
        table: what the field is of: a claim, a line, a settlement, the envelope, a person …
    """

    english: str
    code: str
    label_zh: str
    type: str
    unit: str
    included_in: str
    transaction: str
    spec_section: str
    table: str


@cache
def dictionary() -> tuple[Field, ...]:
    """Return every field, in the order of the file."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple(Field(**row) for row in csv.DictReader(file))


@cache
def by_code(*tables: str) -> dict[str, Field]:
    """Return the fields of some tables by code; the table named first wins a code.

    Raises:
        InvariantError: there is no such table.
    """
    return {field.code: field for field in _fields(tables)}


@cache
def by_english(*tables: str) -> dict[str, Field]:
    """Return the fields of some tables by English name; the table named first wins a name.

    Raises:
        InvariantError: there is no such table.
    """
    return {field.english: field for field in _fields(tables)}


def _fields(tables: tuple[str, ...]) -> list[Field]:
    known = {field.table for field in dictionary()}
    ensure(bool(tables) and known.issuperset(tables), "no such table", tables=tables)
    # Later entries of a dictionary replace earlier ones, so the first table comes last.
    return [field for table in reversed(tables) for field in dictionary() if field.table == table]
