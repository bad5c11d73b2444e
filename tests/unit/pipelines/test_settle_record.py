"""A night's records are filled by one thread while others read their own claims."""

from itertools import count

import numpy as np
import pytest

from engine.claims.columns import NONE, Event
from pipelines.steps.settle import record
from pipelines.steps.settle.record import Records


def test_claims_are_read_while_columns_of_others_are_put(monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records(4)
    records.put(0, {Event.SEX: np.array([1, 2, 1, 2]), Event.TOTAL: np.array([10, 20, 30, 40])})
    buckets = count(int(Event.FINAL_FUND))
    part = record._part  # noqa: SLF001 - the one moment between two columns of a reader

    def put_meanwhile(rows: slice, first: int) -> object:
        records.put(2, {next(buckets): np.array([7, 8])})
        return part(rows, first)

    monkeypatch.setattr(record, "_part", put_meanwhile)
    events = records.take(slice(0, 2))
    assert events[:, [Event.SEX, Event.TOTAL]].tolist() == [[1, 10], [2, 20]]
    assert not events[:, Event.FINAL_FUND :].any()
    assert records.column(Event.FINAL_FUND, slice(0, 4)).tolist() == [0, 0, 7, 8]


def test_a_column_grows_to_hold_what_is_put() -> None:
    records = Records(3)
    records.put(0, {Event.SEX: np.array([1])})
    records.put(1, {Event.SEX: np.array([1 << 40, -3])})
    assert records.column(Event.SEX, slice(0, 3)).tolist() == [1, 1 << 40, -3]
    assert records.take(slice(0, 1))[0, Event.POLICY_ROW] == NONE
