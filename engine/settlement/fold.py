"""The fold: each person's events in order, through the policy rows, to results, trace and state."""

from engine.claims.columns import (
    COUNTER_YEAR,
    FUNDS_COUNT,
    LAYERS_MAX,
    NONE,
    PARTS_COUNT,
    RESULT_WIDTH,
    STATE_WIDTH,
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
from engine.money import MAX_FEN
from engine.policy.compiler import Rows
from engine.policy.tables import LAYER_WIDTH, Header, LayerField
from engine.settlement.applications import application_status, open_application
from engine.settlement.desk import (
    CLOSING_SIZE,
    COUNTERS_SIZE,
    EARLIER,
    LIVE_ALIVE,
    LIVE_FROM,
    LIVE_RESULT,
    LIVE_SIZE,
    LIVE_TO,
    LOG_SIZE,
    TRACE_SIZE,
    Desk,
    Job,
    Out,
    bind,
    find_counter,
    find_live,
    follows,
    gain,
    log_gain,
    note,
    note_gains,
    push_live,
    step_key,
)
from engine.settlement.jit import Entry, kernel
from engine.settlement.layers import run_layer
from engine.settlement.look_ahead import prefetch_row
from engine.settlement.payers import pay_from_accounts
from engine.settlement.person_events import other_event, registration_status
from engine.settlement.segments import forget_whole_stay, segment_status, stay_number
from engine.settlement.streams import note_streams, take_home_share

EVENTS_AHEAD = 4
"""How many events ahead the memory is asked: a person's lie all over the batch."""


@Entry
def fold(rows: Rows, job: Job, out: Out, desk: Desk) -> None:
    """Settle every person's events in order.

    Args:
        rows: the compiled policy rows.
        job: events and opening state; `locate` has found the policy rows.
        out: filled; `trace_first[k]` opens the trace of result k; `desk.size[TRACE_SIZE]` and
            `[CLOSING_SIZE]` say how far trace and closing state go.
        desk: scratch, large enough for any one person.
    """
    for person in range(job.first.size - 1):
        _open(job, desk, person)
        for at in range(job.first[person], job.first[person + 1]):
            if at + EVENTS_AHEAD < job.order.size:
                prefetch_row(job.events, job.order[at + EVENTS_AHEAD])
            out.trace_first[at] = desk.size[TRACE_SIZE]
            _settle(rows, job, out, desk, at)
        _close(out, desk)
    out.trace_first[job.order.size] = desk.size[TRACE_SIZE]


@kernel
def _open(job: Job, desk: Desk, person: int) -> None:
    desk.size[COUNTERS_SIZE] = 0
    desk.size[LOG_SIZE] = 0
    desk.size[LIVE_SIZE] = 0
    for k in range(job.opening_first[person], job.opening_first[person + 1]):
        _copy_counter(job.opening, k, desk.counters, desk.size[COUNTERS_SIZE])
        desk.size[COUNTERS_SIZE] += 1


@kernel
def _close(out: Out, desk: Desk) -> None:
    for k in range(desk.size[COUNTERS_SIZE]):
        _copy_counter(desk.counters, k, out.closing, desk.size[CLOSING_SIZE])
        desk.size[CLOSING_SIZE] += 1


@kernel
def _copy_counter(source: Ints, at: int, target: Ints, to: int) -> None:
    # Column by column: numba compiles this many times faster than the assignment of a row.
    for k in range(STATE_WIDTH):
        target[to, k] = source[at, k]


@kernel
def _settle(rows: Rows, job: Job, out: Out, desk: Desk, at: int) -> None:
    row = job.order[at]
    event, result = job.events[row], out.results[at]
    for k in range(RESULT_WIDTH):
        result[k] = 0
    result[Result.EVENT] = row
    result[Result.KIND] = event[Event.KIND]
    result[Result.PERSON] = event[Event.PERSON]
    result[Result.YEAR] = event[Event.YEAR]
    result[Result.POLICY_ROW] = event[Event.POLICY_ROW]
    result[Result.ORDINAL] = NONE
    result[Result.ORIGINAL] = NONE
    kind = event[Event.KIND]
    if kind == EventKind.CLAIM:
        _claim(rows, job, out, desk, at)
    elif kind == EventKind.REVERSAL:
        _reverse(job, out, desk, at)
    elif kind == EventKind.SETTLED_BEFORE:
        _recall(job, desk, row)
    elif kind == EventKind.APPLICATION:
        _apply(rows, job, out, desk, at)
    else:
        result[Result.STATUS] = other_event(rows, job, desk, row, at)


@kernel
def _is_closed(desk: Desk, counter: int) -> bool:
    for k in range(desk.size[COUNTERS_SIZE]):
        if desk.counters[k, State.COUNTER] == counter:
            return bool(desk.counters[k, State.VALUE] != 0)
    return False


@kernel
def _check(rows: Rows, desk: Desk, event: Ints) -> int:
    """Return the Status with which a claim may be settled, or the reason why not."""
    row = event[Event.POLICY_ROW]
    if row < 0:
        return int(-row)
    total = 0
    for k in range(STREAMS_COUNT * 4):
        bucket = event[Event.BUCKETS + k]
        if bucket < 0:
            return Status.BUCKETS_DO_NOT_SUM.value
        if bucket >= MAX_FEN:
            return Status.AMOUNT_OUT_OF_RANGE.value
        total += bucket
    if total != event[Event.TOTAL]:
        return Status.BUCKETS_DO_NOT_SUM.value
    if total >= MAX_FEN:
        return Status.AMOUNT_OUT_OF_RANGE.value
    closed = rows.cells[rows.start[row] + Header.CLOSED_ID] + event[Event.YEAR] * COUNTER_YEAR
    registered = registration_status(desk, rows.cells, rows.start[row], event)
    return Status.YEAR_CLOSED.value if _is_closed(desk, closed) else registered


@kernel
def _claim(rows: Rows, job: Job, out: Out, desk: Desk, at: int) -> None:
    row = job.order[at]
    event, result = job.events[row], out.results[at]
    result[Result.STATUS] = _check(rows, desk, event)
    if result[Result.STATUS] != Status.SETTLED:
        return
    cells, start = rows.cells, rows.start[event[Event.POLICY_ROW]]
    log_from = desk.size[LOG_SIZE]
    if not bind(desk, rows, start, event):
        result[Result.STATUS] = Status.AMOUNT_OUT_OF_RANGE
        return
    result[Result.STATUS] = segment_status(desk, cells, start, event)
    if result[Result.STATUS] != Status.SETTLED:
        return
    _spread(desk, event, result)
    _pay(rows, out, desk, event, result)
    forget_whole_stay(desk, cells, start, event)
    note_gains(desk, out, rows, start)
    push_live(desk, event, row, log_from, at)


@kernel
def _apply(rows: Rows, job: Job, out: Out, desk: Desk, at: int) -> None:
    """Settle an application: its benefit year's counters are the cost, its payment is cash."""
    row = job.order[at]
    event, result = job.events[row], out.results[at]
    if event[Event.POLICY_ROW] < 0:
        result[Result.STATUS] = -event[Event.POLICY_ROW]
        return
    cells, start = rows.cells, rows.start[event[Event.POLICY_ROW]]
    result[Result.STATUS] = application_status(cells, start, event)
    if result[Result.STATUS] != Status.SETTLED:
        return
    log_from = desk.size[LOG_SIZE]
    if not bind(desk, rows, start, event):
        result[Result.STATUS] = Status.AMOUNT_OUT_OF_RANGE
        return
    result[Result.STATUS] = open_application(desk, cells, start)
    if result[Result.STATUS] != Status.SETTLED:
        return
    _pay(rows, out, desk, event, result)
    note_gains(desk, out, rows, start)
    push_live(desk, event, row, log_from, at)


@kernel
def _pay(rows: Rows, out: Out, desk: Desk, event: Ints, result: Ints) -> None:
    """Number the stay, run the layers over the burden vector and sum up who pays."""
    cells, start = rows.cells, rows.start[event[Event.POLICY_ROW]]
    note_streams(desk, out, event)
    _number(desk, out, cells, start, event, result)
    if cells[start + Header.HOME_COUNT] > 0:
        take_home_share(desk, out, cells, start, result)
    from_account = event[Event.FLAGS] & EventFlag.ACCOUNT_USED
    for k in range(cells[start + Header.LAYERS]):
        layer = start + cells[start + Header.LAYER_AT] + k * LAYER_WIDTH
        result[Result.CAP_LEFT + k] = NONE
        if from_account and cells[layer + LayerField.BEFORE_COUNT] > 0:
            parts_at = start + cells[layer + LayerField.BEFORE_AT]
            count = cells[layer + LayerField.BEFORE_COUNT]
            pay_from_accounts(desk, out, cells, (start, parts_at, count, k, 1), result)
        run_layer(desk, out, cells, (start, layer, k), event, result)
    for k in range(cells[start + Header.LAYERS], LAYERS_MAX):
        result[Result.CAP_LEFT + k] = NONE
    if from_account and cells[start + Header.ACCOUNT_COUNT] > 0:
        parts_at = start + cells[start + Header.ACCOUNT_AT]
        count = cells[start + Header.ACCOUNT_COUNT]
        pay_from_accounts(desk, out, cells, (start, parts_at, count, 0, 0), result)
    _total(result)


@kernel
def _number(desk: Desk, out: Out, cells: Ints, start: int, event: Ints, result: Ints) -> None:
    """Number the stay, from 0, and count it unless an earlier segment of it has."""
    number, counted = stay_number(desk, cells, start, event)
    result[Result.ORDINAL] = number
    slot = cells[start + Header.ORDINAL_SLOT]
    if slot != NONE:
        note(desk, out, step_key(Step.ORDINAL, 0, 0), number, 0)
    if counted:
        gain(desk, slot, 1)


@kernel
def _spread(desk: Desk, event: Ints, result: Ints) -> None:
    """Lay a claim's buckets into the burden vector and the result's own columns."""
    for k in range(PARTS_COUNT):
        desk.parts[k] = 0
    buckets = event[Event.BUCKETS :]
    for stream in range(STREAMS_COUNT):
        at = stream * 4
        result[Result.OFF_LIST] += buckets[at + Bucket.OFF_LIST]
        result[Result.OVER_PRICE] += buckets[at + Bucket.OVER_PRICE]
        result[Result.FIRST_SHARE] += buckets[at + Bucket.FIRST_SHARE]
        result[Result.COVERED] += buckets[at + Bucket.COVERED]
    result[Result.TOTAL] = event[Event.TOTAL]
    desk.parts[Part.OFF_LIST] = result[Result.OFF_LIST] * UFEN
    desk.parts[Part.OVER_PRICE] = result[Result.OVER_PRICE] * UFEN
    desk.parts[Part.FIRST_SHARE] = result[Result.FIRST_SHARE] * UFEN
    desk.parts[Part.COVERED] = buckets[Stream.ORDINARY * 4 + Bucket.COVERED] * UFEN
    desk.parts[Part.FINAL_SHARE] = buckets[Stream.FINAL_SHARE * 4 + Bucket.COVERED] * UFEN
    desk.parts[Part.SEPARATE] = buckets[Stream.SEPARATE * 4 + Bucket.COVERED] * UFEN
    excluded = buckets[Stream.EXCLUDED * 4 + Bucket.COVERED]
    desk.parts[Part.EXCLUDED] = excluded * UFEN
    result[Result.OFF_LIST] += excluded
    result[Result.COVERED] -= excluded


@kernel
def _total(result: Ints) -> None:
    funds = 0
    for k in range(FUNDS_COUNT):
        funds += result[Result.FUND + k]
    result[Result.FUND_TOTAL] = funds
    result[Result.PERSON_TOTAL] = result[Result.TOTAL] - funds - result[Result.HOSPITAL_PART]
    result[Result.CASH] = result[Result.PERSON_TOTAL] - result[Result.ACCOUNT]


@kernel
def _reverse(job: Job, out: Out, desk: Desk, at: int) -> None:
    """Cancel a settlement: the last live one of the person's scheme and insurance year only."""
    event, result = job.events[job.order[at]], out.results[at]
    found = find_live(desk, event[Event.REF])
    if found == NONE:
        result[Result.STATUS] = Status.REVERSAL_UNKNOWN
        return
    original = desk.live[found]
    if original[LIVE_ALIVE] == 0:
        result[Result.STATUS] = Status.REVERSED_TWICE
        return
    for k in range(found + 1, desk.size[LIVE_SIZE]):
        if follows(desk.live[k], original):
            result[Result.STATUS] = Status.REVERSAL_NOT_LAST
            return
    original[LIVE_ALIVE] = 0
    _undo(job, out, desk, original, result)
    for k in range(original[LIVE_FROM], original[LIVE_TO]):
        desk.counters[desk.log[k, 0], State.VALUE] -= desk.log[k, 1]


@kernel
def _undo(job: Job, out: Out, desk: Desk, original: Ints, result: Ints) -> None:
    """Make a result the exact negative of the one it undoes."""
    where = original[LIVE_RESULT]
    before = out.results[where] if where >= 0 else job.earlier[EARLIER - where]
    for k in range(Result.TOTAL, RESULT_WIDTH):
        result[k] = -before[k]
    for k in range(LAYERS_MAX):
        result[Result.CAP_LEFT + k] = NONE
    result[Result.YEAR] = before[Result.YEAR]
    result[Result.POLICY_ROW] = before[Result.POLICY_ROW]
    result[Result.ORDINAL] = before[Result.ORDINAL]
    result[Result.ORIGINAL] = where
    note(desk, out, step_key(Step.REVERSAL, 0, 0), where, result[Result.TOTAL])


@kernel
def _recall(job: Job, desk: Desk, row: int) -> None:
    """Put a settlement of an earlier night on the desk, so that it can be cancelled."""
    event = job.events[row]
    log_from = desk.size[LOG_SIZE]
    for k in range(event[Event.ARG], event[Event.ARG] + event[Event.AMOUNT]):
        feed = job.earlier_feeds[k]
        counter = find_counter(desk, event[Event.PERSON], feed[0], feed[1])
        log_gain(desk, counter, feed[2])
    push_live(desk, event, row, log_from, EARLIER - event[Event.REF])
