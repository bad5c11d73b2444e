"""A night settles by what the bureau's registers tell: one person for each kind of register."""

from datetime import date
from pathlib import Path

import pytest

from tests.integration.night_world import (
    EMPLOYEE,
    NEXT,
    REGION,
    RETIRED,
    Bill,
    Record,
    World,
    a_bill,
    a_refund,
    a_stay,
    balanced,
    next_day,
)
from tests.integration.register_world import (
    CHRONIC,
    ELSEWHERE,
    MATERNITY,
    RegisterWorld,
    covered,
    credited,
    filed,
    linked,
    registered,
)

PERSONS = [
    covered("SUGAR", 1),
    covered("OTHER", 2),
    covered("TWICE", 3),
    covered("MOTHER", 4),
    covered("FRESH", 5, enrolled_from="2023-10-02"),
    covered("FILED", 6),
    covered("ROAMS", 7),
    covered("SENT", 8),
    covered("SECOND", 9, tier="second"),
    covered("SHORT", 10, person_type=RETIRED, contribution_years="24"),
    covered("SAVER", 11, account_balance="10.00"),
    covered("CHILD", 12),
    covered("MOVER", 13, cover_to="2024-03-05"),
    covered("MOVER", 13, tier="second", cover_from="2024-03-05"),
    covered("BARE", 14, tier="", enrolled_from="", contribution_years=""),
]
REGISTERS = {
    "registrations": [
        registered("SUGAR", valid_to="2024-03-02"),
        registered("OTHER", disease_code="I10"),
        # Two cards for one disease, apart, and one for another.
        registered("TWICE", valid_from="2022-01-01", valid_to="2023-01-01"),
        registered("TWICE", valid_from="2024-02-01"),
        registered("TWICE", disease_code="I10"),
        *(
            registered(person, registration="own_hospital", disease_code="", institution_id="H2")
            for person in ("MOTHER", "FRESH")
        ),
    ],
    "filings": [
        filed("FILED", "long_term"),
        filed("SENT", "transfer", care_region="610100", institution_id="H3"),
    ],
    "account_credits": [
        credited(1, "SAVER", "2024-03-20", "100.00"),
        credited(2, "SAVER", "2024-03-21", "1000.00"),
        credited(3, "SAVER", "2024-04-01", "5.00"),
    ],
    "family_links": [linked(1, "SAVER", "CHILD", "2024-03-20", "30.00")],
}


def chronic(number: int, person: str, amount: str, **changes: str) -> Bill:
    return a_bill(
        number, person, ("A", amount), med_type=CHRONIC, **({"dise_codg": "E11"} | changes)
    )


AWAY = {"mdtrtarea_admvs": ELSEWHERE}
BILLS = [
    chronic(1, "SUGAR", "100.00"),
    chronic(2, "SUGAR", "100.00", begndate="2024-03-02", enddate="2024-03-02"),
    chronic(3, "OTHER", "100.00"),
    chronic(4, "TWICE", "1000.00"),
    chronic(5, "TWICE", "1000.00", begndate="2024-01-31", enddate="2024-01-31"),
    a_stay(6, "MOTHER", ("A", "1000.00"), med_type=MATERNITY, fixmedins_code="H2"),
    a_stay(7, "MOTHER", ("A", "1000.00"), med_type=MATERNITY),
    a_stay(8, "FRESH", ("A", "1000.00"), med_type=MATERNITY, fixmedins_code="H2"),
    a_stay(9, "FILED", ("A", "1800.00"), **AWAY),
    a_stay(10, "ROAMS", ("A", "1800.00"), **AWAY),
    a_stay(11, "ROAMS", ("A", "1800.00"), **AWAY, filing="emergency"),
    a_stay(12, "SENT", ("A", "1400.00"), fixmedins_code="H2"),
    a_stay(13, "SENT", ("A", "1800.00")),
    a_stay(14, "SECOND", ("A", "1800.00")),
    a_bill(15, "SHORT", ("A", "100.00")),
    a_bill(16, "SECOND", ("A", "100.00")),
    a_bill(17, "SAVER", ("A", "300.00"), acct_used_flag="1"),
    a_bill(18, "CHILD", ("A", "100.00"), acct_used_flag="1"),
    a_stay(19, "MOVER", ("A", "11800.00"), begndate="2024-03-01", setl_time="2024-03-04 10:00:00"),
    a_stay(20, "MOVER", ("A", "9800.00"), begndate="2024-03-05"),
    a_stay(21, "BARE", ("A", "1800.00")),
    a_stay(22, "BARE", ("A", "1800.00"), **AWAY, filing="transfer"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = RegisterWorld(tmp_path_factory.mktemp("registers"), PERSONS, **REGISTERS)
    made.summary = made.night(*BILLS)
    return made


def pool(world: World, settlement: str) -> int:
    return int(world.settled()[settlement]["pool_paid_fen"])


def test_nothing_is_lost(world: World) -> None:
    assert balanced(world.summary)
    assert world.summary["rejected"]["claims"] == 0
    assert set(world.pending()) == {"S2", "S3", "S5", "S7", "S21", "S22"}


@pytest.mark.parametrize(
    ("settlement", "fen"),
    [
        ("S1", 60_00),  # 60% of 100.
        ("S4", 500_00),  # 60% of 1000, held at the cap of who is registered for two diseases.
        ("S6", 1000_00),  # In her own hospital, insured for long: all of it.
        ("S8", 400_00),  # From 2 October to 6 March are five full months: 40%.
        ("S9", 800_00),  # Lives in Beijing: as at home, (1800 - 800) x 80%.
        ("S10", 500_00),  # No filing is registered: not filed, 50%.
        ("S11", 700_00),  # The bill itself says that it was an emergency: 70%.
        ("S12", 800_00),  # (1400 - 400) x 80%
        ("S13", 1440_00),  # Referred on to H3: no second deductible, 1800 x 80%.
        ("S14", 900_00),  # The second tier: 1000 x 90%.
        ("S15", 50_00),  # 24 years paid: 50%.
        ("S16", 60_00),  # 30 years: 60%.
    ],
)
def test_a_fact_of_the_registers_decides_what_the_fund_pays(
    world: World, settlement: str, fen: int
) -> None:
    assert pool(world, settlement) == fen


@pytest.mark.parametrize(
    ("settlement", "code"),
    [
        ("S2", "no_terms"),  # The card ended before that day: registered for no disease.
        ("S3", "not_registered"),  # Registered for another disease.
        ("S5", "not_registered"),  # Between two cards.
        ("S7", "not_registered"),  # Another hospital than the registered one.
        ("S21", "no_terms"),  # No tier is known.
        ("S22", "no_terms"),
    ],
)
def test_what_the_registers_do_not_hold_makes_a_claim_wait(
    world: World, settlement: str, code: str
) -> None:
    assert world.pending()[settlement] == code


def test_an_account_holds_at_a_claim_what_entered_it_until_then(world: World) -> None:
    # 10 at the opening, 100 on the day of the claim, of which 30 are set aside for the child.
    # Of the 1000 of the next day the claim sees nothing.
    assert world.settled()["S17"]["account_paid_fen"] == 80_00
    assert world.counters()["SAVER", "employee", "account_balance"] == 1000_00 * 10**6


def test_a_linked_account_pays_what_its_owner_set_aside(world: World) -> None:
    child = world.amounts("S18")
    assert (child["account_paid_fen"], child["cash_paid_fen"]) == (30_00, 10_00)


def test_another_tier_in_mid_year_converts_what_the_year_has_paid(world: World) -> None:
    # (11800 - 800) x 80%; then half of it counts, and (9800 - 800) x 90% meets 10000 - 4400.
    assert (pool(world, "S19"), pool(world, "S20")) == (8800_00, 5600_00)
    assert world.settled()["S20"]["ordinal"] == 0


def test_the_next_night_takes_what_is_new_of_a_register_and_nothing_twice(tmp_path: Path) -> None:
    world = RegisterWorld(tmp_path, PERSONS, **REGISTERS)
    world.night(BILLS[16], BILLS[18])
    late = credited(4, "SAVER", "2024-03-01", "7.00")
    world.bring(PERSONS, **REGISTERS | {"account_credits": [*REGISTERS["account_credits"], late]})
    spends = a_bill(30, "SAVER", ("A", "3000.00"), acct_used_flag="1")
    again = a_stay(31, "MOVER", ("A", "9800.00"), begndate="2024-03-05")
    world.night(next_day(spends), next_day(again), night=NEXT)
    # 1000 were left; 7 that came late and 5 of this day are new.
    assert world.settled()["S30"]["account_paid_fen"] == 1012_00
    # The cover changed between the nights' claims, though the first night knew of it already.
    assert pool(world, "S31") == 5600_00
    third = a_stay(32, "MOVER", ("A", "9800.00"), setl_time="2024-04-02 10:00:00")
    world.night(third, night=date(2024, 4, 2))
    # The cap is used up: 4400 and 5600. The change is not taken a second time.
    assert pool(world, "S32") == 0


def test_a_register_that_nobody_brings_is_not_known(tmp_path: Path) -> None:
    world = RegisterWorld(tmp_path, PERSONS)
    summary = world.night(BILLS[0], BILLS[9], BILLS[16])
    # Neither cards nor filings are kept: the claims wait. The account is that of `persons` alone.
    assert world.pending() == {"S1": "no_terms", "S10": "cross_region_filing_unknown"}
    assert world.settled()["S17"]["account_paid_fen"] == 10_00
    assert balanced(summary)


def test_a_registration_that_arrives_late_settles_the_claim_that_waited_and_no_other(
    tmp_path: Path,
) -> None:
    other = REGISTERS["registrations"][1:]
    world = RegisterWorld(tmp_path, PERSONS, registrations=other)
    world.night(BILLS[0])
    assert world.pending() == {"S1": "no_terms"}
    world.bring(PERSONS, registrations=[registered("SUGAR"), *other])
    world.night(next_day(BILLS[0]), night=NEXT)
    assert pool(world, "S1") == 60_00


def test_a_claim_of_a_closed_year_is_refused(tmp_path: Path) -> None:
    closed = {"region": REGION, "insurance": EMPLOYEE, "year": "2024", "closed_on": "2024-03-20"}
    world = RegisterWorld(tmp_path, PERSONS, closed_years=[closed])
    before = a_bill(1, "SECOND", ("A", "100.00"), setl_time="2024-03-19 23:59:59")
    world.night(before, a_bill(2, "SECOND", ("A", "100.00")))
    assert set(world.settled()) == {"S1"}
    assert set(world.rejected().values()) == {"year_closed"}


def test_care_begun_after_an_end_on_record_is_refused_and_the_day_of_death_is_not(
    tmp_path: Path,
) -> None:
    ends = [ended("SUGAR", "death"), ended("TWICE", "moved_away")]
    world = RegisterWorld(tmp_path, PERSONS, ends=ends)
    on = {"begndate": "2024-03-10", "enddate": "2024-03-10"}
    after = {"begndate": "2024-03-11", "enddate": "2024-03-11"}
    bills = [
        a_bill(1, "SUGAR", ("A", "100.00"), **on),
        a_bill(2, "SUGAR", ("A", "100.00"), **after),
        a_bill(3, "TWICE", ("A", "100.00"), **on),
        a_bill(4, "OTHER", ("A", "100.00"), **after),
    ]
    assert balanced(world.night(*bills))
    assert set(world.settled()) == {"S1", "S4"}
    assert set(world.rejected().values()) == {"entitlement_ended"}


def test_an_end_that_arrives_late_stops_later_nights_and_still_lets_a_refund_through(
    tmp_path: Path,
) -> None:
    world = RegisterWorld(tmp_path, PERSONS)
    paid = a_bill(1, "SUGAR", ("A", "100.00"), begndate="2024-03-11", enddate="2024-03-11")
    world.night(paid)
    world.bring(PERSONS, ends=[ended("SUGAR", "death")])
    world.night(next_day(a_refund(2, paid)), night=NEXT)
    assert world.amounts("S2") == {name: -fen for name, fen in world.amounts("S1").items()}


def ended(person: str, kind: str) -> Record:
    """Return an end on 10 March that the bureau learned of on the 15th."""
    return {
        "person_id": person,
        "end": kind,
        "ended_on": "2024-03-10",
        "known_on": "2024-03-15",
    }
