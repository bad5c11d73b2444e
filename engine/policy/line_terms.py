"""Terms for pricing bill lines: what an item costs its patient before any fund is asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.codes.enums import ItemCategory
from engine.policy import schema
from engine.policy.dates import entry_days
from engine.policy.literals import read_price_e6, read_rate
from engine.policy.reader import Document, Path_
from engine.policy.values import Dimensions, NoTerms, Table

CATEGORIES = {category.name.lower(): category for category in ItemCategory}


@dataclass(frozen=True)
class LineEntry:
    """Dated line terms, `[begins, ends)` in days.

    Attributes:
        rejects_unknown: an item that the catalogue does not hold is rejected, not self-paid.
        class_b_ppm: first share of class B items whose catalogue row states none.
        ceilings_e6: (level, category) -> ceiling price in 1e-6 yuan.
        source: where the terms stand.
    """

    begins: int
    ends: int
    rejects_unknown: bool
    class_b_ppm: int
    ceilings_e6: dict[tuple[str, ItemCategory], int]
    source: str


def read_line_terms(
    document: Document, file: schema.SchemeFile, dimensions: Dimensions
) -> tuple[LineEntry, ...]:
    """Return the file's line terms.

    Raises:
        PolicyError: an amount, a rate, a category or a date is wrong.
    """
    entries = []
    for k, entry in enumerate(file.lines):
        path: Path_ = ("lines", k)
        following = file.lines[k + 1].begins if k + 1 < len(file.lines) else None
        begins, ends = entry_days(document, path, entry, following)
        ceilings = dict(_ceilings(document, path, entry, dimensions))
        share = 0
        if entry.class_b_first_share is not None:
            place = (*path, "class_b_first_share")
            share = read_rate(document, entry.class_b_first_share, place)
        rejects = entry.unknown_item == "reject"
        source = document.source((*path, "unknown_item"))
        entries.append(LineEntry(begins, ends, rejects, share, ceilings, source))
    return tuple(entries)


def _ceilings(
    document: Document, path: Path_, entry: schema.LineTerms, dimensions: Dimensions
) -> Iterable[tuple[tuple[str, ItemCategory], int]]:
    def price(raw: Any, at: Path_) -> int:
        return read_price_e6(document, raw, at)

    for name, raw in entry.ceilings.items():
        place = (*path, "ceilings", name)
        if name not in CATEGORIES:
            raise document.error(
                "unknown_category", place, f"没有项目类别 {name}", f"there is no category {name}"
            )
        table = Table(document, place, raw, dimensions)
        if not table.used() <= {"level"}:
            raise document.error(
                "ceiling_dimension",
                place,
                "限价只可随 level 变化",
                "a ceiling may depend on level only",
            )
        for level in dimensions.members["level"]:
            try:
                yield (level, CATEGORIES[name]), table.at({"level": level}, price)
            except NoTerms as error:
                raise document.error(
                    "ceiling_unavailable",
                    place,
                    f"{level} 的限价不能写 unavailable：没有限价就会按无限价计，请写明价格",
                    f"the ceiling of {level} cannot be unavailable: it would count as no ceiling "
                    "at all; write the price",
                ) from error
