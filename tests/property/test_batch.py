"""A batch is its persons one by one, whatever their order; and more cost never pays less."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.policy.book import load_book
from engine.settlement.case import settle_case
from tests.engine_stories import engine_results
from tests.oracle_terms import load_yaml
from tests.policy_strategies import PolicyMaker
from tests.strategies import StoryTeller, dump_yaml

DATA = Path(__file__).parents[2] / "engine/policy/data"
SHIPPED = sorted(DATA.glob("*/*.yaml"))
TEXTS = [
    *(path.read_text(encoding="utf-8") for path in SHIPPED[::6]),
    *(dump_yaml(PolicyMaker(number).policy()) for number in range(900, 910)),
]
PERSONS = 12
BY_PLACE = ("steps", "layers")
"""What is told of every fourth story alone."""


def told(policy: str, stories: list[Any]) -> list[list[dict[str, Any]]]:
    return [
        [{key: record[key] for key in record if key not in BY_PLACE} for record in records]
        for records in engine_results(policy, stories)
    ]


@pytest.mark.parametrize("at", range(len(TEXTS)))
def test_a_batch_is_its_persons_one_by_one_in_any_order(at: int) -> None:
    policy = TEXTS[at]
    teller = StoryTeller(load_yaml(policy), "batch")
    stories = [teller.story() for _ in range(PERSONS)]
    together = told(policy, stories)
    assert [told(policy, [story])[0] for story in stories] == together
    order = list(range(PERSONS))
    Random(at).shuffle(order)  # noqa: S311 - repeatable, no secret
    assert told(policy, [stories[k] for k in order]) == [together[k] for k in order]


def stay(region: str, scheme: str, file: Any, person_class: str, level: str) -> dict[str, Any]:
    """An in-patient stay of a person of sixty on the last day that the file was reviewed for."""
    benefit = file.benefits["inpatient"]
    end = benefit.history[-1].reviewed_until.isoformat()
    return {
        "region": region,
        "scheme": scheme,
        "person": {"class": person_class, "birth_date": "1960-01-01", "sex": "female"},
        "events": [
            {"visit": "inpatient", "level": level, "begin": end, "end": end, "disease": "J18"}
        ],
    }


def fund_total(case: dict[str, Any], total: int) -> int | None:
    [event] = case["events"]
    [settled] = settle_case(case | {"events": [event | {"total": f"{total}.00"}]})["settlements"]
    paid: int | None = settled.get("fund_total_fen")
    return paid


def stays() -> list[dict[str, Any]]:
    files = [scheme.file for scheme in load_book(DATA).schemes]
    return [
        stay(file.region, file.scheme, file, next(iter(file.person_classes)), file.levels[-1])
        for file in files
        if "inpatient" in file.benefits and "inpatient" in (file.benefits["inpatient"].visits or [])
    ]


@pytest.mark.parametrize("case", stays(), ids=lambda case: f"{case['region']}-{case['scheme']}")
def test_more_cost_in_scope_never_lowers_what_the_funds_pay(case: dict[str, Any]) -> None:
    paid = [fund_total(case, total) for total in (0, 100, 900, 5_000, 30_000, 90_000, 400_000)]
    if None in paid:
        pytest.skip("the terms of this place ask for facts that this stay does not tell")
    if not any(paid):
        pytest.skip("this benefit pays on application alone")
    assert paid == sorted(paid, key=lambda fen: fen or 0)


WITHOUT_TERMS_BY_VISIT = ("shanghai-outpatient-active", "ziyang-rural-serious-2014")
GOLDEN = DATA.parents[2] / "tests/golden/policies"


@pytest.mark.parametrize("name", WITHOUT_TERMS_BY_VISIT)
def test_a_bill_cut_in_two_is_paid_the_same_where_no_term_is_by_visit(name: str) -> None:
    policy = load_yaml((GOLDEN / f"{name}.yaml").read_text(encoding="utf-8"))
    [benefit] = policy["benefits"].values()
    visit, day = benefit["visits"][0], benefit["history"][0]["reviewed_until"].isoformat()
    place = {"visit": visit, "level": policy["levels"][0], "begin": day, "end": day}
    person = {"class": next(iter(policy["person_classes"]))}

    def paid(*totals: int) -> int:
        bills = [place | {"total": f"{total}.00"} for total in totals]
        answer = settle_case({"policy": policy, "person": person, "events": bills})
        return sum(one["fund_total_fen"] for one in answer["settlements"])

    random = Random(name)  # noqa: S311 - repeatable, no secret
    # Tens of yuan, so that no rate leaves a part of a fen to round.
    for total in (10 * random.randint(100, 20_000) for _ in range(20)):
        first = 10 * random.randint(1, total // 10 - 1)
        assert paid(first, total - first) == paid(total), (first, total)
    assert paid(200_000) > 0
