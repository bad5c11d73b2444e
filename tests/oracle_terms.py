"""Reads a policy for the oracle: literals, the groups a claim falls under, terms as they stand.

Money is whole millionths of a fen (ufen), rates are whole parts per million (ppm).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import yaml

Record: TypeAlias = dict[str, Any]
Bands: TypeAlias = tuple[tuple[int | None, int], ...]  # upper bound in ufen, rate in ppm

CounterKey: TypeAlias = tuple[str, int, str]
"""Name; year, year x 100 + month, or 0 for life; level, disease or institution, or empty."""

UFEN = 10**6
PPM = 10**6
BUCKETS = ("off_list", "over_price", "first_share", "covered")
DIMENSIONS = {
    "level": "levels",
    "person_class": "person_classes",
    "age": "ages",
    "tier": "tiers",
    "sex": "sexes",
    "filing": "filings",
    "disease": "diseases",
    "enrolled_months": "enrolled_months",
    "contribution_years": "contribution_years",
    "registered_diseases": "registered_diseases",
}
"""The word for a dimension in `for`, and the key of its members in the file."""


class PolicyLoader(yaml.SafeLoader):
    """SafeLoader that takes `true` and `false` alone as truth values, so that `on` is a word."""


PolicyLoader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:bool"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
PolicyLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
)


def load_yaml(text: str) -> Any:
    """Return what a policy or case file holds."""
    return PolicyLoader(text).get_single_data()


class RefusalError(Exception):
    """An event is not settled, for the reason that its code says."""

    def __init__(self, *, code: str) -> None:
        super().__init__(code)
        self.code = code


def half_up(number: Fraction) -> int:
    return rounded(number.numerator, number.denominator)


def rounded(numerator: int, denominator: int) -> int:
    """Return the quotient rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def fen(yuan: str) -> int:
    return half_up(Fraction(Decimal(yuan)) * 100)


def ufen(yuan: str) -> int:
    return int(Decimal(yuan) * 100 * UFEN)


def ppm(percent: str) -> Fraction:
    return Fraction(Decimal(percent.removesuffix("%"))) * PPM / 100


def insurance_year(policy: Record, day: date) -> int:
    month, first = map(int, policy["insurance_year"].split("-"))
    return day.year if (day.month, day.day) >= (month, first) else day.year - 1


def full_years(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def in_force(entries: list[Record], day: date) -> Record:
    """Return the dated entry that holds on the day."""
    begun = [entry for entry in entries if entry["from"] <= day]
    if not begun:
        raise RefusalError(code="no_policy")
    if day > begun[-1]["reviewed_until"]:
        raise RefusalError(code="policy_not_reviewed")
    return begun[-1]


@dataclass(frozen=True)
class Facts:
    """What is known of a claim and its person on the claim date."""

    day: date
    level: str | None = None
    person_class: str | None = None
    age: int | None = None
    sex: str | None = None
    tier: str | None = None
    filing: str = "local"
    disease: str | None = None
    enrolled_months: int | None = None
    contribution_years: int | None = None
    registered_diseases: int | None = None


def members_of(policy: Record, facts: Facts) -> dict[str, str]:
    """Return, by dimension, the member that a claim falls under; none where it says nothing."""
    found: dict[str, str] = {}
    for name, key in DIMENSIONS.items():
        fact, declared = getattr(facts, name), policy.get(key)
        if name == "filing":
            member = filing_member(declared or {"local": ["local"]}, fact)
        elif not declared or fact is None:
            member = None
        elif name == "disease":
            member = disease_group(declared, fact)
        elif isinstance(fact, int):
            member = range_member(declared, fact)
        else:
            member = fact if fact in declared else None
        if member is not None:
            found[name] = member
    return found


def filing_member(declared: dict[str, list[str]], filing: str) -> str:
    for name, collected in declared.items():
        if filing in collected:
            return name
    raise RefusalError(code="no_terms")


def disease_group(declared: dict[str, list[str]], code: str) -> str:
    fitting = [
        (len(prefix), name)
        for name, prefixes in declared.items()
        for prefix in prefixes
        if code.startswith(prefix)
    ]
    return max(fitting)[1] if fitting else "other"


def range_member(declared: dict[str, list[int | None]], number: int) -> str | None:
    for name, (first, end) in declared.items():
        if (first is None or first <= number) and (end is None or number < end):
            return name
    return None


@dataclass(frozen=True)
class Transfer:
    upward: str
    asked: str
    taken: str | None
    moves: str | None


@dataclass(frozen=True)
class Deductible:
    method: str
    amounts: tuple[int, ...]
    counter: str | None = None
    yearly_maximum: int | None = None
    ordinal: str | None = None
    every_days: int | None = None
    waived: tuple[int, str] | None = None
    transfer: Transfer | None = None
    share: Fraction = Fraction(0)  # in ppm, of the bill or of a counter
    of: str | None = None


@dataclass(frozen=True)
class Cap:
    on: str
    amount: int | None  # None: unlimited
    counter: str | None


@dataclass(frozen=True)
class Guaranteed:
    rate: int
    of: tuple[str, ...]
    after_deductible: bool


@dataclass(frozen=True)
class Layer:
    """One layer with every value found."""

    name: str
    fund: str
    base: tuple[str, ...]
    pays_off: tuple[str, ...] | None  # None in a cost layer
    pro_rata: bool
    total: str | None  # None in a layer per claim
    paid: str | None  # of a retroactive layer
    deductible: Deductible
    position: str | None  # None: the claim
    inside: bool
    bands: Bands  # none in a layer of final shares
    by_band: bool
    less: int
    guaranteed: Guaranteed | None
    price: int | None
    caps: tuple[Cap, ...]
    gains: dict[str, str]  # by counter, the measure that it gains


@dataclass(frozen=True)
class HomeShare:
    rates: tuple[int, ...]
    counter: str | None  # of a list


@dataclass(frozen=True)
class Account:
    before: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pays: tuple[str, ...] = ()
    family: int = 0


@dataclass(frozen=True)
class Terms:
    """What a dated entry of a benefit says to one claim."""

    ordinal: str | None
    layers: tuple[Layer, ...]
    account: Account
    home: HomeShare | None
    segments: str | None
    requires: str | None


class Finder:
    """Finds values by the members of the dimensions that a claim falls under."""

    def __init__(self, policy: Record, facts: Facts) -> None:
        self.policy = policy
        self.facts = facts
        self.members = members_of(policy, facts)

    def known(self, dimensions: set[str]) -> None:
        """Refuse a claim that says nothing about a dimension on which terms depend."""
        if not dimensions <= self.members.keys():
            raise RefusalError(code="no_terms")

    def value(self, tree: Any) -> Any:
        while isinstance(tree, dict) and "share" not in tree:
            tree = next(tree[member] for member in self.members.values() if member in tree)
        if tree == "unavailable":
            raise RefusalError(code="no_terms")
        return tree

    def whole(self, tree: Any) -> None:
        """Refuse a claim for which any value of the tree is unavailable."""
        if isinstance(tree, dict):
            chosen = [tree[member] for member in self.members.values() if member in tree]
            for branch in chosen or tree.values():
                self.whole(branch)
        elif isinstance(tree, list):
            for branch in tree:
                self.whole(branch)
        elif tree == "unavailable":
            raise RefusalError(code="no_terms")

    def money(self, tree: Any) -> int:
        found = self.value(tree)
        if not isinstance(found, dict):
            return ufen(found)
        base = self.base_of(found["of"])
        return half_up(base * self.rate(found["share"]) / PPM / UFEN) * UFEN

    def base_of(self, name: str) -> int:
        begun = [entry for entry in self.policy["bases"][name] if entry["from"] <= self.facts.day]
        if not begun:
            raise RefusalError(code="no_terms")
        return ufen(begun[-1]["amount"])

    def rate(self, tree: Any) -> Fraction:
        return ppm(self.value(tree))

    def whole_rate(self, tree: Any) -> int:
        return int(self.rate(tree))


def depends_on(policy: Record, tree: Any) -> set[str]:
    """Return the dimensions whose members stand as keys, or that `for` names."""
    keys = {name: set(policy.get(key) or ()) for name, key in DIMENSIONS.items()}
    return {
        name
        for mapping in mappings(tree)
        for name, members in keys.items()
        if (members and members == mapping.keys() - {"source"}) or name in mapping.get("for", {})
    }


def mappings(tree: Any) -> Iterator[Record]:
    if isinstance(tree, dict):
        yield tree
    if isinstance(tree, dict | list):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from mappings(branch)


def texts_of(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for branch in (*tree, *tree.values()) if isinstance(tree, dict) else tree:
            yield from texts_of(branch)
