"""Values by dimension: walks a table of nested mappings down to the value of one combination."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.errors import PolicyError
from engine.policy.reader import Document, Path_

T = TypeVar("T")
UNAVAILABLE = "unavailable"


class NoTerms(Exception):  # noqa: N818 - an answer, not a fault: the file says so itself
    """The file says that this combination has no terms."""


@dataclass(frozen=True)
class Dimensions:
    """The dimensions of one file: their members in order, and which of them a member belongs to."""

    members: Mapping[str, tuple[str, ...]]

    def of(self, keys: Sequence[str]) -> str | None:
        """Return the dimension whose members these keys are, or None if they are no members."""
        for dimension, members in self.members.items():
            if any(key in members for key in keys):
                return dimension
        return None


Cell = Mapping[str, str]
"""One combination: dimension -> member. A dimension that is not given has not been decided."""


class Table:
    """A value of a policy file that may depend on dimensions."""

    def __init__(self, document: Document, path: Path_, raw: Any, dimensions: Dimensions) -> None:
        self._document = document
        self._path = path
        self._raw = raw
        self._dimensions = dimensions
        self._check(raw, path)

    def used(self) -> set[str]:
        """Return the dimensions that this value depends on."""
        return {dimension for dimension, _ in self._branches(self._raw, self._path)}

    def at(self, cell: Cell, leaf: Callable[[Any, Path_], T]) -> T:
        """Return the value for a combination, read by `leaf`.

        Raises:
            NoTerms: the file says `unavailable` for it.
            PolicyError: `leaf` refuses what stands there.
        """
        raw, path = self._raw, self._path
        while isinstance(raw, dict) and (dimension := self._dimension(raw)):
            raw, path = raw[cell[dimension]], (*path, cell[dimension])
        if raw == UNAVAILABLE:
            raise NoTerms
        try:
            return leaf(raw, path)
        except PolicyError as error:
            if error.line:
                raise
            raise self._document.error(
                error.code, path, error.message_zh, error.message_en
            ) from error

    def _dimension(self, raw: Mapping[str, Any]) -> str | None:
        return self._dimensions.of([key for key in raw if key != "source"])

    def _branches(self, raw: Any, path: Path_) -> Iterator[tuple[str, Path_]]:
        if isinstance(raw, dict) and (dimension := self._dimension(raw)):
            yield dimension, path
            for key, child in raw.items():
                yield from self._branches(child, (*path, key))

    def _check(self, raw: Any, path: Path_, above: tuple[str, ...] = ()) -> None:
        if not isinstance(raw, dict) or not (dimension := self._dimension(raw)):
            return
        if dimension in above:
            raise self._document.error(
                "dimension_twice",
                path,
                f"维度 {dimension} 在同一分支中出现两次",
                f"the dimension {dimension} stands twice in one branch",
            )
        keys = {key for key in raw if key != "source"}
        members = set(self._dimensions.members[dimension])
        if keys != members:
            missing, unknown = sorted(members - keys), sorted(keys - members)
            raise self._document.error(
                "members_do_not_match",
                path,
                f"维度 {dimension} 缺少 {missing}，多出 {unknown}；"
                "每个成员都须写明，没有待遇的写 unavailable",
                f"the members of {dimension} do not match: missing {missing}, unknown {unknown}; "
                "name every one, and write unavailable where there are no terms",
            )
        for key in sorted(keys):
            self._check(raw[key], (*path, key), (*above, dimension))
