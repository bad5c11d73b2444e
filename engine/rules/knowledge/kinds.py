"""The kinds of knowledge points as data, and how a sheet tells which kind it holds."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.policy.reader import read_document
from engine.rules.knowledge.readers import READERS

SHIPPED = Path(__file__).with_name("kinds.yaml")


class Kind(BaseModel):
    """A kind of knowledge point; kinds.yaml says what its keys mean."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: str = Field(pattern=r"^[a-z][a-z_]*$")
    label_zh: str = Field(min_length=1)
    titles: list[list[str]] = Field(min_length=1)
    columns: list[str] = []
    reads: str


class KindsFile(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kinds: list[Kind] = Field(min_length=1)


@cache
def load_kinds(path: Path = SHIPPED) -> tuple[Kind, ...]:
    """Return the kinds in the order in which they are tried.

    Raises:
        PolicyError: the file is refused, or names a reader that there is not.
    """
    document = read_document(path, path.name)
    try:
        kinds = KindsFile.model_validate(document.value).kinds
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise document.error(
            "shape", first["loc"], f"{place}：{first['msg']}", f"{place}: {first['msg']}"
        ) from error
    for at, kind in enumerate(kinds):
        if kind.reads not in READERS:
            raise document.error(
                "unknown_reader",
                ("kinds", at, "reads"),
                f"没有读法 {kind.reads}；已有 {'、'.join(READERS)}",
                f"there is no reader {kind.reads}; there are {', '.join(READERS)}",
            )
    return tuple(kinds)


def kind_of(texts: Iterable[str], heads: Iterable[str]) -> Kind | None:
    """Return the kind that the first telling text names, else the one that the columns tell of."""
    for text in texts:
        for kind in load_kinds():
            if any(all(word in text for word in title) for title in kind.titles):
                return kind
    columns = set(heads)
    for kind in load_kinds():
        if kind.columns and columns.issuperset(kind.columns):
            return kind
    return None
