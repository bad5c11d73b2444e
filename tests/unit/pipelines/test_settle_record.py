"""A night's records are filled by one thread while others read their own claims."""

import numpy as np
import pytest

from engine.claims.columns import NONE, Event
from engine.settlement.narrow import widen
from pipelines.steps.settle import record
from pipelines.steps.settle.record import Records


def test_claims_are_read_while_columns_of_others_are_put(monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records(4)
    records.put(0, {Event.SEX: np.array([1, 2, 1, 2]), Event.TOTAL: np.array([10, 20, 30, 40])})

    def put_meanwhile(*given: object) -> None:
        records.put(2, {Event.SEX: np.array([1 << 40, 2]), Event.FINAL_FUND: np.array([7, 8])})
        widen(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(record, "widen", put_meanwhile)
    events = records.take(slice(0, 2))
    assert events[:, [Event.SEX, Event.TOTAL]].tolist() == [[1, 10], [2, 20]]
    assert not events[:, Event.FINAL_FUND :].any()
    assert records.column(Event.FINAL_FUND, slice(0, 4)).tolist() == [0, 0, 7, 8]


def test_a_column_grows_to_hold_what_is_put() -> None:
    records = Records(3)
    records.put(0, {Event.SEX: np.array([1])})
    records.put(1, {Event.SEX: np.array([1 << 40, -3])})
    assert records.column(Event.SEX, slice(0, 3)).tolist() == [1, 1 << 40, -3]
    assert records.take(np.array([2, 1, 0]))[:, Event.SEX].tolist() == [-3, 1 << 40, 1]
    assert records.take(slice(0, 1))[0, Event.POLICY_ROW] == NONE
