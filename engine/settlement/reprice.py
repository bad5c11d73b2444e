"""Prices a correction: an overpayment is the difference of two settlements of one claim.

Each claim is settled alone, as it was and as corrected, from the state that its trace says it
met. What the correction would have changed for the person's later claims is not in that difference:
`reprice_in_turn` settles those again too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.claims.columns import (
    EVENT_WIDTH,
    FUNDS_COUNT,
    NONE,
    RESULT_WIDTH,
    STATE_WIDTH,
    STEP_INDEX,
    STEP_LAYER,
    STEP_UFEN,
    STEP_WIDTH,
    STREAMS_COUNT,
    UFEN,
    Bucket,
    Event,
    EventFlag,
    EventKind,
    Ints,
    Part,
    Result,
    State,
    Status,
    Step,
    Stream,
)
from engine.errors import ensure
from engine.policy.compiler import CompiledBook
from engine.settlement.feeds import (
    FED_BEFORE,
    FED_COUNTER,
    FED_EVENT,
    FED_SCOPE,
    feeds,
)
from engine.settlement.restored import registrations_of, restore_segments
from engine.settlement.settle import Earlier, settle_located

STREAMS = {
    Stream.FINAL_SHARE: Part.FINAL_SHARE,
    Stream.SEPARATE: Part.SEPARATE,
    Stream.EXCLUDED: Part.EXCLUDED,
}
BUCKETS = slice(Event.BUCKETS + Stream.ORDINARY * 4, Event.BUCKETS + Stream.ORDINARY * 4 + 4)
SPLIT = slice(Event.FINAL_FUND, EVENT_WIDTH)
"""The columns of an event that its lines fill: the exact final part, then bucket by bucket."""

SPLIT_WIDTH = EVENT_WIDTH - Event.FINAL_FUND
REPRODUCED = (
    Result.ORDINAL,
    *(column for column in range(Result.TOTAL, RESULT_WIDTH) if column != Result.FAMILY),
)
"""What must come again; what linked accounts paid is told by the steps, which must too."""


FACTS = [Event.BEGIN_DAY, Event.END_DAY, Event.AGE, Event.CONTRIBUTION_YEARS, Event.FLAGS]
"""What a claim's terms may ask of it beside its money; of the flags, whether it is a transfer."""


@dataclass(frozen=True)
class Paid:
    """Claims as they were settled, a row for each correction of them.

    results: (n, RESULT_WIDTH), of which POLICY_ROW, ORDINAL and all from TOTAL on are read; trace:
    flat triples, those of row k in `trace_first[k]:trace_first[k + 1]`; account_used: (n,),
    whether the personal account was allowed to pay; facts: (n, 5), the event's columns FACTS.
    """

    results: Ints
    trace: Ints
    trace_first: Ints
    account_used: NDArray[np.bool_]
    facts: Ints


@dataclass(frozen=True)
class Correction:
    """What ought to have been settled instead, claim by claim.

    void: (n,), the claim ought not to have been settled at all; moved: (n, SPLIT_WIDTH), what of
    its SPLIT ought to have been off the list; uncharged: of that, what nobody ought to have been
    charged.
    """

    void: NDArray[np.bool_]
    moved: Ints
    uncharged: Ints | None = None


@dataclass(frozen=True)
class Difference:
    """Corrected less paid in fen, below zero where too much was paid; the three are never summed.

    funds: (n, FUNDS_COUNT); account: (n,) of the personal account; cash: (n,) of the patient.
    """

    funds: Ints
    account: Ints
    cash: Ints


def reprice(book: CompiledBook, paid: Paid, correction: Correction) -> Difference:
    """Return what each claim, corrected, would have cost each payer more than it did.

    Every claim is settled a second time as it was, too: were the state, the policy row or a fact
    restored wrongly, its steps would not come back to the fen, and nothing is returned.

    Args:
        book: the book that the claims were settled by.
        paid: the claims.
        correction: of each of them.

    Raises:
        InvariantError: a claim settled as it was does not give what was paid, or a correction
            moves more than a bucket holds.

    Source: 经办条例 art. 46
    """
    count = len(paid.results)
    as_paid = _events(paid)
    opening = _opening(book, as_paid, paid)
    corrected = _corrected(as_paid, correction)
    corrected[:, Event.PERSON] += count
    opening_again = opening.copy()
    opening_again[:, State.PERSON] += count
    settled = settle_located(
        book,
        np.vstack([as_paid, corrected]),
        np.vstack([opening, opening_again]),
        Earlier.none(),
    )
    ensure(bool((settled.results[:, Result.STATUS] == Status.SETTLED).all()), "a claim fell")
    again, instead = settled.results[:count], settled.results[count:]
    _check_reproduced(paid, again, settled.trace[: settled.trace_first[count]])
    change = instead - again
    return Difference(
        funds=change[:, Result.FUND : Result.FUND + FUNDS_COUNT],
        account=change[:, Result.ACCOUNT],
        cash=change[:, Result.CASH],
    )


STOOD = [Event.YEAR, Event.MONTH, Event.INSTITUTION, Event.DISEASE, Event.VISIT]
"""What tells the counters of a person's claims apart."""


def reprice_in_turn(
    book: CompiledBook, paid: Paid, stood: Ints, correction: Correction
) -> Difference | None:
    """Return what each of one person's claims would have cost each payer more, had some been right.

    Claims that ought not to have been settled are left out, so that later ones count without them.

    Args:
        book: the book that the claims were settled by.
        paid: the person's claims under one scheme, in the order of their settlement.
        stood: (n, 5), their events' columns STOOD.
        correction: of each of them; nothing for those that are only later.

    Returns:
        None where the claims do not give what was paid when they are settled again one after the
        other: something else happened in between, as a credit or a refund.
    """
    as_paid = _events(paid)
    as_paid[:, Event.PERSON] = 0
    as_paid[:, STOOD] = stood
    as_paid[:, Event.ORDER_TIME] = np.arange(len(as_paid))
    opening = _opening_in_turn(book, as_paid, paid)
    settled = settle_located(book, as_paid, opening, Earlier.none())
    again = settled.results
    if (paid.results[:, REPRODUCED] != again[:, REPRODUCED]).any():
        return None
    kept = ~correction.void
    instead = np.zeros_like(again)
    corrected = _corrected(as_paid, correction)[kept]
    instead[kept] = settle_located(book, corrected, opening, Earlier.none()).results
    change = instead - again
    return Difference(
        funds=change[:, Result.FUND : Result.FUND + FUNDS_COUNT],
        account=change[:, Result.ACCOUNT],
        cash=change[:, Result.CASH],
    )


def _opening_in_turn(book: CompiledBook, events: Ints, paid: Paid) -> Ints:
    """Return the state before the first claim: of each counter what the first to meet it found."""
    fed = feeds(book.rows, events, paid.trace, paid.trace_first)
    restore_segments(book, events, fed)
    _, first = np.unique(fed[:, [FED_COUNTER, FED_SCOPE]], axis=0, return_index=True)
    opening = np.zeros((len(first), STATE_WIDTH), dtype=np.int64)
    opening[:, State.COUNTER] = fed[first, FED_COUNTER]
    opening[:, State.SCOPE] = fed[first, FED_SCOPE]
    opening[:, State.VALUE] = fed[first, FED_BEFORE]
    return np.vstack([opening, np.unique(registrations_of(book, events), axis=0)])


def _events(paid: Paid) -> Ints:
    """Return the claims as events, each of a person of its own.

    Year, month, disease and institution only tell a person's counters apart; of a claim that
    stands alone they need not be known.
    """
    results = paid.results
    events = np.zeros((len(results), EVENT_WIDTH), dtype=np.int64)
    events[:, Event.KIND] = EventKind.CLAIM
    events[:, Event.PERSON] = np.arange(len(results))
    events[:, Event.POLICY_ROW] = results[:, Result.POLICY_ROW]
    events[:, FACTS] = paid.facts
    events[:, Event.FLAGS] &= EventFlag.TRANSFER
    events[:, Event.FLAGS] |= np.where(paid.account_used, EventFlag.ACCOUNT_USED, 0)
    events[:, Event.TOTAL] = results[:, Result.TOTAL]
    events[:, BUCKETS] = results[:, Result.OFF_LIST : Result.COVERED + 1]
    _restore_streams(events, paid)
    return events


def _restore_streams(events: Ints, paid: Paid) -> None:
    """Put what the traces tell of other streams, and of shares taken before, where it came from.

    Which stream a cost outside the scope was of makes no difference to its settlement.
    """
    steps = paid.trace.reshape(-1, STEP_WIDTH)
    claims = np.searchsorted(paid.trace_first, np.arange(len(steps)) * STEP_WIDTH, side="right") - 1
    code = steps[:, 0] % STEP_LAYER
    unit = np.where(steps[:, 0] < STEP_UFEN, UFEN, 1)
    part = steps[:, 0] % STEP_UFEN // STEP_INDEX
    ordinary = events[:, BUCKETS]
    for stream, stands_in in STREAMS.items():
        here = (code == Step.STREAM) & (part == stands_in)
        fen = steps[here, 1] * unit[here] // UFEN
        shown = Bucket.OFF_LIST if stream is Stream.EXCLUDED else Bucket.COVERED
        ordinary[claims[here], shown] -= fen
        events[claims[here], Event.BUCKETS + stream * 4 + Bucket.COVERED] = fen
        if stream is Stream.FINAL_SHARE:
            events[claims[here], Event.FINAL_FUND] = steps[here, 2] * unit[here]
    taken = code == Step.HOME_SHARE
    ordinary[claims[taken], Bucket.COVERED] += steps[taken, 2]
    ordinary[claims[taken], Bucket.FIRST_SHARE] -= steps[taken, 2]


def _corrected(as_paid: Ints, correction: Correction) -> Ints:
    events = as_paid.copy()
    moved = _outside_together(correction.moved)
    left = events[:, SPLIT] - moved
    fits = (moved >= 0).all() and (left >= 0).all()
    ensure(bool(fits), "a correction moves more than a bucket holds")
    left[:, 1 + Bucket.OFF_LIST] += moved[:, 1:].sum(axis=1)
    if correction.uncharged is not None:
        fits = (correction.uncharged >= 0).all() and (
            correction.uncharged <= correction.moved
        ).all()
        ensure(bool(fits), "more is uncharged than a correction moves")
        left[:, 1 + Bucket.OFF_LIST] -= correction.uncharged[:, 1:].sum(axis=1)
    events[:, SPLIT] = np.where(correction.void[:, None], 0, left)
    events[:, Event.TOTAL] = events[:, Event.BUCKETS :].sum(axis=1)
    return events


def _outside_together(split: Ints) -> Ints:
    """Return a split with what lies outside the scope in the ordinary stream, as in `_events`."""
    buckets = split[:, 1:].reshape(len(split), STREAMS_COUNT, len(Bucket)).copy()
    buckets[:, 0, : Bucket.COVERED] = buckets[:, :, : Bucket.COVERED].sum(axis=1)
    buckets[:, 1:, : Bucket.COVERED] = 0
    return np.column_stack([split[:, :1], buckets.reshape(-1, SPLIT_WIDTH - 1)])


def _opening(book: CompiledBook, events: Ints, paid: Paid) -> Ints:
    """Return the state before each claim, from the values that its trace noted slot by slot.

    Which claims were segments of a stay is noted in the events.
    """
    fed = feeds(book.rows, events, paid.trace, paid.trace_first)
    opening = np.zeros((len(fed), STATE_WIDTH), dtype=np.int64)
    opening[:, State.PERSON] = events[fed[:, FED_EVENT], Event.PERSON]
    opening[:, State.COUNTER] = fed[:, FED_COUNTER]
    opening[:, State.SCOPE] = fed[:, FED_SCOPE]
    opening[:, State.VALUE] = fed[:, FED_BEFORE]
    restore_segments(book, events, fed)
    return np.vstack([opening, registrations_of(book, events)])


def _check_reproduced(paid: Paid, again: Ints, trace: Ints) -> None:
    """Check that what was paid came again, and by the very same steps."""
    differs = (paid.results[:, REPRODUCED] != again[:, REPRODUCED]).any(axis=1)
    wrong = int(np.argmax(differs)) if differs.any() else NONE
    ensure(wrong == NONE, "a claim settled again differs from what was paid", row=wrong)
    ensure(np.array_equal(paid.trace, trace), "a claim settled again takes other steps")
