"""A night that settles claims of a closed month: they are paid with the open one.

Xi'an, employee, out-patient care at level 1: the year's first 200.00 are the person's own, then
the pool pays 70%.
"""

from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.ledger.postings import Authority, Ledger, Purse
from engine.storage.case_tables import POSTINGS
from engine.storage.cases import Officer
from engine.storage.closed_months import close_month
from engine.storage.closing_tables import LATE_SETTLEMENTS
from engine.storage.lake import Lake
from engine.storage.ledger_check import check_ledger
from engine.storage.payments import MonthTerms, read_month, state_month
from tests.integration.night_world import NEXT, REGION, World, a_bill, next_day

MARCH, APRIL = date(2024, 3, 1), date(2024, 4, 1)
CASHIER = Officer("cashier", date(2024, 5, 6), 100)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_a_night_settles_of_a_closed_month_is_recognised_with_the_open_one(
    world: World,
) -> None:
    with closing(Lake(world.lake).database) as database:
        close_month(database, MARCH, CASHIER)
    open_month = next_day(a_bill(2, "P1", ("A", "300.00")))
    world.night(a_bill(1, "P1", ("A", "500.00")), open_month, night=NEXT)
    with closing(Lake(world.lake).database) as database:
        with database.reading() as connection:
            check_ledger(connection)
            late = [tuple(row) for row in connection.execute(sa.select(LATE_SETTLEMENTS))]
            days = set(connection.scalars(sa.select(POSTINGS.c.night)))
        assert late == [("S1", "2024-04-01")]
        assert days == {"2024-04-01"}
        ledger = Ledger(Authority.MEDICAL, REGION)
        assert state_month(database, ledger, MARCH, MonthTerms(), CASHIER) == []
        [name] = state_month(database, ledger, APRIL, MonthTerms(), CASHIER)
        stated = read_month(database, name).stated.content["purses"][Purse.POOL.name]
    # 70% of the 300.00 above the first 200.00, and of the other 300.00.
    assert stated["recognised_fen"] == 210_00 + 210_00
