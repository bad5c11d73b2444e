"""Two real server processes as two regions: the hospital's chain at one, the rules of the other."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from engine.ledger.postings import AccountKind
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.lake import Lake
from engine.storage.ledger_tables import COUNTERS, LEGS, SETTLEMENTS
from engine.storage.visits import VISIT_LINES
from tests.hospital_program import Message
from tests.two_regions import CARE, DROP_ANSWER, DROP_REQUEST, HOME, TWICE, Pair, two_regions

UNFILED, FILED = 434250, 627250
"""(10,000.00 - 350.00) x (65 % - 20 %), and x 65 %, in fen."""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with two_regions(tmp_path_factory.mktemp("regions")) as pair:
        yield pair


def admitted(pair: Pair, person: str) -> Message:
    """Admit a person and send lines of 10,500.00, of which 10,000.00 are in scope."""
    told = {
        "psn_no": person,
        "insutype": "390",
        "begntime": "2024-03-01 08:00:00",
        "mdtrt_cert_type": "02",
        "med_type": "21",
        "ipt_no": f"ZY{person}",
        "dscg_maindiag_code": "I63.900",
    }
    answer = pair.hospital.ask("2401", mdtrtinfo=told)
    visit = {"mdtrt_id": answer["result"]["mdtrt_id"], "psn_no": person}
    lines = (("A", "8000.00"), ("B10", "2222.22"), ("C", "277.78"))
    rows = [visit | _line(place, *line) for place, line in enumerate(lines)]
    pair.hospital.ask("2301", feedetail=rows)
    return visit


def _line(place: int, item: str, amount: str) -> Message:
    return {
        "feedetl_sn": f"L{place}",
        "fee_ocur_time": "2024-03-02 08:00:00",
        "med_list_codg": item,
        "medins_list_codg": f"local-{item}",
        "det_item_fee_sumamt": amount,
        "cnt": "1",
        "pric": amount,
    }


def bill(visit: Message) -> Message:
    told = {"mdtrt_cert_type": "02", "med_type": "21", "psn_setlway": "01", "insutype": "390"}
    return visit | told | {"medfee_sumamt": "10500.00", "acct_used_flag": "0"}


def sums(pair: Pair) -> tuple[int, int]:
    """Return what Xi'an has claimed and what Hainan owes, in fen."""
    return (
        _sum(pair.care.lake, POSTING_LEGS, HOME),
        -_sum(pair.home.lake, LEGS, CARE),
    )


def _sum(lake_: Path, table: sa.Table, party: str) -> int:
    query = sa.select(sa.func.sum(table.c.amount_fen)).where(
        table.c.account == int(AccountKind.CLEARING), table.c.party == party
    )
    return _scalar(lake_, query)


def _scalar(lake_: Path, query: sa.Select[Any]) -> int:
    database = Lake(lake_).database
    try:
        with database.reading() as connection:
            return int(connection.scalar(query) or 0)
    finally:
        database.close()


def settled_for(pair: Pair, person: str) -> int:
    """Return how many rows Hainan's ledger has for a person, settlements and reversals."""
    count = sa.select(sa.func.count()).select_from(SETTLEMENTS)
    return _scalar(pair.home.lake, count.where(SETTLEMENTS.c.person_id == person))


def owes(pair: Pair, more_fen: int) -> Callable[[], None]:
    """Return a check that both sides owe so much more than now, to the fen."""
    before = sums(pair)
    assert before[0] == before[1]

    def check() -> None:
        assert sums(pair) == (before[0] + more_fen, before[1] + more_fen)

    return check


def test_the_chain_of_a_stay_is_split_by_home_rules(pair: Pair) -> None:
    hospital, check = pair.hospital, owes(pair, UNFILED)
    asked = {"psn_no": "P1", "insutype": "390", "begntime": "2024-03-01 08:00:00"}
    assert hospital.ask("2001", data=asked)["trtinfo"][0]["trt_enjymnt_flag"] == "1"
    visit = admitted(pair, "P1")
    nothing = owes(pair, 0)
    shown = hospital.ask("2303", data=bill(visit))["setlinfo"]
    nothing()
    assert settled_for(pair, "P1") == 0
    message = hospital.message("2304", {"data": bill(visit)})
    answer = hospital.send(message)
    told = json.loads(answer)["output"]["setlinfo"]
    assert (told["hifp_pay"], told["act_pay_dedc"]) == ("4342.50", "350.00")
    assert (told["preselfpay_amt"], told["fulamt_ownpay_amt"]) == ("222.22", "277.78")
    assert {name: told[name] for name in shown if name.endswith("_pay")} == {
        name: shown[name] for name in shown if name.endswith("_pay")
    }
    check()
    assert hospital.send(message) == answer
    found = hospital.ask("5203", data=visit)["setlinfo"]
    assert (found["setl_id"], found["hifp_pay"]) == (told["setl_id"], told["hifp_pay"])
    check()


def test_neither_side_holds_what_is_the_other_s(pair: Pair) -> None:
    count = sa.select(sa.func.count())
    assert _scalar(pair.care.lake, count.select_from(COUNTERS)) == 0
    assert _scalar(pair.home.lake, count.select_from(VISIT_LINES)) == 0


def test_a_referral_filed_at_home_is_not_cut(pair: Pair) -> None:
    check, visit = owes(pair, FILED), admitted(pair, "P2")
    told = pair.hospital.ask("2304", data=bill(visit))
    assert told["setlinfo"]["hifp_pay"] == "6272.50"
    assert [row["fund_payamt"] for row in told["setldetail"]] == ["6272.50"]
    check()


def test_a_cancelled_claim_nets_to_nothing_and_may_be_settled_anew(pair: Pair) -> None:
    nothing, visit = owes(pair, 0), admitted(pair, "P3")
    settled = pair.hospital.ask("2304", data=bill(visit))["setlinfo"]
    assert pair.hospital.refused("2404", data=visit) == "visit_settled"
    message = pair.hospital.message("2305", {"data": visit | {"setl_id": settled["setl_id"]}})
    undone = pair.hospital.send(message)
    assert json.loads(undone)["output"]["setlinfo"]["hifp_pay"] == "-4342.50"
    assert pair.hospital.send(message) == undone
    nothing()
    once = owes(pair, UNFILED)
    pair.hospital.ask("2304", data=bill(visit))
    once()


@pytest.mark.parametrize(("person", "fault"), [("P4", DROP_REQUEST), ("P5", DROP_ANSWER)])
def test_what_the_line_loses_is_found_by_the_same_message(
    pair: Pair, person: str, fault: str
) -> None:
    once, visit = owes(pair, UNFILED), admitted(pair, person)
    message = pair.hospital.message("2304", {"data": bill(visit)})
    pair.wire.faults = [fault]
    assert pair.hospital.told(message)["err_msg"].startswith("outcome_unknown ")
    assert pair.hospital.refused("2304", data=bill(visit)) != ""
    assert pair.hospital.refused("2404", data=visit) == "visit_settled"
    assert pair.hospital.told(message)["infcode"] == "0"
    once()
    assert settled_for(pair, person) == 1


def test_a_query_finds_what_a_killed_home_had_settled(pair: Pair) -> None:
    once, visit = owes(pair, UNFILED), admitted(pair, "P6")
    pair.wire.faults = [pair.home.kill]
    assert pair.hospital.refused("2304", data=bill(visit)) == "outcome_unknown"
    assert pair.hospital.refused("5203", data=visit) == "outcome_unknown"
    pair.home.start()
    assert pair.hospital.ask("5203", data=visit)["setlinfo"]["hifp_pay"] == "4342.50"
    once()
    assert settled_for(pair, "P6") == 1


def test_a_killed_region_of_care_posts_once_when_the_hospital_asks_again(pair: Pair) -> None:
    once, visit = owes(pair, UNFILED), admitted(pair, "P7")
    message = pair.hospital.message("2304", {"data": bill(visit)})
    pair.wire.faults = [pair.care.kill]
    with pytest.raises(httpx.TransportError):
        pair.hospital.send(message)
    pair.care.start()
    assert pair.hospital.told(message)["infcode"] == "0"
    once()
    assert settled_for(pair, "P7") == 1


def test_a_visit_that_is_dropped_while_home_is_down_settles_nowhere(pair: Pair) -> None:
    nothing, visit = owes(pair, 0), admitted(pair, "P8")
    message = pair.hospital.message("2304", {"data": bill(visit)})
    named = {"psn_no": "P8", "omsgid": message["msgid"], "oinfno": "2304"}
    pair.home.kill()
    assert pair.hospital.refused("2303", data=bill(visit)) == "outcome_unknown"
    assert pair.hospital.told(message)["err_msg"].startswith("outcome_unknown ")
    assert pair.hospital.refused("2601", data=named) == "outcome_unknown"
    pair.home.start()
    pair.hospital.ask("2601", data=named)
    assert pair.hospital.told(message)["err_msg"].startswith("claim_undone ")
    nothing()
    assert settled_for(pair, "P8") == 0
    once = owes(pair, UNFILED)
    pair.wire.faults = [TWICE]
    pair.hospital.ask("2304", data=bill(visit))
    once()
    assert settled_for(pair, "P8") == 1
