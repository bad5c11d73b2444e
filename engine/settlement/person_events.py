"""Events that change a person's state without a bill: credits, registrations, covers, years."""

from engine.claims.columns import (
    COUNTER_ID,
    COUNTER_YEAR,
    NONE,
    UFEN,
    YEAR_OF_MONTH,
    Event,
    EventFlag,
    EventKind,
    Ints,
    State,
    Status,
)
from engine.money import MAX_FEN, PPM
from engine.policy.compiler import Rows
from engine.policy.tables import CoverField, Header, RegistrationPer
from engine.settlement.desk import (
    COUNTER_MAX,
    COUNTERS_SIZE,
    LIVE_SIZE,
    NEVER_CANCELLED,
    Desk,
    Job,
    bar_every_year,
    find_counter,
    push_live,
)
from engine.settlement.jit import kernel
from engine.settlement.steps import share_limbs

# A registration's counter holds its first and its last day, both made positive.
DAY_SHIFT = 1 << 20
LAST_DAYS = 1 << 32

# Scopes of the counter of what a register has brought: the own account, the linked ones by their
# number, and the first day of the last cover.
TAKEN_ACCOUNT = 0
TAKEN_COVER = 9

# What was taken of money may be below zero, and no counter is: it is told from here on.
TAKEN_ZERO = 1 << 61


@kernel
def other_event(rows: Rows, job: Job, desk: Desk, row: int, at: int) -> int:
    """Take an event that is no claim, reversal or application; return its Status."""
    event = job.events[row]
    status = _change(rows, job, desk, event, at)
    if status == Status.SETTLED.value and max(event[Event.FLAGS], 0) & EventFlag.OF_REGISTER:
        _take(desk, event, job.taken_id[event[Event.SCHEME]] * COUNTER_ID)
    return status


@kernel
def _change(rows: Rows, job: Job, desk: Desk, event: Ints, at: int) -> int:
    kind, scheme = event[Event.KIND], event[Event.SCHEME]
    # A class change needs nothing here: the claims after it carry their class and policy row. An
    # allowance has no row to settle by: `allowances` reckons it apart, and here it is refused.
    status = Status.SETTLED.value
    if scheme < 0:
        status = Status.NO_POLICY.value
    elif kind == EventKind.ACCOUNT_CREDIT:
        status = _credit(desk, event, job.balance_id[scheme] * COUNTER_ID)
    elif kind == EventKind.FAMILY_LINK:
        status = _credit(desk, event, job.family_id[scheme, event[Event.ARG] - 1] * COUNTER_ID)
    elif kind == EventKind.YEAR_CLOSE:
        counter = job.closed_id[scheme] * COUNTER_ID + event[Event.ARG] * COUNTER_YEAR
        desk.counters[find_counter(desk, event[Event.PERSON], counter, 0), State.VALUE] = 1
    elif kind == EventKind.REGISTRATION:
        _register(desk, event)
    elif kind == EventKind.COVER_CHANGE:
        status = _change_cover(rows, desk, event, at)
    elif kind != EventKind.CLASS_CHANGE:
        status = Status.NOT_SUPPORTED.value
    return status


@kernel
def _take(desk: Desk, event: Ints, counter: int) -> None:
    """Note what a register has brought, so that the next night brings only what is new."""
    scope, kind = TAKEN_ACCOUNT, event[Event.KIND]
    if kind == EventKind.FAMILY_LINK:
        scope = event[Event.ARG]
    elif kind == EventKind.COVER_CHANGE:
        scope = TAKEN_COVER
    k = find_counter(desk, event[Event.PERSON], counter, scope)
    if kind == EventKind.COVER_CHANGE:
        desk.counters[k, State.VALUE] = event[Event.SETTLED_DAY]
    else:
        before = desk.counters[k, State.VALUE]
        if before == 0:
            before = TAKEN_ZERO
        desk.counters[k, State.VALUE] = before + event[Event.AMOUNT] * UFEN


@kernel
def _register(desk: Desk, event: Ints) -> None:
    k = find_counter(desk, event[Event.PERSON], event[Event.ARG], event[Event.AMOUNT])
    days = (event[Event.BEGIN_DAY] + DAY_SHIFT) * LAST_DAYS + event[Event.END_DAY] + DAY_SHIFT
    desk.counters[k, State.VALUE] = days


@kernel
def _credit(desk: Desk, event: Ints, counter: int) -> int:
    k = find_counter(desk, event[Event.PERSON], counter, 0)
    amount = event[Event.AMOUNT]
    if abs(amount) >= MAX_FEN or abs(desk.counters[k, State.VALUE]) > COUNTER_MAX:
        return Status.AMOUNT_OUT_OF_RANGE.value
    desk.counters[k, State.VALUE] += amount * UFEN
    return Status.SETTLED.value


@kernel
def registration_status(desk: Desk, cells: Ints, start: int, event: Ints) -> int:
    """Return SETTLED if care begins on a day of the registration that the row requires.

    Either the bureau's register held it on that day, or an event of the person did.
    """
    wanted = cells[start + Header.REGISTRATION_ID]
    if wanted == NONE or max(event[Event.FLAGS], 0) & EventFlag.REGISTERED:
        return Status.SETTLED.value
    scope = 0
    if cells[start + Header.REGISTRATION_PER] == RegistrationPer.DISEASE:
        scope = event[Event.DISEASE]
    elif cells[start + Header.REGISTRATION_PER] == RegistrationPer.INSTITUTION:
        scope = event[Event.INSTITUTION]
    begin = event[Event.BEGIN_DAY] + DAY_SHIFT
    for k in range(desk.size[COUNTERS_SIZE]):
        if desk.counters[k, State.COUNTER] == wanted and desk.counters[k, State.SCOPE] == scope:
            days = desk.counters[k, State.VALUE]
            if days // LAST_DAYS <= begin <= days % LAST_DAYS:
                return Status.SETTLED.value
    return int(cells[start + Header.UNREGISTERED_STATUS])


@kernel
def _change_cover(rows: Rows, desk: Desk, event: Ints, at: int) -> int:
    """Carry, reset or convert the scheme's counters, and bar what lies before from cancelling."""
    for k in range(rows.covers.shape[0]):
        of_scheme = rows.covers[k, CoverField.SCHEME] == event[Event.SCHEME]
        if of_scheme and rows.covers[k, CoverField.SHARE] == NONE:
            return Status.NO_TERMS.value
    for j in range(desk.size[COUNTERS_SIZE]):
        share = _share_kept(rows, event, desk.counters[j, State.COUNTER])
        if share != NONE:
            high, low = share_limbs(desk.counters[j, State.VALUE], share)
            desk.counters[j, State.VALUE] = high + (2 * low) // PPM
    # The bar is a settlement that no event can name, of all years.
    barred = desk.size[LIVE_SIZE]
    push_live(desk, event, NEVER_CANCELLED, 0, at)
    bar_every_year(desk, barred)
    return Status.SETTLED.value


@kernel
def _share_kept(rows: Rows, event: Ints, counter: int) -> int:
    """Return the share of a counter that a cover change leaves, NONE where it leaves it alone."""
    period = counter % COUNTER_ID
    year, month = period // COUNTER_YEAR, period % COUNTER_YEAR
    on = event[Event.MONTH]
    in_month = month == on % YEAR_OF_MONTH and year == on // YEAR_OF_MONTH
    if period != 0 and not in_month and (month != 0 or year != event[Event.YEAR]):
        return NONE
    for k in range(rows.covers.shape[0]):
        if rows.covers[k, CoverField.COUNTER] == counter // COUNTER_ID:
            return int(rows.covers[k, CoverField.SHARE])
    return NONE
