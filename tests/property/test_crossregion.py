"""Whatever is lost, repeated or undone between two regions: what one claims the other owes."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ClaimError, StorageError
from engine.ledger.clearing import Role, differences
from engine.ledger.crossregion import ClaimState
from engine.ledger.postings import AccountKind
from engine.storage import care_claims
from engine.storage.care_rows import read_claim, read_unknown
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.clearing_items import Pair, open_items, sort_items
from engine.storage.crossregion_tables import CROSS_CLAIMS
from engine.storage.database import Database
from engine.storage.ledger_check import check_ledger
from engine.storage.ledger_tables import LEGS
from tests.crossregion_world import (
    CARE,
    HOME,
    LOST_ANSWER,
    LOST_REQUEST,
    NOW,
    TWICE,
    Line,
    claim,
    home_desk,
    reversal,
)

BILLS = 2
FAR = 30_000
NUMBERS = itertools.count(0, BILLS)
STEPS = st.tuples(
    st.sampled_from(["settle", "undo", "settle", "undo", "resolve"]),
    st.integers(1, BILLS),
    st.sampled_from([(), (LOST_ANSWER,), (LOST_REQUEST,), (TWICE,)]),
)
Sides = tuple[Database, Database]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    folder: Path = tmp_path_factory.mktemp("regions")
    care, home = Database(folder / "care.db"), Database(folder / "home.db")
    yield care, home
    care.close()
    home.close()


def take(care: Database, line: Line, verb: str, number: int) -> None:
    """Take a step of a claim, whatever it is answered."""
    one = claim(number, person_id=f"P{number % BILLS + 1}")
    with care.reading() as connection:
        stored = read_claim(connection, one.ask.claim_id)
    if verb == "settle":
        care_claims.settle(care, line, one, lambda _connection: None, NOW)
    elif stored is not None and verb == "undo":
        undone = reversal(number, by=FAR + number).model_copy(
            update={"person_id": one.ask.person_id}
        )
        care_claims.reverse(care, line, stored, undone, NOW)
    elif stored is not None:
        care_claims.resolve(care, line, stored, NOW)


def agree(care: Database, home: Database) -> None:
    """Check that both ledgers say the same of every claim, and hold."""
    found = []
    for side, pair in ((care, Pair(CARE, Role.CARE, HOME)), (home, Pair(HOME, Role.HOME, CARE))):
        with side.transaction() as connection:
            sort_items(connection, FAR)
            found.append(open_items(connection, pair, FAR))
            check_ledger(connection)
    assert differences(found[0], found[1]) == []
    assert clearing(care, POSTING_LEGS) == -clearing(home, LEGS)


def clearing(database: Database, table: sa.Table) -> int:
    """Return what an account of dues between regions holds."""
    query = sa.select(sa.func.sum(table.c.amount_fen)).where(
        table.c.account == int(AccountKind.CLEARING)
    )
    with database.reading() as connection:
        return int(connection.scalar(query) or 0)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=3, max_size=8))
def test_after_any_losses_both_regions_hold_the_same_claims(
    sides: Sides, steps: list[tuple[str, int, tuple[str | None, ...]]]
) -> None:
    care, home = sides
    first = next(NUMBERS)
    late = []
    for verb, number, faults in steps:
        line = Line(home_desk(home), *faults)
        # Refused, or not known: what counts is what both ledgers say in the end.
        with suppress(ClaimError, StorageError):
            take(care, line, verb, first + number)
        late += line.delayed
    for request in late:  # What the line had lost arrives after all.
        with suppress(ClaimError):
            request()
    line = Line(home_desk(home))
    with care.reading() as connection:
        unknown = read_unknown(connection)
    for one in unknown:
        with suppress(ClaimError):  # Home lets the settlement stand, and so it stands here.
            care_claims.resolve(care, line, one, NOW)
    with care.reading() as connection:
        states = set(connection.scalars(sa.select(CROSS_CLAIMS.c.state)))
    assert states <= {ClaimState.SETTLED, ClaimState.REVERSED}
    agree(care, home)
