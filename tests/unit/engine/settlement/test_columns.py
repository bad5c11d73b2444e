"""Columns of a wide table come in the order of one's own rows, each in one piece."""

import numpy as np
import pytest

from engine.settlement.columns import columns_of

TABLE = np.array([[1, 7, -3, 0], [2, 7, -3, 5], [3, 7, -4, 5]])


@pytest.mark.parametrize("small", [400, 0], ids=["plain", "compiled"])
def test_columns_come_in_the_order_asked_for(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.settlement.jit.SMALL_JOB", small)
    found = columns_of(TABLE, np.array([2, 0, 1]), [3, 1, 2])
    assert [one.tolist() for one in found] == [[5, 0, 5], [7, 7, 7], [-4, -3, -3]]
    assert all(one.flags.c_contiguous for one in found)


def test_columns_of_one_value_share_their_memory() -> None:
    zeros = np.zeros((3, 2), dtype=np.int64)
    one, other = columns_of(zeros, np.arange(3), [0, 1])
    assert np.shares_memory(one, other)


def test_a_value_that_comes_late_is_not_taken_for_the_first() -> None:
    table = np.zeros((5, 3), dtype=np.int64)
    table[4, 1] = 9
    found = columns_of(table, np.arange(5), [0, 1, 2])
    assert [one.tolist() for one in found] == [[0] * 5, [0, 0, 0, 0, 9], [0] * 5]


def test_no_rows_are_columns_without_values() -> None:
    assert [len(one) for one in columns_of(TABLE, np.zeros(0, dtype=np.int64), [1, 2])] == [0, 0]
