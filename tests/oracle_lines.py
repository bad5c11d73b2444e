"""Prices the lines of a bill for the oracle: docs/policy-language.md, section 6."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle_layers import Bill
from tests.oracle_terms import BUCKETS, PPM, Finder, Record, RefusalError, fen, half_up

STREAMS = {"ordinary": "covered"}
"""The part that the cost in scope of a stream lies in, where it is not that of its name."""


def stated_buckets(event: Record) -> dict[str, int]:
    """Return the buckets of a claim that states totals, in fen."""
    stated = {
        part: fen(event.get(f"self_pay_{part}", "0"))
        for part in ("off_list", "over_price", "first_share")
    }
    covered = fen(event["total"]) - sum(stated.values())
    if covered < 0:
        raise RefusalError(code="buckets_do_not_sum")
    return {**stated, "covered": covered}


def price_bill(event: Record, entry: Record, finder: Finder) -> Bill:
    """Return the parts of a bill in fen, and its lines of final shares one by one."""
    finder.whole(entry)
    bill = Bill(dict.fromkeys(BUCKETS, 0))
    pricing = Pricing(entry, finder, event, {})
    taken_back = {line["refunds"] for line in event["lines"] if "refunds" in line}
    for number, line in enumerate(event["lines"], start=1):
        if "refunds" in line or number in taken_back:
            continue  # The two are opposite in every part, and together use no limit of the day.
        parts, last_share = pricing.split(line)
        for part, amount in parts.items():
            bill.parts_fen[part] = bill.parts_fen.get(part, 0) + amount
        if "final_share" in parts:
            bill.final.append((parts["final_share"], last_share))
    return bill


@dataclass(frozen=True)
class Pricing:
    """The terms of a bill's lines, and by entry and day what is left of the day's limit."""

    entry: Record
    finder: Finder
    event: Record
    left: dict[tuple[int, date], int]

    def split(self, line: Record) -> tuple[dict[str, int], int]:
        """Return the parts of one line in fen, and the last share of a final one."""
        quantity = Fraction(Decimal(line.get("quantity", "1")))
        amount = fen(line["amount"]) if "amount" in line else times(line["price"], quantity)
        if not self.listed(line):
            return {"off_list": amount}, 0
        ceiling = self.ceiling(line, quantity)
        treated = self.term(line, "over_ceiling") or "excess"
        if ceiling is None or amount <= ceiling:
            over = 0
        elif treated == "whole_item":
            return {"off_list": amount}, 0
        else:
            over = amount - ceiling if treated == "excess" else 0
        share = self.first_share(line, amount - over, quantity)
        if treated == "after_share" and ceiling is not None:
            over = max(0, amount - share - ceiling)
        over += self.past_day(line, amount - over - share)
        return self.streamed(line, over, share, amount)

    def streamed(
        self, line: Record, over: int, share: int, amount: int
    ) -> tuple[dict[str, int], int]:
        stream = line.get("stream") or self.term(line, "stream") or "ordinary"
        parts = {"over_price": over, "first_share": share}
        parts[STREAMS.get(stream, stream)] = amount - over - share
        if stream != "final_share":
            return parts, 0
        stated = line if "stream" in line else self.found(line, "stream") or line
        return parts, self.finder.whole_rate(stated["last_share"])

    def found(self, line: Record, *terms: str) -> Record | None:
        """Return the first entry that takes the line and states one of the terms."""
        for item in self.entry.get("items") or []:
            if takes(item["of"], line) and any(term in item for term in terms):
                return dict(item)
        return None

    def term(self, line: Record, name: str) -> Any:
        item = self.found(line, name)
        return None if item is None else self.finder.value(item[name])

    def listed(self, line: Record) -> bool:
        if line["class"] == "C" and self.found(line, "first_share", "unit_price") is None:
            return False
        item = self.found(line, "only")
        return item is None or self.allowed(item["only"], line)

    def allowed(self, only: Record, line: Record) -> bool:
        facts = self.finder.facts
        if ("sexes" in only and facts.sex is None) or ("ages" in only and facts.age is None):
            raise RefusalError(code="no_terms")
        first, end = only.get("ages", (None, None))
        age = facts.age or 0
        return (
            self.event["visit"] in only.get("visits", [self.event["visit"]])
            and facts.level in only.get("levels", [facts.level])
            and facts.sex in only.get("sexes", [facts.sex])
            and (first is None or first <= age)
            and (end is None or age < end)
            and ("diseases" not in only or self.finder.members.get("disease") in only["diseases"])
            and (not only.get("approved") or line.get("approved", False))
        )

    def ceiling(self, line: Record, quantity: Fraction) -> int | None:
        """Return the least ceiling for the quantity, in fen."""
        of_category = (self.entry.get("ceilings") or {}).get(line.get("category"))
        prices = [
            line.get("ceiling_price"),
            None if of_category is None else self.finder.value(of_category),
            self.term(line, "ceiling"),
        ]
        known = [Fraction(Decimal(price)) for price in prices if price is not None]
        return half_up(min(known) * quantity * 100) if known else None

    def first_share(self, line: Record, base: int, quantity: Fraction) -> int:
        if line["class"] == "B" and "first_share" in line:
            return half_up(base * self.finder.rate(line["first_share"]) / PPM)
        item = self.found(line, "first_share", "unit_price")
        if item is not None and "unit_price" in item:
            return self.by_unit_price(item["unit_price"], base, quantity)
        if item is not None:
            return half_up(base * self.finder.rate(item["first_share"]) / PPM)
        of_class = self.entry.get("class_b_first_share") if line["class"] == "B" else None
        return half_up(base * self.finder.rate(of_class) / PPM) if of_class is not None else 0

    def by_unit_price(self, terms: Record, base: int, quantity: Fraction) -> int:
        floor, exact = 0, Fraction(0)
        for row in self.finder.value(terms["table"]):
            price = None if row["to"] is None else self.finder.value(row["to"])
            bound = base if price is None else times(price, quantity)
            rate = self.finder.rate(row["share"])
            if terms["method"] == "whole":
                if base <= bound:
                    return half_up(base * rate / PPM)
            elif base > floor:
                exact += (min(base, bound) - floor) * rate / PPM
            floor = bound
        return half_up(exact)

    def past_day(self, line: Record, in_scope: int) -> int:
        """Return what of the cost in scope passes the limit of the day."""
        item = self.found(line, "day_limit")
        if item is None:
            return 0
        day: date = line["day"] if "day" in line else self.event["begin"]
        at = (self.entry["items"].index(item), day)
        left = self.left.get(at, half_up(Fraction(self.finder.money(item["day_limit"]), 10**6)))
        self.left[at] = max(0, left - in_scope)
        return max(0, in_scope - left)


def takes(of: Record, line: Record) -> bool:
    return (
        line.get("category", "other") in of.get("category", [line.get("category", "other")])
        and line["class"] in of.get("class", [line["class"]])
        and (not of.get("group") or bool(set(of["group"]) & set(line.get("groups", ()))))
    )


def times(price: str, quantity: Fraction) -> int:
    return half_up(Fraction(Decimal(price)) * quantity * 100)
