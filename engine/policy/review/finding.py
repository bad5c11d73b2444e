"""A finding of the review of policy files, and how to find the dated entries it speaks of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from engine.errors import PolicyError
from engine.policy.book import Row
from engine.policy.reader import Document, Path_
from engine.policy.terms import LayerTerms


@dataclass(frozen=True)
class Finding:
    """What is wrong or odd in a file, where, and why, in both languages."""

    level: Literal["error", "warning"]
    code: str
    file: str
    line: int
    zh: str
    en: str


def warning(document: Document, code: str, path: Path_, zh: str, en: str) -> Finding:
    """Return a warning about the value at a path."""
    return Finding("warning", code, document.file, document.line(path), zh, en)


def refusal(error: PolicyError, file: str) -> Finding:
    """Return the error for which a file is refused; `file` where the error names none."""
    zh, _, en = error.reason.partition(" | ")
    return Finding("error", error.code, error.file or file, error.line, zh, en)


def walk(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Return every value of a document with its path, the enclosing ones first."""
    yield path, value
    items: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list):
        items = iter(enumerate(value))
    for key, child in items:
        yield from walk(child, (*path, key))


def layer_name(benefit: str, row: Row, layer: LayerTerms) -> str:
    """Return which layer of which row: `inpatient.basic (L1, retired)`."""
    cell = ", ".join(row.cell.values())
    return f"{benefit}.{layer.name}" + (f" ({cell})" if cell else "")
