"""Repricing against plain settlement: a claim repriced is the claim as if it had been sent so."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from engine.claims.columns import (
    FUNDS_COUNT,
    STEP_LAYER,
    STEP_WIDTH,
    Bucket,
    Event,
    EventFlag,
    EventKind,
    Ints,
    Result,
    Status,
    Step,
)
from engine.policy.compiler import CompiledBook
from engine.settlement.case import Story as CaseStory
from engine.settlement.case import read_story
from engine.settlement.case_form import read_form
from engine.settlement.reprice import BUCKETS, FACTS, Correction, Difference, reprice
from engine.settlement.settle import Settled
from tests.engine_stories import as_case, book_of, settle_all
from tests.oracle_terms import load_yaml
from tests.policy_strategies import PolicyMaker
from tests.repricing import as_table, moving, paid_of, void
from tests.strategies import StoryTeller, dump_yaml

SHIPPED = sorted((Path(__file__).parents[2] / "engine/policy/data").glob("*/*.yaml"))
TEXTS = [
    *(path.read_text(encoding="utf-8") for path in SHIPPED),
    *(dump_yaml(PolicyMaker(number).policy()) for number in range(12)),
]
STORIES = 40
ELSEWHERE = (Step.STREAM, Step.HOME_SHARE)
"""Steps by which money of a claim lies outside its ordinary buckets."""


class City:
    """Many persons' stories under one policy, settled."""

    def __init__(self, text: str, *, shipped: bool) -> None:
        self.shipped = shipped
        teller = StoryTeller(load_yaml(text), "reprice")
        self.book: CompiledBook = book_of(text)
        stories = [teller.story() for _ in range(STORIES)]
        self.told = [
            read_story(read_form({"policy": {}, **as_case(story)}), self.book, 0)
            for story in stories
        ]
        self.settled = settle_stories(self.book, self.told)
        results = self.settled.results
        claims = results[:, Result.KIND] == EventKind.CLAIM
        self.at = np.flatnonzero(claims & (results[:, Result.STATUS] == Status.SETTLED))
        events = np.vstack([one.events for one in self.told])
        rows = results[self.at, Result.EVENT]
        self.flags = events[rows, Event.FLAGS]
        self.facts = events[np.ix_(rows, FACTS)]

    def price(self, correction: Correction) -> Difference:
        used = (self.flags & EventFlag.ACCOUNT_USED) != 0
        return reprice(self.book, paid_of(self.settled, self.at, used, self.facts), correction)

    def plain(self) -> Ints:
        """1 for claims whose amounts shown are just the ordinary stream's buckets, else 0."""
        first, trace = self.settled.trace_first, self.settled.trace
        codes = [trace[first[at] : first[at + 1] : STEP_WIDTH] % STEP_LAYER for at in self.at]
        return np.array([int(not np.isin(one, ELSEWHERE).any()) for one in codes])


def settle_stories(book: CompiledBook, told: list[CaseStory]) -> Settled:
    return settle_all(book, told, np.cumsum([0, *(len(one.events) for one in told)]))


def payers(results: Ints) -> Ints:
    """Funds, account and cash, column by column."""
    funds = list(range(Result.FUND, Result.FUND + FUNDS_COUNT))
    return results[:, [*funds, Result.ACCOUNT, Result.CASH]]


@pytest.fixture(scope="module", params=range(len(TEXTS)))
def city(request: pytest.FixtureRequest) -> City:
    city = City(TEXTS[request.param], shipped=request.param < len(SHIPPED))
    if not len(city.at):
        pytest.skip("no drawn claim has terms here: one disease alone is settled")
    return city


def test_a_claim_repriced_as_it_was_differs_by_nothing(city: City) -> None:
    assert len(city.at) > STORIES
    nothing = np.zeros((len(city.at), len(Bucket)), dtype=np.int64)
    assert not as_table(city.price(moving(nothing))).any()


def test_a_voided_claim_gives_back_all_that_was_paid(city: City) -> None:
    paid = payers(city.settled.results[city.at])
    assert (as_table(city.price(void(len(city.at)))) == -paid).all()


def test_a_moved_claim_is_settled_as_if_it_had_been_sent_so(city: City) -> None:
    random = Random(1)  # noqa: S311 - repeatable, no secret
    results = city.settled.results[city.at]
    buckets = results[:, Result.OFF_LIST : Result.COVERED + 1]
    moved = np.array([[random.randint(0, int(one)) for one in row] for row in buckets])
    moved *= city.plain()[:, None]
    differences = as_table(city.price(moving(moved)))
    variants = list(sent_so(city, moved))
    again = settle_stories(city.book, [story for _, story in variants]).results
    ends = np.cumsum([len(story.events) for _, story in variants]) - 1
    position = np.empty(len(again), dtype=np.int64)
    position[again[:, Result.EVENT]] = np.arange(len(again))
    expected = payers(again[position[ends]]) - payers(results[[at for at, _ in variants]])
    assert (differences[[at for at, _ in variants]] == expected).all()
    # A drawn policy may be such that no move of any claim changes what its funds pay.
    funds_pay = results[:, Result.FUND_TOTAL].any()
    assert expected[:, :FUNDS_COUNT].any() or not (city.shipped and funds_pay)


def sent_so(city: City, moved: Ints) -> Iterator[tuple[int, CaseStory]]:
    """Yield each claim without lines, and its story that ends with it corrected."""
    rows = {int(row): at for at, row in enumerate(city.settled.results[city.at, Result.EVENT])}
    first = 0
    for story in city.told:
        for k in range(len(story.events)):
            at = rows.get(first + k)
            if at is not None and not story.bill.lines:
                events = story.events[: k + 1].copy()
                events[k, BUCKETS] -= moved[at]
                events[k, BUCKETS.start + Bucket.OFF_LIST] += moved[at].sum()
                yield at, replace(story, events=events)
        first += len(story.events)
