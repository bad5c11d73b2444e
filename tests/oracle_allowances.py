"""Grants allowances again, plainly and from the YAML alone: section 13 of the policy language."""

from datetime import date
from fractions import Fraction
from typing import Any

from tests.oracle_terms import Record, RefusalError, fen, half_up, in_force, ppm

Items = list[tuple[str, str, int]]
"""Name, payer and fen of each item."""

MOST_FEN = 10**12


class AllowanceOracle:
    """One person's story under one policy: registrations, and what has been granted."""

    def __init__(self, policy: Record) -> None:
        self.policy = policy
        self.records: dict[str, Record] = {}
        self.granted: set[tuple[str, date]] = set()

    def tell(self, event: Record) -> str | Items:
        """Return the items of an allowance, or the code by which it is not granted."""
        if event["kind"] == "registration":
            self.records[event["registration"]] = event
            return []
        try:
            items = self._items(event)
        except RefusalError as refusal:
            return refusal.code
        occasion = (event["allowance"], event["on"])
        if occasion in self.granted:
            return "applied_already"
        self.granted.add(occasion)
        return items

    def _items(self, event: Record) -> Items:
        entry = in_force(self.policy["allowances"][event["allowance"]]["history"], event["on"])
        if "requires" in entry:
            self._check_registered(entry["requires"], event["on"])
        if "cases" in entry and event.get("case") is None:
            raise RefusalError(code="no_terms")
        found: Items = []
        for item in entry["items"]:
            sum_of = Sum(self.policy, item, event)
            gross = sum_of.exact()
            rounded = gross.__floor__() if item.get("rounding") == "down" else half_up(gross)
            before = sum(amount for name, _, amount in found if name in item.get("less", ()))
            found.append((item["name"], item["payer"], max(0, rounded - before)))
            if found[-1][2] >= MOST_FEN:
                raise RefusalError(code="amount_out_of_range")
        return found

    def _check_registered(self, name: str, on: date) -> None:
        record = self.records.get(name)
        if record is None or on < record["from"] or on > record.get("until", date.max):
            kind = self.policy["registrations"][name]["kind"]
            code = "not_registered" if kind == "registration" else "not_recognised"
            raise RefusalError(code=code)


class Sum:
    """One item for one event."""

    def __init__(self, policy: Record, item: Record, event: Record) -> None:
        self.policy = policy
        self.item = item
        self.event = event

    def exact(self) -> Fraction:
        """Return the item's amount in fen before it is rounded."""
        method = self.item["method"]
        if method == "fixed":
            return Fraction(fen(self.figure("amount")))
        if method == "per_day":
            return Fraction(fen(self.figure("amount")) * self.days())
        if method == "wage_by_days":
            return self.wage() * Fraction(self.days(), self.item["divisor"]) * self.factors()
        stated = self.figure("months")
        months = self.stated("months") if stated == "stated" else stated
        return self.wage() * Fraction(months) * self.factors()

    def figure(self, name: str) -> Any:
        value = self.item[name]
        value = value[self.event["case"]] if isinstance(value, dict) else value
        if value == "unavailable":
            raise RefusalError(code="no_terms")
        return value

    def stated(self, name: str) -> Any:
        if self.event.get(name) is None:
            raise RefusalError(code="no_terms")
        return self.event[name]

    def days(self) -> int:
        stated = self.figure("days")
        days = int(self.stated("days") if stated == "stated" else stated)
        if "per_extra_child" in self.item:
            days += self.item["per_extra_child"] * (self.stated("children") - 1)
        return days

    def base(self, name: str) -> Fraction:
        begun = [one for one in self.policy["bases"][name] if one["from"] <= self.event["on"]]
        if not begun:
            raise RefusalError(code="no_terms")
        return Fraction(fen(begun[-1]["amount"]))

    def wage(self) -> Fraction:
        name = self.item["wage"]
        if name in ("own", "employer"):
            wage = Fraction(fen(self.stated("wage" if name == "own" else "employer_wage")))
        else:
            wage = self.base(name)
        if "bounds" not in self.item:
            return wage
        bounds = self.item["bounds"]
        low, high = (self.base(bounds["of"]) * ppm(bounds[end]) / 10**6 for end in LIMITS)
        return min(max(wage, low), high)

    def factors(self) -> Fraction:
        kept = ppm(self.figure("share")) / 10**6 if "share" in self.item else Fraction(1)
        near = self.item.get("near_retirement")
        if near is None:
            return kept
        missing = max(0, near["within_years"] - self.stated("years_to_retirement"))
        off = min(missing * ppm(near["per_year"]), ppm(near["at_most"]))
        return kept * (1 - Fraction(off, 10**6))


LIMITS = ("floor", "ceiling")
