"""What hospitals declare online holds in the night as it does at the counter.

The policy is that of tests/integration/register_policies: deductibles of 400 at H2 and 800 at H3,
80 % above; a stay that another hospital refers on asks for no second one.
"""

import pytest

from api.app import create_app
from api.settings import Settings
from tests.hospital_program import Hospital, keyed
from tests.http_client import TestClient
from tests.integration.night_world import NEXT, Bill, a_bill, a_stay, next_day
from tests.integration.register_world import CHRONIC, POLICIES, RegisterWorld, covered
from tests.integration.test_national_filings import stay

REFERRED = {"insutype": "310", "reflin_medins_no": "H3", "begndate": "2024-03-01"}
CARD = {"insutype": "310", "opsp_dise_code": "E11", "begndate": "2024-01-01"}


AWAY = {"mdtrtarea_admvs": "110000"}


def refer(hospital: Hospital, person: str) -> str:
    """Refer a person to H3 and return the number of the filing."""
    answer = hospital.ask("2501", refmedin=REFERRED | {"psn_no": person})
    number: str = answer["result"]["trt_dcla_detl_sn"]
    return number


def chronic(number: int, person: str) -> Bill:
    return a_bill(number, person, ("A", "100.00"), med_type=CHRONIC, dise_codg="E11")


class Settled:
    """What the counter and then a night paid of persons whom no register knows."""

    def __init__(self, world: RegisterWorld, first: Hospital, second: Hospital) -> None:
        for person in ("P1", "P2", "P3"):
            stay(first, person, "1000.00")
        numbers = {person: refer(first, person) for person in ("P1", "P2", "P3", "P4")}
        first.ask("2502", data={"psn_no": "P3", "trt_dcla_detl_sn": numbers["P3"]})
        second.ask("2503", psndise=CARD | {"psn_no": "P5"})
        self.at_the_counter = stay(second, "P1", "1000.00")["hifp_pay"]
        bills = [
            *(a_stay(number, f"P{number}", ("A", "1000.00")) for number in (2, 3)),
            *(
                a_stay(number, person, ("A", "1000.00"), **AWAY, fixmedins_code="H2")
                for number, person in ((4, "P4"), (6, "P6"))
            ),
            chronic(5, "P5"),
            chronic(7, "P7"),
        ]
        world.night(*(next_day(bill) for bill in bills), night=NEXT)
        self.pool = {name: row["pool_paid_fen"] for name, row in world.settled().items()}
        self.pending = world.pending()


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Settled:
    persons = [covered(f"P{number}", 100 + number) for number in range(1, 9)]
    world = RegisterWorld(tmp_path_factory.mktemp("declared"), persons)
    world.night(a_bill(1, "P8", ("A", "100.00")))
    settings = Settings(lake=world.lake, policies=POLICIES)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        return Settled(world, *(keyed(client, world.lake, name) for name in ("H2", "H3")))


def test_a_referral_gives_the_same_settlement_at_night_as_at_the_counter(settled: Settled) -> None:
    # 1000 x 80 %.
    assert settled.at_the_counter == "800.00"
    assert settled.pool["S2"] == 800_00


def test_a_referral_that_was_taken_back_spares_nothing_at_night(settled: Settled) -> None:
    # (1000 - 800) x 80 %.
    assert settled.pool["S3"] == 160_00


def test_a_registration_counts_at_night_for_whom_it_was_declared_alone(settled: Settled) -> None:
    # 100 x 60 %; of the other nobody knows how many diseases are registered.
    assert settled.pool["S5"] == 60_00
    assert settled.pending["S7"] == "no_terms"


def test_a_referral_to_one_place_tells_nothing_of_another(settled: Settled) -> None:
    assert settled.pending["S4"] == settled.pending["S6"] == "cross_region_filing_unknown"
