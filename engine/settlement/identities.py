"""The identities that every result keeps, checked on every row."""

from collections.abc import Callable

from engine.claims.columns import FUNDS_COUNT, LAYERS_MAX, EventKind, Ints, Result, Status
from engine.errors import ensure
from engine.settlement.jit import Entry, kernel

IDENTITIES = (
    "total = off list + over price + first share + covered",
    "fund total = sum of funds = sum of layers",
    "total = funds + account + cash + hospital",
    "person = account + cash",
    "no part is negative",
    "no layer pays more than its cap left",
    "a row that is not settled has no amounts",
)
ALL_HOLD = len(IDENTITIES)


def check_identities(results: Ints) -> None:
    """Check, on every row, that each amount has gone exactly once to whoever pays it.

    Raises:
        InvariantError: an identity is broken; it names the first such row.
    """
    _tell(_first_broken.sized(len(results))(results))


def check_of(results: Ints) -> Callable[[], None]:
    """Return the same check of these very results, to be made whenever they have changed."""
    first_broken = _first_broken.bound(results)
    return lambda: _tell(first_broken())


def _tell(broken: tuple[int, int]) -> None:
    row, identity = broken
    if identity != ALL_HOLD:
        ensure(condition=False, message=IDENTITIES[identity], result=row)


@Entry
def _first_broken(results: Ints) -> tuple[int, int]:
    """Return the first row that breaks an identity, and the identity; ALL_HOLD if none does."""
    for k in range(results.shape[0]):
        broken = _broken(results[k])
        if broken != ALL_HOLD:
            return k, broken
    return 0, ALL_HOLD


@kernel
def _broken(result: Ints) -> int:
    total, buckets, funds, layers = result[Result.TOTAL], 0, 0, 0
    for k in range(Result.OFF_LIST, Result.COVERED + 1):
        buckets += result[k]
    for k in range(Result.FUND, Result.FUND + FUNDS_COUNT):
        funds += result[k]
    for k in range(Result.LAYER_PAID, Result.LAYER_PAID + LAYERS_MAX):
        layers += result[k]
    person = result[Result.ACCOUNT] + result[Result.CASH]
    if total != buckets:
        return 0
    if result[Result.FUND_TOTAL] != funds or funds != layers:
        return 1
    if total != funds + person + result[Result.HOSPITAL_PART]:
        return 2
    if result[Result.PERSON_TOTAL] != person:
        return 3
    return _broken_bound(result)


@kernel
def _broken_bound(result: Ints) -> int:
    kind = result[Result.KIND]
    sign = -1 if kind == EventKind.REVERSAL else 1
    for k in range(Result.OFF_LIST, Result.CASH):
        if sign * result[k] < 0:
            return 4
    # An application has no bill: what it pays is cash below zero.
    may_pay_out = result[Result.TOTAL] == 0 and kind != EventKind.CLAIM
    if sign * result[Result.CASH] < 0 and not may_pay_out:
        return 4
    for k in range(LAYERS_MAX):
        left = result[Result.CAP_LEFT + k]
        if left >= 0 and result[Result.LAYER_PAID + k] > left:
            return 5
    if result[Result.STATUS] != Status.SETTLED and result[Result.TOTAL] != 0:
        return 6
    return ALL_HOLD
