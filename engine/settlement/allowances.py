"""Reckons allowances: money by wage, days, months or event, without a bill and without state."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from engine.claims.columns import Status
from engine.codes.enums import Fund
from engine.money import MAX_FEN, PPM, round_once
from engine.policy.allowance_terms import (
    EMPLOYER,
    MONTH_UNIT,
    AllowanceEntry,
    Bounds,
    ItemTerms,
    Reduction,
)


@dataclass(frozen=True)
class Facts:
    """What the event states, beside the case; None: it does not say.

    Attributes:
        wages_fen: monthly wages by name: own, employer, and the bases in force on the day.
        months_e4: months in ten thousandths.
    """

    case: str | None
    wages_fen: Mapping[str, int]
    days: int | None
    months_e4: int | None
    children: int | None
    years_to_retirement: int | None


@dataclass(frozen=True)
class Grant:
    """What one item came to, and what it was reckoned from; unused figures are None.

    Attributes:
        wage_fen: the wage within its bounds, exactly.
        kept_ppm: what the nearness of retirement leaves.
        taken_off_fen: what earlier items had paid.
    """

    name: str
    payer: Fund | None
    amount_fen: int
    terms: ItemTerms
    wage_fen: Fraction | None
    days: int | None
    months_e4: int | None
    kept_ppm: int
    taken_off_fen: int


class FactMissing(Exception):  # noqa: N818 - an answer, not a fault: the event lacks a fact
    """The terms ask for a fact that the event does not state."""


def entry_on(entries: tuple[AllowanceEntry, ...], day: int) -> AllowanceEntry | Status:
    """Return the entry that holds on a day, or why there is none."""
    if day < entries[0].begins:
        return Status.NO_POLICY
    holding = [entry for entry in entries if entry.begins <= day < entry.ends]
    return holding[0] if holding else Status.POLICY_NOT_REVIEWED


def grants(entry: AllowanceEntry, facts: Facts) -> tuple[Grant, ...] | Status:
    """Return what every item comes to, in order, or why the allowance cannot be granted.

    Source: 社会保险法 art. 54, 56
    """
    items = entry.items.get(facts.case)
    if items is None:
        return Status.NO_TERMS
    found: dict[str, Grant] = {}
    for terms in items:
        try:
            found[terms.name] = _grant(terms, facts, found)
        except FactMissing:
            return Status.NO_TERMS
        if found[terms.name].amount_fen >= MAX_FEN:
            return Status.AMOUNT_OUT_OF_RANGE
    return tuple(found.values())


def _grant(terms: ItemTerms, facts: Facts, earlier: Mapping[str, Grant]) -> Grant:
    wage = _wage(terms, facts) if terms.wage is not None else None
    days = _days(terms, facts) if terms.method in {"per_day", "wage_by_days"} else None
    months = None
    if terms.method == "wage_by_months":
        months = _stated(facts.months_e4) if terms.months_e4 is None else terms.months_e4
    kept = PPM if terms.near_retirement is None else _kept_ppm(terms.near_retirement, facts)
    exact = Fraction(terms.amount_fen) if wage is None else wage
    exact *= 1 if days is None else Fraction(days, terms.divisor)
    exact *= 1 if months is None else Fraction(months, MONTH_UNIT)
    exact *= Fraction(terms.share_ppm * kept, PPM * PPM)
    taken_off = sum(earlier[name].amount_fen for name in terms.less)
    amount = max(round_once(exact, down=terms.round_down) - taken_off, 0)
    return Grant(terms.name, terms.payer, amount, terms, wage, days, months, kept, taken_off)


def _stated(fact: int | None) -> int:
    if fact is None:
        raise FactMissing
    return fact


def _wage(terms: ItemTerms, facts: Facts) -> Fraction:
    wage = Fraction(_stated(facts.wages_fen.get(terms.wage or EMPLOYER)))
    return wage if terms.bounds is None else _within(wage, terms.bounds, facts)


def _within(wage: Fraction, bounds: Bounds, facts: Facts) -> Fraction:
    base = _stated(facts.wages_fen.get(bounds.of))
    floor, ceiling = (Fraction(base * ppm, PPM) for ppm in (bounds.floor_ppm, bounds.ceiling_ppm))
    return min(max(wage, floor), ceiling)


def _days(terms: ItemTerms, facts: Facts) -> int:
    days = _stated(facts.days) if terms.days is None else terms.days
    if terms.per_extra_child == 0:
        return days
    return days + terms.per_extra_child * max(_stated(facts.children) - 1, 0)


def _kept_ppm(reduction: Reduction, facts: Facts) -> int:
    missing = max(reduction.within_years - _stated(facts.years_to_retirement), 0)
    return PPM - min(missing * reduction.per_year_ppm, reduction.at_most_ppm)
