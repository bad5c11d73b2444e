"""Compares two policies: the values that changed, and whose amounts change with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import PolicyError
from engine.policy.book import Scheme, load_book
from engine.policy.reader import Document, Path_
from pipelines.policy.model_claims import Change, amount_changes
from pipelines.policy.model_events import EventChange, event_changes

Key = tuple[str, str]
LABELS = ("from", "name")
"""Keys that tell the items of a list apart, so that one inserted does not shift the others."""


@dataclass(frozen=True)
class ValueChange:
    """A value that is another; None where the file has none. The source is the new value's."""

    path: str
    old: str | None
    new: str | None
    source: str


@dataclass(frozen=True)
class SchemeDifference:
    """What changed in one scheme; `only` names the side that has it if the other has not."""

    region: str
    name: str
    scheme: str
    only: str | None
    values: tuple[ValueChange, ...]
    amounts: tuple[Change, ...]
    events: tuple[EventChange, ...] = ()


def compare(old: Path, new: Path) -> list[SchemeDifference]:
    """Return the schemes that differ between two policy files or folders, with their differences.

    Raises:
        PolicyError: a file is refused.
    """
    one, other = _schemes(old), _schemes(new)
    if old.is_file() and new.is_file():
        # Two files are compared whatever places they say they are of.
        (before,), (after,) = one.values(), other.values()
        return list(_compared((old, before), (new, after)))
    found: list[SchemeDifference] = []
    for key in sorted({*one, *other}):
        if key not in one:
            found.append(_alone(other[key], "new"))
        elif key not in other:
            found.append(_alone(one[key], "old"))
        else:
            found += _compared((old, one[key]), (new, other[key]))
    return found


def _schemes(path: Path) -> dict[Key, Scheme]:
    return {scheme.key: scheme for scheme in load_book(path).schemes}


def _alone(scheme: Scheme, side: str) -> SchemeDifference:
    file = scheme.file
    return SchemeDifference(file.region, file.name, file.scheme, side, (), ())


def _compared(old: tuple[Path, Scheme], new: tuple[Path, Scheme]) -> Iterator[SchemeDifference]:
    values = tuple(value_changes(old[1].document, new[1].document))
    if values:
        file = new[1].file
        amounts = tuple(amount_changes(old, new))
        events = tuple(event_changes(old, new))
        yield SchemeDifference(file.region, file.name, file.scheme, None, values, amounts, events)


def value_changes(old: Document, new: Document) -> Iterator[ValueChange]:
    """Return the values that differ between two policy files, by path, in the new file's order."""
    one, other = _values(old), _values(new)
    for path in dict.fromkeys((*other, *one)):
        before, after = one.get(path), other.get(path)
        if before is None or after is None or before[0] != after[0]:
            source = (after or before or ("", ""))[1]
            yield ValueChange(path, before and before[0], after and after[0], source)


def _values(document: Document) -> dict[str, tuple[str, str]]:
    """Return every single value of a file with its source, by a path that labels list items."""
    return {
        path: (value, _source(document, place))
        for path, place, value in _leaves(document.value, "", ())
    }


def _leaves(value: Any, path: str, place: Path_) -> Iterator[tuple[str, Path_, str]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, f"{path}.{key}" if path else key, (*place, key))
    elif isinstance(value, list):
        labels = [_label(item) for item in value]
        for at, child in enumerate(value):
            label = labels[at] if labels.count(labels[at]) == 1 and labels[at] else str(at + 1)
            yield from _leaves(child, f"{path}[{label}]", (*place, at))
    else:
        yield path, place, "null" if value is None else str(value)


def _label(item: object) -> str:
    found = [item[key] for key in LABELS if key in item] if isinstance(item, dict) else []
    return str(found[0]) if found else ""


def _source(document: Document, place: Path_) -> str:
    try:
        return document.source(place)
    except PolicyError:
        return ""  # What the file says of itself needs no source.
