"""Compiles a policy book to flat integer tables; no code is generated, only numbers laid out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.claims.columns import FAMILY_MAX, NONE, Filing, Ints
from engine.codes.enums import VisitKind
from engine.errors import PolicyError
from engine.policy.book import Entry, PolicyBook, Row, Scheme
from engine.policy.dimensions import DIMENSIONS, RANGES, filing_positions
from engine.policy.event_terms import built_in_counters
from engine.policy.line_terms import LineEntry
from engine.policy.packer import BALANCE, CLOSED, FAMILY, TAKEN, RowPacker, counter_id
from engine.policy.tables import CoverField, RowTerms
from engine.policy.terms import Terms

VISITS = max(VisitKind) + 1


class Rows(NamedTuple):
    """The compiled rows: `cells[start[row]:]` is laid out as `tables` says.

    `covers` has a row of CoverField for each counter that a cover change touches.
    """

    cells: Ints
    start: Ints
    covers: Ints


class Places(NamedTuple):
    """Where to find a claim's row; read by `settlement.locate`.

    `benefit` has shape (schemes, visits): position of the benefit or NONE; columns from VISITS on
    are the scheme's benefits on application; `first_entry` opens
    each benefit's entries (one more than benefits). An entry has its days, its first row and a
    stride per Dimension (0: not used). `members` has shape (schemes, dimensions): how
    many members each has. `has_terms` holds the bits of `tables.RowTerms`, 0 for a row
    without terms. `range_at`, of the same shape,
    opens the members of a dimension of numbers in `range_from` and `range_to` (NONE: without end);
    NONE where members are not ranges. `filing` has shape (schemes, filings): position of the member
    that collects it, or NONE.
    """

    benefit: Ints
    first_entry: Ints
    entry_begins: Ints
    entry_ends: Ints
    entry_row: Ints
    entry_stride: Ints
    members: Ints
    has_terms: Ints
    range_at: Ints
    range_from: Ints
    range_to: Ints
    filing: Ints


@dataclass(frozen=True)
class RowInfo:
    """What a row number means, for people and for records that outlive the book."""

    scheme: int
    entry: Entry
    row: Row
    slots: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class CompiledBook:
    """A book with its tables.

    Attributes:
        book: what was compiled.
        rows, places: the tables.
        infos: per row.
        balance_id, closed_id, taken_id: shape (schemes,), counter ids of the built-in counters.
        family_id: shape (schemes, FAMILY_MAX), those of the linked accounts.
        counter_names: counter id -> (scheme position, name).
        slots_max: the most counters that any row has.
        cells_max: the most cells that any row has.
        year_starts: shape (schemes,), month * 100 + day on which the insurance year begins.
        claims_by_end: shape (schemes,), whether a claim falls on the day that care ended.
    """

    book: PolicyBook
    rows: Rows
    places: Places
    infos: tuple[RowInfo, ...]
    balance_id: Ints
    closed_id: Ints
    taken_id: Ints
    family_id: Ints
    counter_names: dict[int, tuple[int, str]]
    slots_max: int
    cells_max: int
    year_starts: Ints
    claims_by_end: NDArray[np.bool_]


def compile_book(book: PolicyBook) -> CompiledBook:
    """Return a book's tables.

    Raises:
        PolicyError: two counters' ids collide (rename one).
    """
    names = _counter_names(book)
    cells: list[int] = []
    start: list[int] = []
    infos: list[RowInfo] = []
    for scheme_at, scheme in enumerate(book.schemes):
        for entries in scheme.entries.values():
            for entry in entries:
                for row in entry.rows:
                    start.append(len(cells))
                    packed = None if row.terms is None else RowPacker(scheme, entry, row, row.terms)
                    cells.extend([] if packed is None else packed.pack())
                    slots = () if packed is None else tuple(packed.slots)
                    infos.append(RowInfo(scheme_at, entry, row, slots))
    keys = [scheme.key for scheme in book.schemes]
    starts = [scheme.year_starts for scheme in book.schemes]
    by_end = [scheme.file.claim_date == "end" for scheme in book.schemes]
    return CompiledBook(
        book=book,
        rows=Rows(_ints(cells), _ints(start), _table(_covers(book), len(CoverField))),
        places=_places(book, infos),
        infos=tuple(infos),
        balance_id=_ints([counter_id(*key, BALANCE) for key in keys]),
        closed_id=_ints([counter_id(*key, CLOSED) for key in keys]),
        taken_id=_ints([counter_id(*key, TAKEN) for key in keys]),
        family_id=_table([[counter_id(*key, name) for name in FAMILY] for key in keys], FAMILY_MAX),
        counter_names=names,
        slots_max=max((len(info.slots) for info in infos), default=0),
        cells_max=int(np.diff(start, append=len(cells)).max(initial=0)),
        # Even without schemes there is an element for the events of no scheme to look at.
        year_starts=_ints([month * 100 + day for month, day in starts] or [101]),
        claims_by_end=np.array(by_end or [False]),
    )


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _counter_names(book: PolicyBook) -> dict[int, tuple[int, str]]:
    names: dict[int, tuple[int, str]] = {}
    for scheme_at, scheme in enumerate(book.schemes):
        built_in = built_in_counters(scheme.file)
        for name in (*scheme.file.counters, BALANCE, CLOSED, TAKEN, *FAMILY, *built_in):
            known = names.setdefault(counter_id(*scheme.key, name), (scheme_at, name))
            if known != (scheme_at, name):
                raise PolicyError(
                    "counter_collision",
                    f"计数器 {scheme.key} {name} 的编号与 {known} 相同，请改名",
                    f"the counter {scheme.key} {name} has the id of {known}; rename one",
                )
    return names


def _covers(book: PolicyBook) -> list[list[int]]:
    found = []
    for at, scheme in enumerate(book.schemes):
        for name, share in scheme.kept_by_cover_change.items():
            found.append([at, counter_id(*scheme.key, name), NONE if share is None else share])
    return found


def _places(book: PolicyBook, infos: list[RowInfo]) -> Places:
    applications = max((len(scheme.applications) for scheme in book.schemes), default=0)
    benefit = np.full((len(book.schemes), VISITS + applications), NONE, dtype=np.int64)
    first_entry, begins, ends, entry_row, strides = [0], [], [], [], []
    row = 0
    for scheme_at, scheme in enumerate(book.schemes):
        for name, entries in scheme.entries.items():
            for visit in scheme.file.benefits[name].visits:
                benefit[scheme_at, VisitKind[visit.upper()]] = len(first_entry) - 1
            if name in scheme.applications:
                kind = VISITS + scheme.applications.index(name)
                benefit[scheme_at, kind] = len(first_entry) - 1
            for entry in entries:
                begins.append(entry.begins)
                ends.append(entry.ends)
                entry_row.append(row)
                strides.append(_strides(scheme, entry.used))
                row += len(entry.rows)
            first_entry.append(len(begins))
    return Places(
        benefit=benefit,
        first_entry=_ints(first_entry),
        entry_begins=_ints(begins),
        entry_ends=_ints(ends),
        entry_row=_ints(entry_row),
        entry_stride=_table(strides, len(DIMENSIONS)),
        members=_table([_sizes(scheme) for scheme in book.schemes], len(DIMENSIONS)),
        has_terms=_ints([_row_terms(info.row.terms) for info in infos]),
        filing=_table([filing_positions(scheme.file) for scheme in book.schemes], len(Filing)),
        **_ranges(book),
    )


def _row_terms(terms: Terms | None) -> int:
    """Return the bits of `tables.RowTerms` for a row."""
    if terms is None:
        return 0
    facts = {points.per for layer in terms.layers for points in layer.extras.points}
    return int(
        RowTerms.THERE
        | (RowTerms.BY_AGE if "age" in facts else 0)
        | (RowTerms.BY_CONTRIBUTION_YEARS if "contribution_years" in facts else 0)
    )


def _ranges(book: PolicyBook) -> dict[str, Ints]:
    opens: list[list[int]] = []
    lowers: list[int] = []
    uppers: list[int] = []
    for scheme in book.schemes:
        opens.append([NONE] * len(DIMENSIONS))
        for dimension in RANGES:
            opens[-1][DIMENSIONS.index(dimension)] = len(lowers)
            for _, lower, upper in scheme.ranges(dimension):
                lowers.append(lower)
                uppers.append(NONE if upper is None else upper)
    return {
        "range_at": _table(opens, len(DIMENSIONS)),
        "range_from": _ints(lowers),
        "range_to": _ints(uppers),
    }


def _table(rows: list[list[int]], width: int) -> Ints:
    return np.array(rows, dtype=np.int64).reshape(-1, width)


def _sizes(scheme: Scheme) -> list[int]:
    return [len(scheme.dimensions.members.get(dimension, ())) for dimension in DIMENSIONS]


def entry_places(
    book: PolicyBook, places: Places, entries: Sequence[Sequence[LineEntry]]
) -> Places:
    """Return where to find the rows of line entries, given by scheme, as `places` for benefits.

    Each scheme's entries stand as those of one benefit, of the scheme's own number.
    """
    first_entry, entry_row, strides = [0], [], []
    has_terms: list[int] = []
    for scheme, dated in zip(book.schemes, entries, strict=True):
        for entry in dated:
            entry_row.append(len(has_terms))
            strides.append(_strides(scheme, entry.used))
            has_terms += [int(row.terms is not None) for row in entry.rows]
        first_entry.append(len(entry_row))
    every = [entry for dated in entries for entry in dated]
    return places._replace(
        first_entry=_ints(first_entry),
        entry_begins=_ints([entry.begins for entry in every]),
        entry_ends=_ints([entry.ends for entry in every]),
        entry_row=_ints(entry_row),
        entry_stride=np.array(strides, dtype=np.int64).reshape(-1, len(DIMENSIONS)),
        has_terms=_ints(has_terms),
    )


def _strides(scheme: Scheme, used: Sequence[str]) -> list[int]:
    strides, step = [0] * len(DIMENSIONS), 1
    for dimension in reversed(used):
        strides[DIMENSIONS.index(dimension)] = step
        step *= len(scheme.dimensions.members[dimension])
    return strides
