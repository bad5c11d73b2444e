"""A table's rows found by person, without a look at those of others."""

from bisect import bisect_left, bisect_right
from typing import Any

import polars as pl


class ByPerson:
    """The rows of a table in order of their persons; those of one person keep theirs.

    A filter of a frame reads every row and starts the query engine, which a request cannot wait
    for; a dictionary of millions of persons would need more memory than the table.

    Args:
        table: with the column `person_id`.
    """

    def __init__(self, table: pl.DataFrame) -> None:
        self._rows = table.sort("person_id", maintain_order=True)
        self._ids: pl.Series = self._rows["person_id"]

    def rows(self, person_id: str) -> list[dict[str, Any]]:
        """Return a person's rows, each by the names of the table."""
        return [self._rows.row(at, named=True) for at in range(*self._span(person_id))]

    def frame(self, person_id: str) -> pl.DataFrame:
        """Return a person's rows as a frame."""
        first, end = self._span(person_id)
        return self._rows.slice(first, end - first)

    def _span(self, person_id: str) -> tuple[int, int]:
        first = bisect_left(self._ids, person_id)
        return first, bisect_right(self._ids, person_id, lo=first)
