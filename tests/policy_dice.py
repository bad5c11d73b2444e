"""Dice for policies: amounts, rates, counters, and values by the dimensions of a file."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]
Dimension: TypeAlias = tuple[str, ...]

SOURCE = {"title": "drawn at random", "url": "https://example.org/drawn"}
CLASSES = {"active": ["active"], "retired": ["retired", "retired_cadre"]}
OPTIONAL: dict[str, Any] = {
    "ages": {"under_45": [0, 45], "from_45": [45, 70], "from_70": [70, None]},
    "tiers": ["first", "second"],
    "sexes": ["male", "female"],
    "filings": {"home": ["local", "long_term"], "away": ["transfer", "emergency", "temporary"]},
    "diseases": {"diabetes": ["E11"], "endocrine": ["E"], "other": []},
    "enrolled_months": {"under_6": [0, 6], "from_6": [6, 72], "from_72": [72, None]},
    "contribution_years": {"under_30": [0, 30], "from_30": [30, None]},
    "registered_diseases": {"none": [0, 1], "one": [1, 2], "more": [2, None]},
}
"""Dimensions that a file may have besides levels and classes."""

HOW_MANY = (0, 0, 1, 1, 1, 2)
"""Few of them at once: the terms of a file are found for all their combinations."""


def yuan(whole: int) -> str:
    return f"{whole}.00"


class Dice:
    """What a policy is drawn with; it keeps the dimensions and the counters that it has drawn."""

    def __init__(self, seed: int | str) -> None:
        self.random = Random(seed)  # noqa: S311 - repeatable, no secret
        self.counters: Record = {}
        self.by_measure: dict[str, list[str]] = {}
        self.levels = ["L1", "L2", "L3"][: self.random.randint(1, 3)]
        named = self.random.sample(list(OPTIONAL), self.random.choice(HOW_MANY))
        self.optional = {name: OPTIONAL[name] for name in named}
        self.dimensions: list[Dimension] = [
            tuple(self.levels),
            tuple(CLASSES),
            *(tuple(members) for members in self.optional.values()),
        ]
        self.with_base = self.chance(0.3)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def by_member(self, leaf: Callable[[], Any], free: list[Dimension] | None = None) -> Any:
        """Return a leaf, or leaves by the members of dimensions that no mapping above has taken."""
        free = self.dimensions if free is None else free
        if not free or not self.chance(0.3):
            return leaf()
        members = self.random.choice(free)
        rest = [others for others in free if others is not members]
        tree = {member: self.by_member(leaf, rest) for member in members}
        if len(members) > 1 and self.chance(0.02):
            tree[self.random.choice(members)] = "unavailable"
        return tree

    def counter(self, measure: str) -> str:
        """Return a counter of the measure: often a new one, else one that others share."""
        known = self.by_measure.setdefault(measure, [])
        if known and self.chance(0.3):
            return self.random.choice(known)
        counts = "stays" if measure == "stays" else "money"
        scope = [self.random.choice(("year", "year", "year", "month", "life"))]
        if self.chance(0.25):
            scope.append(self.random.choice(("level", "disease", "institution")))
        return self.new_counter(measure, counts, scope)

    def new_counter(self, measure: str, counts: str, scope: list[str]) -> str:
        """Return a counter of its own."""
        known = self.by_measure.setdefault(measure, [])
        name = f"{measure}_{len(known) + 1}"
        self.counters[name] = {"counts": counts, "scope": scope}
        known.append(name)
        return name

    def some(self, parts: list[str]) -> list[str]:
        return self.random.sample(parts, self.random.randint(1, len(parts)))

    def bases(self) -> Record:
        """Return what amounts may be shares of; a policy may begin before it."""
        first = self.random.choice((date(2021, 7, 1), date(2021, 7, 1), date(2022, 9, 15)))
        turn = date(2023, 1, 1) + timedelta(days=self.random.randint(0, 700))
        values = [
            f"{self.random.randint(100, 9999)}.{self.random.randint(0, 99):02d}" for _ in "ab"
        ]
        dated = zip((first, turn), values, strict=True)
        wage = [{"from": day, "amount": amount, "source": SOURCE} for day, amount in dated]
        return {"bases": {"wage": wage}} if self.with_base else {}

    def entitlement(self, first: date, last: date) -> Record:
        """Return who waits for benefits, in one dated entry or two; a policy may say nothing."""
        if not self.chance(0.3):
            return {}
        turn = date(2024, 1, 1) + timedelta(days=self.random.randint(0, 200))
        days = [(first, turn - timedelta(days=1)), (turn, last)]
        spans = days if self.chance(0.5) else [(first, last)]
        dated = [{"from": begins, "reviewed_until": until} for begins, until in spans]
        waits = [{"waiting": self.waiting(), "source": SOURCE} for _ in spans]
        return {"entitlement": [one | more for one, more in zip(dated, waits, strict=True)]}

    def waiting(self) -> list[Record]:
        """Return up to two waiting periods, each for some classes, tiers and kinds of visit."""
        found: list[Record] = []
        for _ in range(self.random.randint(0, 2)):
            length = {"months": self.random.choice((1, 3, 6))}
            if self.chance(0.4):
                length = {"days": self.random.choice((30, 90))}
            one: Record = length | {"bridged_days": self.random.choice((0, 30, 90))}
            if self.chance(0.5):
                one["classes"] = self.some(list(CLASSES))
            if "tiers" in self.optional and self.chance(0.5):
                one["tiers"] = self.some(self.optional["tiers"])
            if self.chance(0.5):
                one["excepted"] = ["emergency", "inpatient"][: self.random.randint(1, 2)]
            found.append(one)
        return found

    def rate(self) -> str:
        whole = self.random.randint(1, 99)
        return self.random.choice(("0%", "50%", "100%", "100%", f"{whole}%", f"{whole}.5%"))

    def amount(self) -> Any:
        if self.with_base and self.chance(0.15):
            return {"share": self.random.choice(("5%", "12.5%", "100%", "400%")), "of": "wage"}
        other = self.random.randint(1, 9999)
        return yuan(self.random.choice((0, 1, 100, 800, 1300, 20_000, other, other)))
