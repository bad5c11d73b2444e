"""Reads a policy and a bill for the oracle: the values of one level, person class and age.

Money is whole millionths of a fen (ufen), rates are whole parts per million (ppm).
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import yaml

Record: TypeAlias = dict[str, Any]
Bands: TypeAlias = tuple[tuple[int | None, int], ...]  # upper bound in ufen, rate in ppm

UFEN = 10**6
PPM = 10**6
BUCKETS = ("off_list", "over_price", "first_share", "covered")


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


@dataclass(frozen=True)
class Deductible:
    method: str
    amounts: tuple[int, ...]
    counter: str | None
    yearly_maximum: int | None


@dataclass(frozen=True)
class Cap:
    on: str
    amount: int
    counter: str | None


@dataclass(frozen=True)
class Layer:
    """One layer with every value found."""

    name: str
    fund: str
    base: tuple[str, ...]
    pays_off: tuple[str, ...] | None  # None in a cost layer
    total: str | None  # None in a layer per claim
    deductible: Deductible
    position: str | None  # None: the claim
    inside: bool
    bands: Bands
    by_band: bool
    caps: tuple[Cap, ...]
    gains: dict[str, str]  # by counter, the measure that it gains


@dataclass(frozen=True)
class Terms:
    """What a dated entry of a benefit says for one level, class and age."""

    ordinal: str | None
    layers: tuple[Layer, ...]
    account_pays: tuple[str, ...]


def half_up(number: Fraction) -> int:
    return (2 * number.numerator + number.denominator) // (2 * number.denominator)


def fen(yuan: str) -> int:
    return half_up(Fraction(Decimal(yuan)) * 100)


def ufen(yuan: str) -> int:
    return int(Decimal(yuan) * 100 * UFEN)


def ppm(percent: str) -> Fraction:
    return Fraction(Decimal(percent.removesuffix("%"))) * PPM / 100


def insurance_year(policy: Record, day: date) -> int:
    month, first = map(int, policy["insurance_year"].split("-"))
    return day.year if (day.month, day.day) >= (month, first) else day.year - 1


def age_group(policy: Record, birth: date, day: date) -> str:
    age = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    ages: dict[str, list[int | None]] = policy["ages"]
    return next(
        name
        for name, (first, end) in ages.items()
        if (first is None or first <= age) and (end is None or age < end)
    )


def in_force(entries: list[Record], day: date) -> Record:
    """Return the dated entry that holds on the day."""
    begun = [entry for entry in entries if entry["from"] <= day]
    if not begun:
        raise RefusalError(code="no_policy")
    if day > begun[-1]["reviewed_until"]:
        raise RefusalError(code="policy_not_reviewed")
    return begun[-1]


class Finder:
    """Finds values by the members of the dimensions (level, person_class, age) of a claim."""

    def __init__(self, members: dict[str, str]) -> None:
        self.members = members

    def terms(self, entry: Record) -> Terms:
        account = entry.get("account") or {"pays": []}
        return Terms(
            ordinal=entry.get("ordinal"),
            layers=tuple(self.layer(raw) for raw in entry["layers"]),
            account_pays=tuple(account["pays"]),
        )

    def value(self, tree: Any) -> Any:
        while isinstance(tree, dict):
            tree = next(tree[member] for member in self.members.values() if member in tree)
        if tree == "unavailable":
            raise RefusalError(code="no_terms")
        return tree

    def money(self, tree: Any) -> int:
        return ufen(self.value(tree))

    def rate(self, tree: Any) -> Fraction:
        return ppm(self.value(tree))

    def layer(self, raw: Record) -> Layer:
        bands = raw["bands"]
        return Layer(
            name=raw["name"],
            fund=raw["fund"],
            base=tuple(raw["base"]),
            pays_off=tuple(raw["pays_off"]) if raw["takes"] == "burden" else None,
            total=raw["total"] if raw["mode"] == "incremental" else None,
            deductible=self.deductible(raw["deductible"]),
            position=None if bands["position"] == "claim" else bands["position"],
            inside=bands["deductible_inside"],
            bands=tuple(
                (
                    None if row["to"] is None else self.money(row["to"]),
                    self.band_rate(row, raw.get("adjust") or []),
                )
                for row in self.value(bands["table"])
            ),
            by_band=raw["rounding"] == "band",
            caps=tuple(
                Cap(cap["on"], self.money(cap["amount"]), cap.get("counter"))
                for cap in raw.get("caps") or []
            ),
            gains=gains(raw),
        )

    def deductible(self, raw: Record) -> Deductible:
        if raw["method"] == "none":
            return Deductible("none", (0,), None, None)
        found = self.value(raw["amount"])
        maximum = raw.get("yearly_maximum")
        return Deductible(
            method=raw["method"],
            amounts=tuple(map(self.money, found if isinstance(found, list) else [found])),
            counter=raw.get("counter"),
            yearly_maximum=None if maximum is None else self.money(maximum),
        )

    def band_rate(self, row: Record, adjustments: list[Record]) -> int:
        rate = self.rate(row["rate"]) if "rate" in row else PPM - self.rate(row["personal"])
        for entry in adjustments if rate else []:
            chosen = entry.get("for") or {}
            if any(self.members[name] not in chosen[name] for name in chosen):
                continue
            if "points" in entry:
                rate += self.rate(entry["points"])
            else:
                rate = PPM - (PPM - rate) * self.rate(entry["personal_times"]) / PPM
            rate = min(max(rate, Fraction(0)), Fraction(PPM))
        if rate.denominator != 1:
            message = f"a band rate of {rate} ppm is finer than one part per million"
            raise ValueError(message)
        return int(rate)


def gains(raw: Record) -> dict[str, str]:
    """Return the counters that a layer names, each with the one measure that it gains."""
    bands = raw["bands"]
    inside = "cost" if bands["deductible_inside"] else "cost_above_deductible"
    named = [
        (raw["deductible"].get("counter"), "deductible"),
        (raw.get("total"), "base"),
        (None if bands["position"] == "claim" else bands["position"], inside),
        *((cap.get("counter"), cap["on"]) for cap in raw.get("caps") or []),
        *(raw.get("feeds") or {}).items(),
    ]
    found: dict[str, str] = {}
    for counter, measure in named:
        if counter is not None and found.setdefault(counter, measure) != measure:
            message = f"layer {raw['name']} gives counter {counter} two measures"
            raise ValueError(message)
    return found


def split_line(line: Record, entry: Record, finder: Finder) -> dict[str, int]:
    """Return the four buckets of one bill line, in fen."""
    quantity = Fraction(Decimal(line.get("quantity", "1")))
    if "amount" in line:
        amount = fen(line["amount"])
    else:
        amount = half_up(Fraction(Decimal(line["price"])) * quantity * 100)
    if line["class"] == "C":
        return {"off_list": amount, "over_price": 0, "first_share": 0, "covered": 0}
    ceilings = [Fraction(Decimal(line["ceiling_price"]))] if "ceiling_price" in line else []
    scheme_ceiling = (entry.get("ceilings") or {}).get(line.get("category"))
    if scheme_ceiling is not None:
        ceilings.append(Fraction(Decimal(finder.value(scheme_ceiling))))
    over = max(0, amount - half_up(min(ceilings) * quantity * 100)) if ceilings else 0
    share = 0
    if line["class"] == "B":
        rate = finder.rate(line.get("first_share") or entry.get("class_b_first_share", "0%"))
        share = half_up((amount - over) * rate / PPM)
    return {
        "off_list": 0,
        "over_price": over,
        "first_share": share,
        "covered": amount - over - share,
    }


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


def bill_buckets(lines: list[Record], entry: Record, finder: Finder) -> dict[str, int]:
    """Return the four buckets of a bill, in fen."""
    split = [split_line(line, entry, finder) for line in lines]
    return {part: sum(line[part] for line in split) for part in BUCKETS}
