"""Reads the allowances of a policy file: what each item is reckoned from, case by case."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.codes.enums import Fund
from engine.errors import PolicyError
from engine.money import PPM, parse_scaled
from engine.policy import schema
from engine.policy.dates import entry_days
from engine.policy.literals import read_factor, read_fen, read_rate
from engine.policy.reader import Document, Path_
from engine.policy.values import Dimensions, NoTerms, Table

EMPLOYER = "employer"
WAGES_STATED = ("own", EMPLOYER)
STATED = "stated"
MONTH_PLACES = 4
MONTH_UNIT = 10**MONTH_PLACES
DAYS_MAX = 10_000
MANDATORY = {
    "fixed": {"amount"},
    "per_day": {"amount", "days"},
    "wage_by_days": {"wage", "days", "divisor", "rounding"},
    "wage_by_months": {"wage", "months", "rounding"},
}
OPTIONAL = {
    "fixed": set[str](),
    "per_day": {"per_extra_child"},
    "wage_by_days": {"bounds", "per_extra_child", "share", "near_retirement"},
    "wage_by_months": {"bounds", "share", "near_retirement"},
}
BY_METHOD = (
    *("amount", "wage", "bounds", "days", "per_extra_child", "divisor", "months", "share"),
    *("near_retirement", "rounding"),
)
T = TypeVar("T")


@dataclass(frozen=True)
class Bounds:
    """The shares of a base that a wage is raised to and held at."""

    floor_ppm: int
    ceiling_ppm: int
    of: str


@dataclass(frozen=True)
class Reduction:
    """`per_year_ppm` is taken off for each year missing to `within_years`, to `at_most_ppm`."""

    within_years: int
    per_year_ppm: int
    at_most_ppm: int


@dataclass(frozen=True)
class ItemTerms:
    """One sum for one case.

    Attributes:
        payer: a fund; None is the employer.
        wage: `own`, `employer` or the name of a base.
        days, months_e4: None where the event states them, or the method asks for none.
        less: the earlier items that are taken off.
    """

    name: str
    payer: Fund | None
    method: str
    amount_fen: int
    wage: str | None
    bounds: Bounds | None
    days: int | None
    per_extra_child: int
    divisor: int
    months_e4: int | None
    share_ppm: int
    near_retirement: Reduction | None
    round_down: bool
    less: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class AllowanceEntry:
    """Dated terms, `[begins, ends)` in days.

    Attributes:
        requires: the registration that a person must have; None: none.
        items: by case (None: the file tells no cases apart); None for a case without terms.
    """

    begins: int
    ends: int
    requires: str | None
    items: dict[str | None, tuple[ItemTerms, ...] | None]


def read_allowances(
    document: Document, file: schema.SchemeFile
) -> dict[str, tuple[AllowanceEntry, ...]]:
    """Return the file's allowances by name, their entries in order of date.

    Raises:
        PolicyError: a figure, a name or a date is wrong.
    """
    return {
        name: tuple(_entries(document, file, ("allowances", name, "history"), allowance))
        for name, allowance in file.allowances.items()
    }


def _entries(
    document: Document, file: schema.SchemeFile, path: Path_, allowance: schema.Allowance
) -> Iterator[AllowanceEntry]:
    history = allowance.history
    for k, entry in enumerate(history):
        following = history[k + 1].begins if k + 1 < len(history) else None
        begins, ends = entry_days(document, (*path, k), entry, following)
        _check_registration(document, file, entry, (*path, k))
        reader = _ItemReader(document, file, (*path, k, "items"), entry)
        cases: list[str | None] = list(entry.cases) or [None]
        yield AllowanceEntry(begins, ends, entry.requires, {c: reader.items(c) for c in cases})


def _check_registration(
    document: Document, file: schema.SchemeFile, entry: schema.AllowanceTerms, path: Path_
) -> None:
    known = file.registrations.get(entry.requires or "")
    if entry.requires is not None and (known is None or known.per != "person"):
        raise document.error(
            "unknown_registration",
            (*path, "requires"),
            f"registrations 中没有声明 {entry.requires}，或它不是按人（per: person）登记",
            f"registrations does not declare {entry.requires}, or it is not kept per person",
        )


class _ItemReader:
    def __init__(
        self,
        document: Document,
        file: schema.SchemeFile,
        path: Path_,
        entry: schema.AllowanceTerms,
    ) -> None:
        self._document = document
        self._file = file
        self._path = path
        self._items = entry.items
        members = {"case": tuple(entry.cases)} if entry.cases else {}
        self._dimensions = Dimensions(members)
        for k in range(len(self._items)):
            self._check_keys(k)
            self._check_names(k)

    def items(self, case: str | None) -> tuple[ItemTerms, ...] | None:
        """Return the items for a case, None if the file says that it has no terms."""
        try:
            return tuple(self._item(k, case) for k in range(len(self._items)))
        except NoTerms:
            return None

    def _error(self, path: Path_, zh: str, en: str) -> PolicyError:
        return self._document.error("allowance_item", path, zh, en)

    def _check_keys(self, k: int) -> None:
        item = self._items[k]
        has = {name for name in BY_METHOD if getattr(item, name) is not None}
        must, may = MANDATORY[item.method], OPTIONAL[item.method]
        if not must <= has <= must | may:
            missing, surplus = sorted(must - has), sorted(has - must - may)
            raise self._error(
                (*self._path, k),
                f"{item.method} 缺少 {missing}，不用 {surplus}",
                f"{item.method} lacks {missing} and has no use for {surplus}",
            )

    def _check_names(self, k: int) -> None:
        item, path = self._items[k], (*self._path, k)
        earlier = [other.name for other in self._items[:k]]
        bases = self._file.bases
        rules = (
            (item.name in earlier, "name", "项目名重复", "the item's name stands twice"),
            (item.payer != EMPLOYER and item.payer.upper() not in Fund.__members__, "payer",
             "支付方须是某一基金或 employer", "the payer is a fund or employer"),
            (not set(item.less) <= set(earlier), "less",
             "只能减去前面的项目", "only earlier items can be taken off"),
            (item.wage is not None and item.wage not in (*WAGES_STATED, *bases), "wage",
             "工资须是 own、employer 或已声明的 bases",
             "the wage is own, employer or one of the declared bases"),
            (item.bounds is not None and item.bounds.of not in bases, "bounds",
             "of 须是已声明的 bases", "of is one of the declared bases"),
        )  # fmt: skip
        for broken, place, zh, en in rules:
            if broken:
                raise self._error((*path, place), zh, en)

    def _item(self, k: int, case: str | None) -> ItemTerms:
        item, path = self._items[k], (*self._path, k)
        return ItemTerms(
            name=item.name,
            payer=None if item.payer == EMPLOYER else Fund[item.payer.upper()],
            method=item.method,
            amount_fen=self._at(item.amount, (*path, "amount"), case, self._fen) or 0,
            wage=item.wage,
            bounds=self._bounds(item.bounds, (*path, "bounds")),
            days=self._at(item.days, (*path, "days"), case, self._days),
            per_extra_child=item.per_extra_child or 0,
            divisor=item.divisor or 1,
            months_e4=self._at(item.months, (*path, "months"), case, self._months),
            share_ppm=self._share(item.share, (*path, "share"), case),
            near_retirement=self._reduction(item.near_retirement, (*path, "near_retirement")),
            round_down=item.rounding == "down",
            less=tuple(item.less),
            source=self._document.source(path),
        )

    def _at(
        self, raw: Any, path: Path_, case: str | None, leaf: Callable[[Any, Path_], T]
    ) -> T | None:
        if raw is None:
            return None
        table = Table(self._document, path, raw, self._dimensions)
        return table.at({} if case is None else {"case": case}, leaf)

    def _fen(self, raw: Any, path: Path_) -> int:
        return read_fen(self._document, raw, path)

    def _share(self, raw: Any, path: Path_, case: str | None) -> int:
        found = self._at(raw, path, case, lambda given, at: read_rate(self._document, given, at))
        return PPM if found is None else found

    def _days(self, raw: Any, path: Path_) -> int | None:
        if raw == STATED:
            return None
        if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw < DAYS_MAX:
            raise self._error(
                path,
                f"{raw!r} 不是天数；写不带引号的整数，或 stated",
                f"{raw!r} is no number of days; write a plain integer, or stated",
            )
        return raw

    def _months(self, raw: Any, path: Path_) -> int | None:
        if raw == STATED:
            return None
        months = parse_scaled(raw, MONTH_PLACES) if isinstance(raw, str) else -1
        if not 0 <= months < DAYS_MAX * MONTH_UNIT:
            raise self._error(
                path,
                f'{raw!r} 不是月数；写带引号的文本，如 "4.5"，或 stated',
                f'{raw!r} is no number of months; write quoted text such as "4.5", or stated',
            )
        return months

    def _bounds(self, given: schema.WageBounds | None, path: Path_) -> Bounds | None:
        if given is None:
            return None
        floor = read_factor(self._document, given.floor, (*path, "floor"))
        ceiling = read_factor(self._document, given.ceiling, (*path, "ceiling"))
        if floor > ceiling:
            raise self._error(path, "下限高于上限", "the floor lies above the ceiling")
        return Bounds(floor, ceiling, given.of)

    def _reduction(self, given: schema.NearRetirement | None, path: Path_) -> Reduction | None:
        if given is None:
            return None
        return Reduction(
            given.within_years,
            read_rate(self._document, given.per_year, (*path, "per_year")),
            read_rate(self._document, given.at_most, (*path, "at_most")),
        )
