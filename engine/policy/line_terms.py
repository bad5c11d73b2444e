"""Terms for pricing bill lines: what an item costs its patient before any fund is asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.codes.enums import ItemCategory
from engine.errors import EngineError, PolicyError
from engine.money import PPM, parse_rate_ppm, parse_scaled
from engine.periods import day_number
from engine.policy import schema
from engine.policy.reader import Document, Path_
from engine.policy.values import Dimensions, NoTerms, Table

PRICE_PLACES = 6


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
        begins, reviewed = day_number(entry.begins), day_number(entry.reviewed_until) + 1
        ends = reviewed if following is None else min(reviewed, day_number(following))
        if ends <= begins:
            raise document.error(
                "dates",
                path,
                "日期须递增且不晚于 reviewed_until",
                "dates must rise and not pass reviewed_until",
            )
        ceilings = dict(_ceilings(document, path, entry, dimensions))
        share = 0 if entry.class_b_first_share is None else _rate(document, path, entry)
        rejects = entry.unknown_item == "reject"
        source = document.source((*path, "unknown_item"))
        entries.append(LineEntry(begins, ends, rejects, share, ceilings, source))
    return tuple(entries)


def _rate(document: Document, path: Path_, entry: schema.LineTerms) -> int:
    place = (*path, "class_b_first_share")
    try:
        rate = parse_rate_ppm(str(entry.class_b_first_share))
    except PolicyError as error:
        raise document.error(error.code, place, error.message_zh, error.message_en) from error
    if rate > PPM:
        raise document.error("rate_above_one", place, "比例超过 100%", "the rate passes 100%")
    return rate


def _ceilings(
    document: Document, path: Path_, entry: schema.LineTerms, dimensions: Dimensions
) -> Iterable[tuple[tuple[str, ItemCategory], int]]:
    def price(raw: Any, at: Path_) -> int:
        if not isinstance(raw, str):
            raise document.error("not_an_amount", at, f"{raw!r} 不是价格", f"{raw!r} is no price")
        try:
            return parse_scaled(raw, PRICE_PLACES)
        except EngineError as error:
            raise document.error(error.code, at, error.message_zh, error.message_en) from error

    for name, raw in entry.ceilings.items():
        place = (*path, "ceilings", name)
        if name.upper() not in ItemCategory.__members__:
            raise document.error(
                "unknown_category", place, f"没有项目类别 {name}", f"no category {name}"
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
                yield (level, ItemCategory[name.upper()]), table.at({"level": level}, price)
            except NoTerms:
                continue
