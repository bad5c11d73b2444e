"""How the claims come, in which files and from which origin."""

from pathlib import Path

import pytest

from tests.integration.night_world import (
    NIGHT,
    Bill,
    World,
    a_bill,
    a_refund,
    a_stay,
    balanced,
    deliver,
    negative,
)

SECOND = "2024-03-20 09:00:00"
REFUNDED = a_stay(3, "P2", ("A", "800.00"))
CLAIMS = (
    a_stay(1, "P1", ("A", "5000.00"), ("BED", "50.00", 3)),
    a_stay(2, "P1", ("A", "9000.00"), ("C", "20.00")),
    *(REFUNDED, a_refund(4, REFUNDED)),
    # One message number and one second at two hospitals: which stay is the first?
    a_stay(5, "P3", ("A", "3000.00"), msgid="M", setl_time=SECOND),
    a_stay(6, "P3", ("A", "4000.00"), msgid="M", setl_time=SECOND, fixmedins_code="H2"),
    a_bill(7, "P4", ("A", "10.00")),
    a_bill(7, "P4", ("A", "11.00"), mdtrt_id="V71"),  # the same settlement number
    a_bill(8, "P4", ("A", "10.00"), mdtrt_id="V9"),
    a_bill(9, "P4", ("A", "10.00"), mdtrt_id="V9"),  # the same visit
    a_bill(10, "NOBODY", ("A", "10.00")),
    a_bill(11, "P5", ("A", "10.00"), med_type="53"),
)


def shuffled(bills: tuple[Bill, ...]) -> list[Bill]:
    return [*bills[1::3], *bills[::3], *bills[2::3]]


def test_names_order_splits_and_format_of_the_files_leave_the_result_as_it_is(
    tmp_path: Path,
) -> None:
    deliveries = {
        "as-it-is": deliver(tmp_path / "a", CLAIMS),
        "backwards": deliver(tmp_path / "b", CLAIMS[::-1]),
        "in-parts": deliver(tmp_path / "c", shuffled(CLAIMS), parts=4),
        "as-parquet": deliver(tmp_path / "d", shuffled(CLAIMS), parts=2, suffix="parquet"),
    }
    for file in list((tmp_path / "b").iterdir()):
        file.rename(file.with_name(file.name.replace("-0", "-renamed")))
    told = {name: World(tmp_path, name).run(folder) for name, folder in deliveries.items()}
    first = told["as-it-is"]
    assert first["rejected"]["claims"] == 4
    assert first["pending"]["claims"] == 1
    same = ("result_hash", "input", "settled", "rejected", "pending", "by_code", "totals")
    for summary in told.values():
        assert {name: summary[name] for name in same} == {name: first[name] for name in same}


def test_another_amount_is_another_result(tmp_path: Path) -> None:
    hashes = {
        World(tmp_path, price).run(deliver(tmp_path / price, [a_bill(1, "P1", ("A", price))]))[
            "result_hash"
        ]
        for price in ("300.00", "300.01")
    }
    assert len(hashes) == 2


ONLINE = {
    "inscp_scp_amt": "500.00",
    "hifp_pay": "210.00",
    "fund_pay_sumamt": "210.00",
    "acct_pay": "0.00",
    "psn_cash_pay": "290.00",
}


def an_online_bill(number: int, person: str, **changes: str) -> Bill:
    """Return a visit of 500.00 at level 1, settled online: (500 - 200) x 70% = 210."""
    told = {"origin": "settled_online"} | ONLINE | changes
    return a_bill(number, person, ("A", "500.00"), **told)


AGREES, DIFFERS = an_online_bill(1, "P1"), an_online_bill(2, "P2")
DIFFERS.claim.update({"hifp_pay": "215.00", "fund_pay_sumamt": "215.00", "psn_cash_pay": "285.00"})
ONLINE_REFUND = a_refund(4, AGREES, **{name: negative(amount) for name, amount in ONLINE.items()})
BY_ORIGIN = (
    *(AGREES, DIFFERS),
    an_online_bill(3, "P3", inscp_scp_amt=""),  # Not all amounts need to be sent.
    ONLINE_REFUND,
    a_bill(5, "P4", ("A", "500.00"), origin="manual"),
    a_bill(6, "P5", ("A", "500.00"), origin="foreign"),
    a_bill(7, "P6", ("A", "500.00"), origin="foreign", mdtrtarea_admvs="110000"),
    # A correction bills anew what was refunded before it; without the refund it falls.
    a_bill(8, "P4", ("A", "400.00"), origin="correction", ref_setl_id="S5", mdtrt_id="V5"),
    *((to_correct := a_bill(9, "P7", ("A", "500.00"))), a_refund(10, to_correct)),
    a_bill(11, "P7", ("A", "400.00"), origin="correction", ref_setl_id="S9", mdtrt_id="V9"),
    a_bill(12, "P8", ("A", "500.00"), origin="elsewhere"),
)


@pytest.fixture(scope="module")
def origins(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("origins"))
    world.summary = world.night(*BY_ORIGIN)
    return world


def test_what_was_settled_online_the_same_has_no_difference(origins: World) -> None:
    assert not set(origins.table("differences")["settlement_id"]) & {"S1", "S3", "S4"}


def test_what_was_settled_online_otherwise_has_a_row_for_each_amount(origins: World) -> None:
    rows = origins.table("differences").filter(settlement_id="S2")
    assert rows.select("night", "amount", "online_fen", "recomputed_fen").rows() == [
        (NIGHT.isoformat(), "cash_paid_fen", 285_00, 290_00),
        (NIGHT.isoformat(), "fund_total_fen", 215_00, 210_00),
        (NIGHT.isoformat(), "pool_paid_fen", 215_00, 210_00),
    ]


def test_a_claim_settled_online_is_one_settlement_and_never_two(origins: World) -> None:
    settled = origins.table("settlements")
    assert settled["settlement_id"].is_unique().all()
    online = settled.filter(origin=1).sort("settlement_id")
    assert online["settlement_id"].to_list() == ["S1", "S2", "S3", "S4"]
    assert online["pool_paid_fen"].to_list() == [210_00, 210_00, 210_00, -210_00]


def test_a_claim_settled_online_counts_in_the_year_once(origins: World) -> None:
    counters = origins.counters()
    assert counters["P2", "employee", "outpatient_paid"] == 210 * 100 * 10**6
    assert not any(person == "P1" for person, *_ in counters)


def test_totals_tell_origins_apart(origins: World) -> None:
    assert origins.summary["totals"]["by_origin"] == {"0": 2, "1": 4, "2": 1, "3": 1, "4": 1}
    online = origins.table("totals").filter(origin=1)
    assert (online["claims"].sum(), online["pool_paid_fen"].sum()) == (4, 2 * 210_00)


def test_manual_and_foreign_claims_are_settled_by_the_policy_or_wait(origins: World) -> None:
    assert origins.amounts("S5")["pool_paid_fen"] == 210_00
    assert origins.amounts("S6")["pool_paid_fen"] == 210_00
    assert origins.pending() == {"S7": "cross_region_filing_unknown"}


def test_a_correction_stands_only_where_its_original_was_undone(origins: World) -> None:
    rejected = origins.rejected()
    assert rejected["claims-0.csv:8"] == "duplicate_visit"
    assert rejected["claims-0.csv:12"] == "unknown_code"
    assert origins.amounts("S11")["pool_paid_fen"] == 140_00
    assert balanced(origins.summary)
