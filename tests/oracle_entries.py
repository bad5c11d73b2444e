"""Reads a dated entry of a benefit for the oracle, by the members that a claim falls under."""

from fractions import Fraction
from typing import Any

from tests.oracle_terms import (
    PPM,
    Account,
    Bands,
    Cap,
    Deductible,
    Finder,
    Guaranteed,
    HomeShare,
    Layer,
    Record,
    RefusalError,
    Terms,
    Transfer,
)


def read_terms(entry: Record, finder: Finder) -> Terms:
    """Return what the entry says to a claim."""
    return Terms(
        ordinal=entry.get("ordinal"),
        layers=tuple(read_layer(raw, finder) for raw in entry["layers"]),
        account=read_account(entry.get("account") or {}),
        home=read_home(entry.get("home_first_share"), finder),
        segments=entry.get("segments"),
        requires=entry.get("requires"),
    )


def read_account(raw: Record) -> Account:
    before = {layer: tuple(parts) for layer, parts in (raw.get("before") or {}).items()}
    return Account(before, tuple(raw.get("pays") or ()), raw.get("family", 0))


def read_home(raw: Record | None, finder: Finder) -> HomeShare | None:
    if raw is None:
        return None
    found = finder.value(raw["share"])
    if isinstance(found, list):
        return HomeShare(tuple(map(finder.whole_rate, found)), raw["counter"])
    return HomeShare((finder.whole_rate(found),), None)


def read_layer(raw: Record, finder: Finder) -> Layer:
    bands = raw.get("bands") or {"position": "claim", "deductible_inside": False}
    off = raw["pays_off"] if raw["takes"] == "burden" else None
    listed: list[str] | None = off["pro_rata"] if isinstance(off, dict) else off
    incremental = raw["mode"] == "incremental"
    return Layer(
        name=raw["name"],
        fund=raw["fund"],
        base=tuple(raw["base"]),
        pays_off=None if listed is None else tuple(listed),
        pro_rata=isinstance(off, dict),
        total=raw["total"] if incremental else None,
        paid=raw["paid"] if raw.get("on_class_change") == "retroactive" else None,
        deductible=read_deductible(raw["deductible"], finder),
        position=None if bands["position"] == "claim" else bands["position"],
        inside=bands["deductible_inside"],
        bands=read_bands(raw, finder) if "bands" in raw else (),
        by_band=raw["rounding"] == "band",
        less=finder.money(raw["less"]) if "less" in raw else 0,
        guaranteed=read_guaranteed(raw.get("guaranteed"), finder),
        price=read_price(raw.get("price"), finder),
        caps=tuple(read_cap(cap, finder) for cap in raw.get("caps") or []),
        gains=gains(raw),
    )


def read_cap(raw: Record, finder: Finder) -> Cap:
    found = finder.value(raw["amount"])
    amount = None if found == "unlimited" else finder.money(found)
    return Cap(raw["on"], amount, raw.get("counter"))


def read_guaranteed(raw: Record | None, finder: Finder) -> Guaranteed | None:
    if raw is None:
        return None
    return Guaranteed(finder.whole_rate(raw["rate"]), tuple(raw["of"]), raw["after_deductible"])


def read_price(raw: Any, finder: Finder) -> int | None:
    if raw is None or finder.value(raw) == "none":
        return None
    return finder.money(raw)


def read_deductible(raw: Record, finder: Finder) -> Deductible:
    method = raw["method"]
    if method == "none":
        return Deductible(method, (0,))
    share = finder.rate(raw["share"]) if "share" in raw else Fraction(0)
    if method == "share_of_counter":
        return Deductible(method, (0,), share=share, of=raw["of"])
    found = finder.value(raw["amount"])
    transfer, waived = raw.get("transfer"), raw.get("waived")
    return Deductible(
        method=method,
        amounts=tuple(map(finder.money, found if isinstance(found, list) else [found])),
        counter=raw.get("counter"),
        yearly_maximum=finder.money(raw["yearly_maximum"]) if "yearly_maximum" in raw else None,
        ordinal=finder.value(raw["ordinal"]) if "ordinal" in raw else None,
        every_days=finder.value(raw["every_days"]) if "every_days" in raw else None,
        waived=(finder.value(waived["within_days"]), waived["counter"]) if waived else None,
        transfer=None if transfer is None else read_transfer(transfer, finder),
        share=share,
    )


def read_transfer(raw: Record, finder: Finder) -> Transfer:
    return Transfer(finder.value(raw["upward"]), raw["asked"], raw.get("taken"), raw.get("moves"))


def read_bands(raw: Record, finder: Finder) -> Bands:
    adjustments = raw.get("adjust") or []
    yearly = yearly_points(adjustments, finder)
    found = []
    for row in finder.value(raw["bands"]["table"]):
        rate = band_rate(row, adjustments, finder)
        if rate:
            rate = min(max(rate + yearly, Fraction(0)), Fraction(PPM))
        if rate.denominator != 1:
            message = f"a band rate of {rate} ppm is finer than one part per million"
            raise ValueError(message)
        found.append((None if row["to"] is None else finder.money(row["to"]), int(rate)))
    return tuple(found)


def band_rate(row: Record, adjustments: list[Record], finder: Finder) -> Fraction:
    rate = finder.rate(row["rate"]) if "rate" in row else PPM - finder.rate(row["personal"])
    for entry in adjustments if rate else []:
        if "per" in entry or not applies(entry, finder):
            continue
        if "points" in entry:
            rate += finder.rate(entry["points"])
        elif "times" in entry:
            rate = rate * finder.rate(entry["times"]) / PPM
        else:
            rate = PPM - (PPM - rate) * finder.rate(entry["personal_times"]) / PPM
        rate = min(max(rate, Fraction(0)), Fraction(PPM))
    return Fraction(rate)


def applies(entry: Record, finder: Finder) -> bool:
    chosen = entry.get("for") or {}
    return all(finder.members[name] in chosen[name] for name in chosen)


def yearly_points(adjustments: list[Record], finder: Finder) -> Fraction:
    """Return the sum of the points that go by years of age or of contribution."""
    points = Fraction(0)
    for entry in adjustments:
        if "per" not in entry or not applies(entry, finder):
            continue
        years: int | None = getattr(finder.facts, entry["per"])
        if years is None:
            raise RefusalError(code="no_terms")
        points += finder.rate(entry["points"]) * counted_years(entry, years)
    return points


def counted_years(entry: Record, years: int) -> int:
    if "below" in entry:
        return max(0, int(entry["below"]) - years)
    until = years if entry["to"] is None else min(years, int(entry["to"]))
    return max(0, until - int(entry["from"]))


def gains(raw: Record) -> dict[str, str]:
    """Return the counters that a layer names, each with the one measure that it gains."""
    deductible = raw["deductible"].get("counter")
    named = [(deductible, "deductible"), (raw.get("total"), "base"), (raw.get("paid"), "payment")]
    bands = raw.get("bands")
    if bands and bands["position"] != "claim":
        inside = "cost" if bands["deductible_inside"] else "cost_above_deductible"
        named.append((bands["position"], inside))
    named += [(cap.get("counter"), cap["on"]) for cap in raw.get("caps") or []]
    named += (raw.get("feeds") or {}).items()
    found: dict[str, str] = {}
    for counter, measure in named:
        if counter is not None and found.setdefault(counter, measure) != measure:
            message = f"layer {raw['name']} gives counter {counter} two measures"
            raise ValueError(message)
    return found
