"""What reading any of an entry's terms takes: the file, its names, and its amounts on a day."""

from dataclasses import dataclass
from typing import Any

from engine.errors import PolicyError
from engine.policy import schema
from engine.policy.amounts import Amounts
from engine.policy.reader import Document, Path_
from engine.policy.values import Cell, Dimensions, Table


@dataclass(frozen=True)
class Reading:
    """One dated entry of a benefit, and what its terms may name.

    Attributes:
        document: the file, for lines and sources.
        path: where the entry stands in it.
        entry: the entry.
        counters: the counters that the file declares.
        dimensions: the dimensions of the file.
        amounts: reads amounts as of the day on which the terms hold.
    """

    document: Document
    path: Path_
    entry: schema.BenefitTerms
    counters: dict[str, schema.Counter]
    dimensions: Dimensions
    amounts: Amounts

    def layer_path(self, k: int) -> Path_:
        """Return where a layer stands."""
        return (*self.path, "layers", k)

    def table(self, path: Path_, raw: Any) -> Table:
        """Return a value that may depend on dimensions."""
        return Table(self.document, path, raw, self.dimensions)

    def fen(self, path: Path_, raw: Any, cell: Cell) -> int:
        """Return an amount for a combination, in fen."""
        return self.table(path, raw).at(cell, self.amounts.fen)

    def counter(self, name: str, path: Path_, counts: str = "money") -> None:
        """Check that the file declares a counter, and that it counts this."""
        counter = self.counters.get(name)
        if counter is None or counter.counts != counts:
            raise self.error(
                "unknown_counter",
                path,
                f"counters 中没有声明 {name}，或其 counts 不是 {counts}",
                f"counters does not declare {name}, or it does not count {counts}",
            )

    def error(self, code: str, path: Path_, zh: str, en: str) -> PolicyError:
        """Return an error that names this file and the line of the path."""
        return self.document.error(code, path, zh, en)
