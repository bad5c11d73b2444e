"""Whatever is wrong with a delivery, every record of it is settled, rejected or pending."""

from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.steps.check import Nights
from tests.deliveries import NIGHT, Delivery, Outcome, Record, run

JUNK = [
    "", "0", "-1", "1e3", "12.345", "１", "S1", "S2", "V1", "P2", "P9", "H9", "2024-06-30", "x y",
    "2024-06-01 00:00:00", "2024-07-01 00:00:00", "1", "310", "390", "9" * 40, '"', "\n", "张",
]  # fmt: skip
BILLS = 6


def a_delivery(random: Random) -> Delivery:
    """Bills of one to three lines, a refund, and a visit billed again after it."""
    delivery = Delivery()
    for number in range(BILLS):
        delivery.bill(number, *(f"{random.randrange(1, 99)}.50" for _ in range(1 + number % 3)))
    delivery.refund(BILLS, delivery.claims[1])
    delivery.bill(BILLS + 1, mdtrt_id="V1")
    return delivery


def corrupt(random: Random, records: list[Record]) -> None:
    """Change, double, drop or move one record."""
    place = random.randrange(len(records))
    change = random.choice(["value", "value", "value", "copy", "drop", "move"])
    if change == "value":
        column = random.choice(list(records[place]))
        records[place] = records[place] | {column: random.choice(JUNK)}
    elif change == "copy":
        records.insert(random.randrange(len(records)), records[place])
    elif change == "drop" and len(records) > 1:
        del records[place]
    else:
        records.append(records.pop(place))


def every_place(delivery: Delivery) -> set[tuple[str, int]]:
    claims = {("claims-1.csv", row + 1) for row in range(len(delivery.claims))}
    return claims | {("lines-1.csv", row + 1) for row in range(len(delivery.lines))}


def places_of(frame: pl.DataFrame, name: str) -> list[tuple[str, int]]:
    return [(name, row) for row in frame["row"].to_list()]


def left_over(outcome: Outcome) -> list[tuple[str, int]]:
    """The records that are settled or rejected, each once; and the claims that are pending."""
    pending = pl.read_parquet(outcome.checked.pending)
    return [
        *places_of(outcome.claims, "claims-1.csv"),
        *places_of(outcome.lines, "lines-1.csv"),
        *places_of(pending, "claims-1.csv"),
        *outcome.codes,
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), faults=st.integers(0, 8), late=st.booleans())
def test_every_record_has_one_fate_and_what_is_settled_is_right(
    seed: int, faults: int, late: bool
) -> None:
    random = Random(seed)  # noqa: S311 - corruption, not secrecy
    delivery = a_delivery(random)
    for _ in range(faults):
        corrupt(random, random.choice([delivery.claims, delivery.lines]))
    published = date(2024, 6, 20) if late else None
    with TemporaryDirectory() as folder:
        outcome = run(delivery, Path(folder), nights=Nights(NIGHT, published))
        found = left_over(outcome)
        assert len(found) == len(set(found))
        waiting = every_place(delivery) - set(found)
        assert {file for file, _ in waiting} <= {"lines-1.csv"}
        assert len(waiting) == outcome.checked.waiting.lines
        sums = outcome.lines.group_by("claim").agg(pl.col("amount_fen").sum()).sort("claim")
        assert sums["amount_fen"].to_list() == outcome.claims["total_fen"].to_list()
        assert outcome.claims["settlement_id"].is_unique().all()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), faults=st.integers(0, 5))
def test_the_order_of_records_decides_nothing(seed: int, faults: int) -> None:
    random = Random(seed)  # noqa: S311 - corruption, not secrecy
    delivery = a_delivery(random)
    for _ in range(faults):
        corrupt(random, random.choice([delivery.claims, delivery.lines]))
    shuffled = Delivery(
        random.sample(delivery.claims, len(delivery.claims)),
        random.sample(delivery.lines, len(delivery.lines)),
    )
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        first, second = run(delivery, Path(one)), run(shuffled, Path(other))
        assert sorted(first.settled) == sorted(second.settled)
        assert first.checked.by_code == second.checked.by_code
