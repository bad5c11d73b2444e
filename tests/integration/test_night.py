"""A night of a few claims: every amount by hand, every record accounted for."""

import pytest

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.codes.enums import Fund
from pipelines.night import exit_code
from tests.integration.night_world import (
    ADULT,
    RESIDENT,
    World,
    a_bill,
    a_refund,
    a_stay,
    balanced,
)

YUAN_UFEN = 100 * 10**6
STAY = a_stay(
    1,
    "E1",
    ("A", "10000.00"),
    ("B", "2000.00"),  # first share 4%: 80.00
    ("B10", "1000.00"),  # first share of its own, 10%: 100.00
    ("C", "500.00"),
    ("BED", "50.00", 10),  # ceiling 32.00 a day: 180.00 over it
    acct_used_flag="1",
)
VISIT = a_bill(2, "E2", ("A", "500.00"))
RESIDENT_STAY = a_stay(
    3, "R1", ("A", "3000.00"), ("B", "1000.00"), insutype=RESIDENT, fixmedins_code="H2"
)
UNDONE = a_bill(4, "P1", ("A", "300.00"))
PLAIN = (STAY, VISIT, RESIDENT_STAY, UNDONE, a_refund(5, UNDONE))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("plain"))
    world.summary = world.night(*PLAIN)
    return world


def test_a_stay_pays_deductible_bands_and_account_to_the_fen(plain: World) -> None:
    # Covered 10000 + 1920 + 900 + 320 = 13140. Deductible 650 lies in the first band:
    # 9350 x 88% + 3140 x 91% = 8228.00 + 2857.40. The account holds 100.00.
    assert plain.amounts("S1") == {
        "total_fen": 14000_00,
        "self_pay_off_list_fen": 500_00,
        "self_pay_over_price_fen": 180_00,
        "self_pay_first_share_fen": 180_00,
        "covered_fen": 13140_00,
        "deductible_paid_fen": 650_00,
        "pool_paid_fen": 11085_40,
        "fund_total_fen": 11085_40,
        "account_paid_fen": 100_00,
        "cash_paid_fen": 2814_60,
        "person_total_fen": 2914_60,
    }


def test_an_outpatient_visit_pays_above_the_annual_deductible(plain: World) -> None:
    # Level 1, retired: (500 - 200) x (70% + 5 points).
    assert plain.amounts("S2") == {
        "total_fen": 500_00,
        "covered_fen": 500_00,
        "deductible_paid_fen": 200_00,
        "pool_paid_fen": 225_00,
        "fund_total_fen": 225_00,
        "cash_paid_fen": 275_00,
        "person_total_fen": 275_00,
    }


def test_a_resident_stay_is_settled_by_the_resident_scheme(plain: World) -> None:
    # First share 5% of 1000; level 2: (3950 - 400) x 70%.
    assert plain.amounts("S3") == {
        "total_fen": 4000_00,
        "self_pay_first_share_fen": 50_00,
        "covered_fen": 3950_00,
        "deductible_paid_fen": 400_00,
        "pool_paid_fen": 2485_00,
        "fund_total_fen": 2485_00,
        "cash_paid_fen": 1515_00,
        "person_total_fen": 1515_00,
    }


def test_a_refund_is_the_exact_negative(plain: World) -> None:
    assert plain.amounts("S4")["pool_paid_fen"] == 70_00
    undone = {name: -amount for name, amount in plain.amounts("S4").items()}
    assert plain.amounts("S5") == undone


def test_the_counters_hold_what_stands(plain: World) -> None:
    assert plain.counters() == {
        ("E1", "employee", "stays"): 1,
        ("E1", "employee", "inpatient_cost"): 13140 * YUAN_UFEN,
        ("E2", "employee", "outpatient_deductible"): 200 * YUAN_UFEN,
        ("E2", "employee", "outpatient_paid"): 225 * YUAN_UFEN,
        ("R1", "resident", "stays"): 1,
        ("R1", "resident", "inpatient_paid"): 2485 * YUAN_UFEN,
    }


def test_the_summary_has_the_agreed_keys_and_counts(plain: World) -> None:
    summary = plain.summary
    assert list(summary) == [
        *("night", "files", "input", "settled", "rejected", "pending", "by_code", "totals"),
        *("findings", "leads", "policy_hash", "result_hash", "stages"),
    ]
    assert summary["night"] == "2024-03-31"
    nothing = {"claims": 0, "lines": 0}
    assert summary["files"] == [
        {"name": "claims-0.csv", "status": "read", "code": None, "claims": 5, "lines": 0},
        {"name": "lines-0.csv", "status": "read", "code": None, "claims": 0, "lines": 10},
    ]
    assert summary["input"] == summary["settled"] == {"claims": 5, "lines": 10}
    assert (summary["rejected"], summary["pending"], summary["by_code"]) == (nothing, nothing, {})
    assert {"name", "wall_s", "rss_mb"} == set(summary["stages"][0])
    assert exit_code(summary) == 0


def test_the_totals_are_the_sums_of_the_night(plain: World) -> None:
    totals = plain.summary["totals"]
    assert set(AMOUNT_COLUMNS) < set(totals)
    assert totals["total_fen"] == 18500_00
    assert totals["fund_total_fen"] == totals["pool_paid_fen"] == 13795_40
    assert totals["account_paid_fen"] == 100_00
    assert totals["cash_paid_fen"] == 4604_60
    assert totals["by_fund"] == {
        f"{fund.name.lower()}_paid_fen": 13795_40 if fund == Fund.POOL else 0 for fund in Fund
    }
    assert [(row["institution"], row["total_fen"]) for row in totals["by_institution"]] == [
        ("H3", 14000_00),
        ("H2", 4000_00),
        ("H1", 500_00),
    ]
    amounts = {"total_fen": 18500_00, "fund_total_fen": 13795_40, "person_total_fen": 4704_60}
    assert totals["by_region"] == [{"region": "610100", "claims": 5, **amounts}]
    assert totals["by_origin"] == {"0": 5}


def test_the_same_night_again_returns_the_same_and_adds_nothing(plain: World) -> None:
    delivery, versions = plain.folder / "input-2024-03-31", plain.versions()
    assert set(versions.values()) == {1}
    assert plain.run(delivery) == plain.summary
    # Without reference data of its own it takes what the lake has kept, which is the same.
    assert plain.run(delivery, reference=None) == plain.summary
    assert plain.versions() == versions


ELSEWHERE = {"insuplc_admdvs": "650100", "mdtrtarea_admvs": "650100"}
OLD_DAYS = {"begndate": "1951-01-01", "enddate": "1951-01-02"}
OF_TWO = a_bill(30, "TWO", ("A", "500.00"), psn_type="11")
WAITING = a_bill(40, "P5", ("A", "10.00"), med_type="53")
FALLING = a_bill(42, "NOBODY", ("A", "10.00"))
INTERIM = a_stay(44, "P6", ("A", "5000.00"), mid_setl_flag="1")
STAYED, STAYED_AGAIN = a_stay(50, "P8", ("A", "5000.00")), a_stay(51, "P8", ("A", "3000.00"))
MISTAKEN = a_stay(54, "P9", ("A", "5000.00"))
CHAIN = a_stay(60, "P11", ("A", "5000.00")), a_stay(61, "P11", ("A", "3000.00"))
CHAIN_AGAIN = a_stay(63, "P11", ("A", "5000.00"), mdtrt_id="V60")
ODD = (
    a_bill(10, "NOBODY", ("A", "1.00"), ("A", "2.00")),
    a_bill(11, "P1", ("A", "1.00"), enddate="2024-02-01"),
    a_bill(12, "P1", ("A", "1.00"), medfee_sumamt="1,00"),
    a_bill(13, "P1", ("A", "1.00"), setl_time="2024-04-01 00:00:00"),
    a_bill(14, "P1", ("A", "1.00"), mdtrtarea_admvs="110000"),
    a_stay(15, "P2", ("A", "1000.00"), ("UNHEARD", "70.00")),
    a_bill(16, "P3", ("A", "100.00"), **ELSEWHERE),
    a_bill(17, "OLD", ("A", "100.00"), **OLD_DAYS),
    a_bill(18, "OLD", ("A", "100.00"), **OLD_DAYS, setl_time="1951-01-02 00:00:00"),
    a_bill(19, "TOWNS", ("A", "100.00"), acct_used_flag="1"),
    OF_TWO,
    a_stay(31, "TWO", ("A", "5000.00"), insutype=RESIDENT, psn_type=ADULT),
    a_refund(32, OF_TWO),
    *(WAITING, a_refund(41, WAITING), FALLING, a_refund(43, FALLING)),
    *(INTERIM, a_refund(45, INTERIM)),
    a_stay(46, "P7", ("A", "5000.00"), segment="2"),
    *(STAYED, STAYED_AGAIN),
    a_refund(52, STAYED),  # not the person's last settlement: it falls
    a_stay(53, "P8", ("A", "5000.00"), mdtrt_id="V50"),
    *(MISTAKEN, a_stay(55, "P9", ("A", "3000.00"))),
    a_refund(56, MISTAKEN),
    a_stay(57, "P10", ("A", "5000.00"), mdtrt_id="V54"),
    *CHAIN,
    a_refund(62, CHAIN[0]),  # falls: the second stay is live
    CHAIN_AGAIN,  # falls: the visit is billed
    a_refund(64, CHAIN[1]),  # holds, for the one before has fallen
    a_refund(65, CHAIN[0]),  # holds now
    a_refund(66, CHAIN_AGAIN),  # falls: it is of a claim that fell
    a_stay(67, "P11", ("A", "4000.00"), mdtrt_id="V60"),
    *(UNDONE, a_refund(5, UNDONE), a_refund(6, UNDONE, ref_setl_id="S5")),
)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("odd"))
    world.summary = world.night(*ODD)
    return world


def fates(world: World, *numbers: int) -> list[str]:
    """Return what became of claims S<number> of the odd night."""
    settled, pending, rejected = world.settled(), world.pending(), world.rejected()
    row = {bill.claim["setl_id"]: f"claims-0.csv:{k + 1}" for k, bill in enumerate(ODD)}
    names = [f"S{number}" for number in numbers]
    return [
        "settled" if name in settled else pending.get(name) or rejected[row[name]] for name in names
    ]


def test_every_record_is_settled_rejected_or_pending(odd: World) -> None:
    lines = sum(len(bill.lines) for bill in ODD)
    assert odd.summary["input"] == {"claims": len(ODD), "lines": lines}
    assert balanced(odd.summary)
    assert odd.summary["settled"]["claims"] == len(odd.settled())
    assert odd.summary["pending"]["claims"] == len(odd.pending())
    assert exit_code(odd.summary) == 10


def test_what_is_wrong_in_itself_is_rejected_with_its_code(odd: World) -> None:
    wrong = ["unknown_person", "end_before_begin", "money_format", "settled_after_night"]
    assert fates(odd, 10, 11, 12, 13) == wrong


def test_care_in_another_region_waits(odd: World) -> None:
    assert fates(odd, 14) == ["cross_region_filing_unknown"]


def test_an_unknown_item_is_paid_by_the_person_as_the_policy_says(odd: World) -> None:
    assert odd.amounts("S15")["self_pay_off_list_fen"] == 70_00
    assert odd.amounts("S15")["covered_fen"] == 1000_00


def test_where_or_when_there_is_no_policy_a_claim_waits(odd: World) -> None:
    assert fates(odd, 16, 17, 18) == ["no_policy"] * 3


def test_one_number_in_two_regions_spends_its_own_region_s_account(odd: World) -> None:
    assert odd.amounts("S19")["account_paid_fen"] == 30_00


def test_one_person_in_two_schemes_has_two_years(odd: World) -> None:
    # Last-first holds within a scheme: the later resident stay does not stand in the way.
    assert odd.amounts("S32")["pool_paid_fen"] == -210_00
    assert odd.amounts("S31")["pool_paid_fen"] == (5000_00 - 1200_00) * 60 // 100
    assert {scheme for person, scheme, _ in odd.counters() if person == "TWO"} == {"resident"}


def test_a_refund_goes_the_way_of_an_original_that_waits_or_falls(odd: World) -> None:
    assert fates(odd, 40, 41) == ["no_policy", "original_pending"]
    assert fates(odd, 42, 43) == ["unknown_person", "unknown_person"]


def test_segments_wait_rather_than_pay_two_deductibles(odd: World) -> None:
    assert fates(odd, 44, 45, 46) == ["not_supported", "original_pending", "not_supported"]


def test_a_visit_is_not_paid_twice_when_the_refund_between_falls(odd: World) -> None:
    fate = ["settled", "settled", "reversal_not_last", "duplicate_visit"]
    assert fates(odd, 50, 51, 52, 53) == fate
    assert odd.counters()["P8", "employee", "inpatient_cost"] == 8000 * YUAN_UFEN


def test_nor_is_it_paid_to_another_person_then(odd: World) -> None:
    assert fates(odd, 54, 56, 57) == ["settled", "reversal_not_last", "duplicate_visit"]


def test_what_falls_frees_the_refunds_behind_it(odd: World) -> None:
    fell = ["reversal_not_last", "duplicate_visit"]
    assert fates(odd, 62, 63, 64, 65) == [*fell, "settled", "settled"]
    assert fates(odd, 66, 67) == ["refund_without_original", "settled"]
    assert odd.counters()["P11", "employee", "inpatient_cost"] == 4000 * YUAN_UFEN


def test_a_refund_of_a_refund_falls(odd: World) -> None:
    assert fates(odd, 4, 5, 6) == ["settled", "settled", "refund_without_original"]
