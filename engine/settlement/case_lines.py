"""Turns the bill lines of a case file into lines and catalogue rows for pricing."""

from dataclasses import dataclass, field

import numpy as np

from engine.claims.columns import NONE, Lines, Stream
from engine.codes.enums import ItemCategory, ItemClass
from engine.errors import ClaimError, PolicyError
from engine.money import MAX_FEN, PPM, mul_div, parse_fen, parse_rate_ppm, parse_scaled
from engine.periods import NO_END_DAY, day_number
from engine.settlement.billed_lines import BilledLine, lines_hash
from engine.settlement.case_form import CaseLine
from engine.settlement.line_book import NO_GROUPS, Groups
from engine.settlement.price_lines import ANYWHERE, PRICE_TIMES_QUANTITY_IN_FEN, Catalogue
from engine.settlement.settle import Bills

PRICE_PLACES, QUANTITY_PLACES = 6, 4
ONE = 10**QUANTITY_PLACES
CATEGORIES = [category.name.lower() for category in ItemCategory]
ROUNDED_FEN = 1
"""What a hospital's own rounding may leave between an amount and price times quantity."""


@dataclass
class CaseBill:
    """The lines of a case; each is its own catalogue row, as the case itself states its terms."""

    lines: list[dict[str, int]] = field(default_factory=list)
    rows: list[tuple[int, ...]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    group_sets: list[Groups] = field(default_factory=lambda: list(NO_GROUPS))
    events: int = 0

    def add(self, claim: int, day: int, lines: list[CaseLine]) -> int:
        """Add a claim's lines, and return what they sum to in fen."""
        first = len(self.lines)
        for line in lines:
            if line.refunds is None:
                self._add(claim, day, line)
            else:
                self._refund(first + line.refunds - 1)
        return sum(line["amount"] for line in self.lines[first:])

    def _add(self, claim: int, day: int, line: CaseLine) -> None:
        price = NONE if line.price is None else parse_scaled(line.price, PRICE_PLACES)
        quantity = ONE if line.quantity is None else parse_scaled(line.quantity, QUANTITY_PLACES)
        amount = _amount(line, price, quantity)
        self.lines.append(
            {
                "claim": claim,
                "item": len(self.rows),
                "quantity_e4": quantity,
                "price_e6": price,
                "amount": amount,
                "day": day if line.day is None else day_number(line.day),
                "approved": int(line.approved),
                "stream": NONE if line.stream is None else Stream[line.stream.upper()],
                "final_ppm": _share_ppm(line.last_share),
            }
        )
        self.rows.append(self._row(line))
        self.codes.append(line.code)

    def _refund(self, original: int) -> None:
        if original >= len(self.lines) or self.lines[original]["amount"] < 0:
            raise ClaimError(
                "refund_line",
                "refunds 须是本次费用中在前的一条明细的序号，且该条不是退费",
                "`refunds` is the number of an earlier line of the same claim that is no refund",
            )
        line = self.lines[original]
        opposite = {name: -line[name] for name in ("amount", "quantity_e4")}
        self.lines.append(line | opposite)
        self.codes.append(self.codes[original])

    def _row(self, line: CaseLine) -> tuple[int, ...]:
        if line.category.upper() not in ItemCategory.__members__:
            raise ClaimError(
                "unknown_category",
                f"没有项目类别 {line.category}；须是 {CATEGORIES} 之一",
                f"there is no item category {line.category}; there are {CATEGORIES}",
            )
        ceiling = NONE
        if line.ceiling_price is not None:
            ceiling = parse_scaled(line.ceiling_price, PRICE_PLACES)
        return (
            ItemClass[line.item_class or ""],
            _share_ppm(line.first_share),
            ItemCategory[line.category.upper()],
            self.group_at(frozenset(line.groups)),
            ceiling,
        )

    def group_at(self, groups: Groups) -> int:
        """Return the position of a set of groups, which is added if it is new."""
        if groups not in self.group_sets:
            self.group_sets.append(groups)
        return self.group_sets.index(groups)

    def lines_hash(self, claim: int) -> str:
        """Return the hash of a claim's lines as they were billed, empty without any."""
        return lines_hash(
            BilledLine(
                code=code,
                amount_fen=line["amount"],
                quantity_e4=line["quantity_e4"],
                price_e6=line["price_e6"],
                day=line["day"],
                approved=bool(line["approved"]),
                stream=line["stream"],
                last_share_ppm=line["final_ppm"],
            )
            for line, code in zip(self.lines, self.codes, strict=True)
            if line["claim"] == claim
        )

    def bills(self) -> Bills | None:
        """Return the lines ready for pricing, or None without any."""
        if not self.lines:
            return None
        columns = {name: [line[name] for line in self.lines] for name in Lines._fields}
        lines = Lines(**{name: np.array(given, dtype=np.int64) for name, given in columns.items()})
        classes, shares, categories, groups, ceilings = np.array(self.rows, dtype=np.int64).T.copy()
        count = len(self.rows)
        none = np.zeros(count, dtype=np.int64)
        catalogue = Catalogue(
            first=np.arange(count + 1, dtype=np.int64),
            region=none + ANYWHERE,
            begins=none,
            ends=none + NO_END_DAY,
            item_class=classes,
            first_ppm=shares,
            category=categories,
            groups=groups,
            ceiling_e6=ceilings[:, None],
        )
        care_region = np.zeros(self.events, dtype=np.int64)
        return Bills([lines], catalogue, care_region, self.group_sets)


def _amount(line: CaseLine, price_e6: int, quantity_e4: int) -> int:
    if line.amount is None:
        return _product_fen(price_e6, quantity_e4)
    amount = parse_fen(line.amount)
    both = line.price is not None and line.quantity is not None
    if both and abs(amount - _product_fen(price_e6, quantity_e4)) > ROUNDED_FEN:
        raise ClaimError(
            "amount_mismatch",
            f"明细金额 {line.amount} 与单价乘数量相差超过一分；请核对单价、数量与金额",
            f"the line's amount {line.amount} is more than a fen off price times quantity; "
            "check all three",
        )
    return amount


def _product_fen(price_e6: int, quantity_e4: int) -> int:
    if abs(price_e6 * quantity_e4) >= MAX_FEN * PRICE_TIMES_QUANTITY_IN_FEN:
        raise ClaimError(
            "money_range",
            "单价乘以数量超出上限；请核对单位和小数点",
            "price times quantity is above the limit; check the unit and the decimal point",
        )
    return mul_div(price_e6, quantity_e4, PRICE_TIMES_QUANTITY_IN_FEN)


def _share_ppm(text: str | None) -> int:
    if text is None:
        return NONE
    try:
        share = parse_rate_ppm(text)
    except PolicyError as error:
        raise ClaimError(error.code, error.message_zh, error.message_en) from error
    if share > PPM:
        raise ClaimError(
            "rate_above_one",
            f"先行自付比例 {text} 超过 100%",
            f"the first share {text} passes 100%",
        )
    return share
