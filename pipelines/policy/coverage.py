"""Which figures of the policies are held by golden files.

A figure of a policy row (a row is a dated entry of a benefit at one level, class and age) is
covered if some golden file would fail, were the figure a step higher or a step lower in that row
alone. A row is covered if all its figures are: deductibles, bands, caps. So a file counts only for
what its `expected` amounts depend on, and a file that fails as it stands counts for nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.claims.columns import NONE, Event, State
from engine.errors import ClaimError, EngineError, PolicyError
from engine.policy.book import PolicyBook, Scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.policy.figures import figure_name
from engine.policy.reader import Path_
from engine.policy.terms import Terms
from engine.settlement.case import Story, read_story, settlement
from engine.settlement.case_allowances import Granted, grant_events, settlement_of
from engine.settlement.case_form import read_form
from engine.settlement.settle import Earlier, Settled, located, settle_located
from pipelines.policy import allowance_coverage
from pipelines.policy.allowance_coverage import AllowanceRow, allowance_rows, hold_allowances
from pipelines.policy.alterations import (
    Alteration,
    AlteredBook,
    Cell,
    PolicyRow,
    altered_book,
    policy_row,
    row_named,
    telling_figures,
)
from pipelines.policy.golden import Golden, differences, read_goldens

Held = dict[PolicyRow, set[Path_]]
"""The figures that some golden file holds, by row."""


@dataclass(frozen=True)
class Told:
    """A golden file's story and what is expected of it, by position of the event."""

    story: Story
    expected: tuple[tuple[int, Mapping[str, Any]], ...]
    granted: Mapping[int, Granted]


@dataclass(frozen=True)
class UncoveredRow:
    """The figures of a row that no golden file holds."""

    benefit: str
    begins: str
    cell: Cell
    figures: tuple[str, ...]


@dataclass(frozen=True)
class SchemeCoverage:
    """What of a scheme is covered."""

    region: str
    name: str
    scheme: str
    rows: int
    figures: int
    uncovered: tuple[UncoveredRow, ...]


@dataclass(frozen=True)
class Coverage:
    """What of a book is covered by so many golden files; `failing` lists those that fail."""

    cases: int
    failing: tuple[str, ...]
    schemes: tuple[SchemeCoverage, ...]

    @property
    def complete(self) -> bool:
        """Whether every figure is covered and no golden file fails."""
        return not self.failing and not any(scheme.uncovered for scheme in self.schemes)

    def of_regions(self, regions: Collection[str]) -> "Coverage":
        """Return the same of some regions only."""
        schemes = tuple(scheme for scheme in self.schemes if scheme.region in regions)
        return replace(self, schemes=schemes)


def coverage(book: PolicyBook, folders: Iterable[Path]) -> Coverage:
    """Return what of a book the golden files under some folders hold.

    Golden files that bring a policy of their own say nothing of the book and are passed over.

    Raises:
        PolicyError: a file under the folders is not strict YAML.
    """
    goldens = [one for folder in folders for one in read_goldens(folder) if "region" in one.case]
    compiled = compile_book(book)
    sound: list[Told] = []
    failing: list[str] = []
    for golden in goldens:
        try:
            told = _told(compiled, golden)
            wrong = _wrong(compiled, told)
        except EngineError as error:
            failing.append(f"{golden.path.as_posix()}: {error}")
            continue
        failing += [f"{golden.path.as_posix()}: {line}" for line in wrong]
        if not wrong:
            sound.append(told)
    held = _held(compiled, sound)
    granted: allowance_coverage.Held = {}
    for told in sound:
        hold_allowances(told.story, told.expected, granted)
    schemes = tuple(_scheme_coverage(scheme, held, granted) for scheme in book.schemes)
    return Coverage(len(goldens), tuple(failing), schemes)


def _told(book: CompiledBook, golden: Golden) -> Told:
    form = read_form(golden.case)
    at = book.book.index(form.region or "", form.scheme or "")
    if at is None:
        raise PolicyError(
            "no_policy",
            f"没有区划 {form.region} 险种 {form.scheme} 的政策",
            f"there is no policy for region {form.region} and scheme {form.scheme}",
        )
    places = {event.id: place for place, event in enumerate(form.events)}
    unknown = [str(entry["event"]) for entry in golden.expected if entry["event"] not in places]
    if unknown:
        raise ClaimError(
            "no_event",
            f"expected 提到的事件 {unknown} 不在案例中",
            f"the case has no event {unknown} that `expected` speaks of",
        )
    expected = tuple((places[entry["event"]], entry) for entry in golden.expected)
    story = read_story(form, book, at)
    return Told(story, expected, grant_events(form, story.scheme))


def _wrong(book: CompiledBook, told: Told) -> list[str]:
    events = located(book, told.story.events, told.story.bill.bills())
    settled = settle_located(book, events, told.story.opening, Earlier.none())
    return list(_differences(book, settled, 0, told))


def _differences(book: CompiledBook, settled: Settled, person: int, told: Told) -> Iterator[str]:
    """Return what a person's settlements have otherwise than expected; persons tell one story."""
    first = person * len(told.story.events)
    granted = told.granted
    for place, entry in told.expected:
        if place in granted:
            yield from differences(entry, settlement_of(granted[place], "zh"))
        else:
            yield from differences(entry, settlement(book, settled, first + place))


def _held(compiled: CompiledBook, stories: list[Told]) -> Held:
    reached = {row for told in stories for row in _rows(compiled, told).values()}
    altered = altered_book(compiled.book, reached)
    held: Held = {row: set() for row in reached}
    for told in stories:
        rows = _rows(altered.book, told)
        for direction in (1, -1):
            _hold(altered, told, rows, direction, held)
    return held


def _rows(book: CompiledBook, told: Told) -> dict[int, PolicyRow]:
    """Return the policy rows that a story's claims are settled by, by number."""
    events = located(book, told.story.events, told.story.bill.bills())
    return {
        int(row): row_named(book, int(row)) for row in set(events[:, Event.POLICY_ROW]) if row >= 0
    }


def _hold(
    altered: AlteredBook, told: Told, rows: dict[int, PolicyRow], direction: int, held: Held
) -> None:
    """Note the figures whose alteration lets the story end otherwise than expected."""
    tried = [
        (number, row, one)
        for number, row in rows.items()
        for one in altered.of.get(row, {}).get(direction, [])
        if one.figure.path not in held[row]
    ]
    if not tried:
        return
    settled = _settle_each(altered.book, told.story, [(number, one) for number, _, one in tried])
    for person, (_, row, one) in enumerate(tried):
        if any(_differences(altered.book, settled, person, told)):
            held[row].add(one.figure.path)


def _settle_each(book: CompiledBook, story: Story, tried: list[tuple[int, Alteration]]) -> Settled:
    """Settle the story once for each alteration of a row, each as a person of its own."""
    original = located(book, story.events, story.bill.bills())
    count, persons = len(original), len(tried)
    events, opening = np.tile(original, (persons, 1)), np.tile(story.opening, (persons, 1))
    person = np.arange(persons, dtype=np.int64)
    events[:, Event.PERSON] = np.repeat(person, count)
    opening[:, State.PERSON] = np.repeat(person, len(story.opening))
    refers = events[:, Event.REF] != NONE
    events[refers, Event.REF] += events[refers, Event.PERSON] * count
    for claims, (number, one) in zip(np.split(events, persons), tried, strict=True):
        claims[claims[:, Event.POLICY_ROW] == number, Event.POLICY_ROW] = one.row
    return settle_located(book, events, opening, Earlier.none())


def _scheme_coverage(
    scheme: Scheme, held: Held, granted: allowance_coverage.Held
) -> SchemeCoverage:
    rows = {
        policy_row(scheme, entry, row): row.terms
        for entries in scheme.entries.values()
        for entry in entries
        for row in entry.rows
        if row.terms is not None
    }
    missing = [_uncovered(row, terms, held.get(row, set())) for row, terms in rows.items()]
    allowances = list(allowance_rows(scheme))
    missing += [_ungranted(row, named, granted.get(row, set())) for row, named in allowances]
    figures = sum(len(telling_figures(terms)) for terms in rows.values())
    return SchemeCoverage(
        region=scheme.file.region,
        name=scheme.file.name,
        scheme=scheme.file.scheme,
        rows=len(rows) + len(allowances),
        figures=figures + sum(len(named) for _, named in allowances),
        uncovered=tuple(row for row in missing if row.figures),
    )


def _uncovered(row: PolicyRow, terms: Terms, held: set[Path_]) -> UncoveredRow:
    missing = [one.path for one in telling_figures(terms) if one.path not in held]
    names = tuple(figure_name(terms, path) for path in missing)
    return UncoveredRow(row.benefit, row.begins, row.cell, names)


def _ungranted(row: AllowanceRow, named: list[str], held: set[str]) -> UncoveredRow:
    missing = tuple(name for name in named if name not in held)
    cell: Cell = () if row.case is None else (("case", row.case),)
    return UncoveredRow(row.allowance, row.begins, cell, missing)
