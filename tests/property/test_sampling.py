"""The sampling design on made-up universes: how often the lower limit is above the truth."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError
from models.chance import public_keys
from models.sampling import Frame, draw, estimate, plan

UNITS = 4_000
RATES = (0.05, 0.15, 0.40)
SIZES = (30, 100, 300)
KINDS = ("whole", "part", "large_first", "screened")
"""Whole claims wrong; parts of 30–100 % wrong; large claims wrong more often; whole claims wrong
and a screen beforehand that finds 80 % of them and suspects 5 % of the sound ones."""

CELLS = [
    pytest.param(kind, rate, size, id=f"{kind}-{rate}-{size}")
    for kind, rate, size in product(KINDS, RATES, SIZES)
]


@dataclass(frozen=True)
class Universe:
    frame: Frame
    overpaid_fen: np.ndarray


@dataclass(frozen=True)
class Cell:
    coverage: float
    demanded_over_true: float


def universe(kind: str, rate: float, dice: np.random.Generator) -> Universe:
    amount = np.maximum(100, np.exp(dice.normal(13, 1, UNITS))).astype(np.int64)
    chance = np.full(UNITS, rate)
    if kind == "large_first":
        chance = 2 * rate * np.argsort(np.argsort(amount)) / UNITS
    wrong = dice.random(UNITS) < chance
    part = dice.uniform(0.3, 1.0, UNITS) if kind == "part" else np.ones(UNITS)
    overpaid = (amount * part * wrong).astype(np.int64)
    expected = screen(amount, wrong, rate, dice) if kind == "screened" else None
    return Universe(Frame(amount, expected), overpaid)


def screen(
    amount: np.ndarray, wrong: np.ndarray, rate: float, dice: np.random.Generator
) -> np.ndarray:
    suspect = dice.random(UNITS) < np.where(wrong, 0.80, 0.05)
    hit = rate * 0.80 / (rate * 0.80 + (1 - rate) * 0.05)
    miss = rate * 0.20 / (rate * 0.20 + (1 - rate) * 0.95)
    return (amount * np.where(suspect, hit, miss)).astype(np.int64)


def simulate(kind: str, rate: float, size: int, draws: int) -> Cell:
    dice = np.random.default_rng(1)
    made = universe(kind, rate, dice)
    design = plan(made.frame, size)
    truth = int(made.overpaid_fen.sum())
    demands = []
    for _ in range(draws):
        rows = draw(design, dice.random(UNITS))
        demands.append(estimate(made.frame, design, rows, made.overpaid_fen[rows]).demand_fen)
    covered = float(np.mean(np.array(demands) <= truth))
    return Cell(covered, float(np.mean(demands)) / truth)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "rate", "size"), CELLS)
def test_the_lower_limit_is_safe_in_every_cell(kind: str, rate: float, size: int) -> None:
    cell = simulate(kind, rate, size, draws=2_000)
    print(f"{kind} {rate} {size}: {cell.coverage:.4f} {cell.demanded_over_true:.3f}")  # noqa: T201
    assert cell.coverage >= 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_the_lower_limit_is_safe_where_samples_are_smallest_and_errors_most(kind: str) -> None:
    assert simulate(kind, 0.40, 30, draws=1_000).coverage >= 0.95


def test_a_screen_lets_a_hundred_units_demand_most_of_the_truth() -> None:
    cell = simulate("screened", 0.15, 100, draws=1_000)
    assert cell.coverage >= 0.95
    assert cell.demanded_over_true >= 0.70


def test_a_screen_earns_its_keep() -> None:
    without, screened = (simulate(kind, 0.15, 100, draws=300) for kind in ("whole", "screened"))
    assert screened.demanded_over_true > without.demanded_over_true + 0.1


AMOUNTS = st.lists(st.integers(1, 10**9), min_size=12, max_size=80)


@given(AMOUNTS, st.integers(2, 12), st.integers(0, 2**31))
def test_a_sample_has_its_size_and_no_unit_twice(amounts: list[int], size: int, seed: int) -> None:
    frame = Frame(np.array(amounts))
    units = [f"u{number}" for number in range(len(amounts))]
    design = plan(frame, size)
    rows = draw(design, public_keys(units, seed))
    assert len(rows) == len(set(rows.tolist())) == size
    assert np.array_equal(
        np.bincount(design.stratum[rows], minlength=len(design.drawn)), design.drawn
    )


@given(AMOUNTS, st.integers(2, 12), st.integers(0, 2**31))
def test_the_limit_lies_between_what_was_found_and_the_point(
    amounts: list[int], size: int, seed: int
) -> None:
    frame = Frame(np.array(amounts))
    design = plan(frame, size)
    dice = np.random.default_rng(seed)
    rows = draw(design, dice.random(len(amounts)))
    found = (frame.amount_fen[rows] * dice.random(size)).astype(np.int64)
    told = estimate(frame, design, rows, found)
    for amount in (told.ratio, told.difference):
        assert int(found.sum()) <= amount.lower_fen <= max(amount.point_fen, int(found.sum()))


@given(AMOUNTS)
def test_auditing_every_unit_gives_the_truth(amounts: list[int]) -> None:
    frame = Frame(np.array(amounts))
    design = plan(frame, len(amounts))
    rows = draw(design, np.zeros(len(amounts)))
    found = frame.amount_fen // 3
    told = estimate(frame, design, rows, found)
    assert abs(told.difference.point_fen - int(found.sum())) <= 1
    assert abs(told.demand_fen - int(found.sum())) <= 1


def test_the_keys_can_be_computed_by_hand() -> None:
    # printf 7:A | sha256sum begins with these thirteen digits.
    assert public_keys(["A"], 7)[0] == 0x0D3757A0A5954 / 16**13


@pytest.mark.parametrize("size", [1, 13])
def test_a_size_that_does_not_fit_the_frame_is_refused(size: int) -> None:
    with pytest.raises(EngineError, match="sample_size"):
        plan(Frame(np.arange(1, 13)), size)


def test_a_unit_without_money_is_refused() -> None:
    with pytest.raises(EngineError, match="sample_size"):
        plan(Frame(np.array([5, 0, 3])), 2)


def test_a_frame_in_another_order_draws_the_same_units() -> None:
    frame = pl.DataFrame({"unit": [f"u{n}" for n in range(200)], "amount": range(100, 300)})
    drawn = []
    for part in (frame, frame.sample(fraction=1.0, shuffle=True, seed=3)):
        design = plan(Frame(part["amount"].to_numpy()), 40)
        rows = draw(design, public_keys(part["unit"].to_list(), 9))
        drawn.append(set(part["unit"].gather(rows).to_list()))
    assert drawn[0] == drawn[1]
