"""Which figures of allowances golden files hold: those without which a file would fail."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from engine.claims.columns import Status
from engine.money import PPM
from engine.periods import date_of_day, day_number
from engine.policy.allowance_terms import MONTH_UNIT, AllowanceEntry, ItemTerms
from engine.policy.book import Scheme
from engine.settlement.allowances import entry_on
from engine.settlement.case import Story
from engine.settlement.case_allowances import grant_events, settlement_of
from pipelines.policy.golden import differences

STEPS = {
    "amount_fen": 100_00,
    "days": 1,
    "per_extra_child": 1,
    "divisor": 1,
    "months_e4": MONTH_UNIT,
    "share_ppm": PPM // 100,
    "bounds.floor_ppm": PPM // 100,
    "bounds.ceiling_ppm": PPM // 100,
    "near_retirement.within_years": 1,
    "near_retirement.per_year_ppm": PPM // 100,
    "near_retirement.at_most_ppm": PPM // 100,
}
"""By how much each figure is moved: what no rounding hides."""

UNSAID = {"amount_fen": 0, "per_extra_child": 0, "divisor": 1, "share_ppm": PPM}
"""What stands for a figure of an item that the file does not state."""

Expected: TypeAlias = tuple[tuple[int, Mapping[str, Any]], ...]


@dataclass(frozen=True)
class AllowanceRow:
    """One case of one dated entry of an allowance."""

    region: str
    scheme: str
    allowance: str
    begins: str
    case: str | None


Held: TypeAlias = dict[AllowanceRow, set[str]]
"""The figures that some golden file holds, as `<item>.<figure>`."""


def allowance_rows(scheme: Scheme) -> Iterator[tuple[AllowanceRow, list[str]]]:
    """Yield every row that has terms, with the names of its figures."""
    for name, entries in scheme.allowances.items():
        for entry in entries:
            for case, items in entry.items.items():
                if items is not None:
                    yield _row(scheme, name, entry, case), [place for place, _ in _figures(items)]


def hold_allowances(story: Story, expected: Expected, held: Held) -> None:
    """Note the figures whose alteration lets an allowance come to otherwise than expected."""
    granted = grant_events(story.case, story.scheme)
    for at, entry in expected:
        if at not in granted or granted[at].status != Status.SETTLED:
            continue
        name, case = granted[at].allowance, story.case.events[at].case
        on = story.case.events[at].on
        terms = None if on is None else entry_on(story.scheme.allowances[name], day_number(on))
        if isinstance(terms, AllowanceEntry):
            found = held.setdefault(_row(story.scheme, name, terms, case), set())
            items = terms.items[case] or ()
            for place, figure in _figures(items):
                for value in _moves(place, figure):
                    moved = _moved(items, place, value)
                    scheme = _with(story.scheme, name, terms, {**terms.items, case: moved})
                    told = settlement_of(grant_events(story.case, scheme)[at], "zh")
                    if differences(entry, told):
                        found.add(place)


def _row(scheme: Scheme, name: str, entry: AllowanceEntry, case: str | None) -> AllowanceRow:
    return AllowanceRow(*scheme.key, name, date_of_day(entry.begins).isoformat(), case)


def _moves(place: str, figure: int) -> list[int]:
    """Return a figure a step higher and a step lower, where that is a figure."""
    name = place.split(".", 1)[1]
    least = 1 if name == "divisor" else 0
    return [value for value in (figure + STEPS[name], figure - STEPS[name]) if value >= least]


def _figures(items: tuple[ItemTerms, ...]) -> list[tuple[str, int]]:
    """Return the figures that a file states, by item and name."""
    found = []
    for item in items:
        for name in STEPS:
            of: Any = item
            for part in name.split("."):
                of = None if of is None else getattr(of, part)
            if of is not None and of != UNSAID.get(name):
                found.append((f"{item.name}.{name}", int(of)))
    return found


def _moved(items: tuple[ItemTerms, ...], place: str, value: int) -> tuple[ItemTerms, ...]:
    name, figure = place.split(".", 1)
    return tuple(_with_figure(one, figure, value) if one.name == name else one for one in items)


def _with_figure(item: ItemTerms, figure: str, value: int) -> ItemTerms:
    outer, _, inner = figure.partition(".")
    changed: Any = replace(getattr(item, outer), **{inner: value}) if inner else value
    return replace(item, **{outer: changed})


def _with(
    scheme: Scheme,
    name: str,
    entry: AllowanceEntry,
    items: dict[str | None, tuple[ItemTerms, ...] | None],
) -> Scheme:
    other = copy.copy(scheme)
    entries = tuple(
        replace(one, items=items) if one is entry else one for one in scheme.allowances[name]
    )
    other.allowances = {**scheme.allowances, name: entries}
    return other
