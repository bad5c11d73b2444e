"""Compares the engine with the oracle on 200,000 random events: amounts, layers and counters."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.engine_stories import engine_results
from tests.oracle import NOTHING, Oracle, settle_story
from tests.oracle_terms import load_yaml
from tests.policy_strategies import PolicyMaker
from tests.strategies import Story, StoryTeller, dump_yaml

Record: TypeAlias = dict[str, Any]
Settle: TypeAlias = Callable[[list[Story]], list[list[Record]]]

SHIPPED = sorted((Path(__file__).parents[2] / "engine/policy/data").glob("*/*.yaml"))
SHIPPED_EVENTS = 300
DRAWN_POLICIES = 200
DRAWN_EVENTS = 1_000
AT_ONCE = 20


def stories_of(policy: Record, seed: str, events: int) -> list[Story]:
    """Return stories that hold at least so many events."""
    teller = StoryTeller(policy, seed)
    stories: list[Story] = []
    while events > 0:
        stories.append(teller.story())
        events -= len(stories[-1].events)
    return stories


def first_difference(expected: list[Record], found: list[Record]) -> str | None:
    """Return where two tellings of one story part, or None."""
    if len(expected) != len(found):
        return f"{len(expected)} events, the engine answers {len(found)}"
    for ours, theirs in zip(expected, found, strict=True):
        keys = ["event", "status"]
        if ours["status"] == "settled":
            keys += NOTHING
        for key in keys:
            if ours[key] != theirs.get(key):
                return f"{ours['event']}.{key}: oracle {ours[key]}, engine {theirs.get(key)}"
        if layers_differ(ours["layers"], theirs.get("layers", [])):
            return f"{ours['event']}.layers: oracle {ours['layers']}, engine {theirs['layers']}"
    ours, theirs = expected[-1]["counters"], found[-1]["counters"]
    return None if ours == theirs else f"counters at the end: oracle {ours}, engine {theirs}"


def layers_differ(ours: list[Record], theirs: list[Record]) -> bool:
    """Return whether layers differ in anything that the engine tells of them."""
    told = [{key: one[key] for key in other} for one, other in zip(ours, theirs, strict=False)]
    return len(ours) != len(theirs) or told != theirs


def smallest(story: Story, differs: Callable[[Story], bool]) -> Story:
    """Return the story less every event, and the opening state, that the difference can spare."""
    for event in story.events:
        shorter = replace(story, events=[one for one in story.events if one is not event])
        told = shorter.claims() or (shorter.events and not shorter.state)
        if told and differs(shorter):
            story = shorter
    unopened = replace(story, state={})
    return unopened if differs(unopened) else story


def compare(text: str, terms: Record, seed: str, events: int) -> None:
    """Fail with a case file of the first story on which engine and oracle differ."""
    policy = load_yaml(text)
    oracle = Oracle(policy)
    stories = stories_of(policy, seed, events)

    def difference(story: Story, found: list[Record]) -> str | None:
        expected = oracle.settle(story.person, story.state, story.events)
        return first_difference(expected, found)

    def of_engine(story: Story) -> str | None:
        return difference(story, engine_results(text, [story])[0])

    for story, found in zip(stories, engine_results(text, stories), strict=True):
        if difference(story, found) is not None:
            least = smallest(story, lambda one: of_engine(one) is not None)
            pytest.fail(f"{of_engine(least)}\n{least.case_yaml(terms)}")


def test_there_are_shipped_policies_to_compare() -> None:
    assert SHIPPED


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_engine_settles_shipped_policies_as_the_oracle_does(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    policy = load_yaml(text)
    terms = {"region": policy["region"], "scheme": policy["scheme"]}
    compare(text, terms, path.parent.name + path.stem, SHIPPED_EVENTS)


@pytest.mark.parametrize("first", range(0, DRAWN_POLICIES, AT_ONCE))
def test_the_engine_settles_drawn_policies_as_the_oracle_does(first: int) -> None:
    for number in range(first, first + AT_ONCE):
        policy = PolicyMaker(number).policy()
        compare(dump_yaml(policy), {"policy": policy}, str(number), DRAWN_EVENTS)


def test_the_oracle_pays_each_claim_out_whole_and_no_part_below_zero() -> None:
    for number in range(20):
        policy = PolicyMaker(number).policy()
        for story in stories_of(policy, f"identities {number}", 100):
            for told in settle_story(policy, story.person, story.state, story.events):
                amounts = {key: told[key] for key in NOTHING if key in told}
                # An application pays the person, and a price may pass the bill.
                hospital = amounts.pop("hospital_part_fen", 0)
                if amounts and not amounts["total_fen"]:
                    continue
                sign = -1 if amounts and amounts["total_fen"] < 0 else 1
                assert all(sign * amount >= 0 for amount in amounts.values()), story
                assert amounts.get("total_fen", 0) == hospital + sum(
                    amounts.get(key, 0) for key in ("fund_total_fen", "person_total_fen")
                )
                assert min(told["counters"].values(), default=0) >= 0, story


def test_the_smallest_story_keeps_what_makes_the_difference() -> None:
    events = [{"id": name} for name in "abcd"]
    story = Story({"class": "active"}, {"counters": {"paid": "1.00"}}, events)
    least = smallest(story, lambda one: {"id": "b"} in one.events and {"id": "d"} in one.events)
    assert least == Story({"class": "active"}, {}, [{"id": "b"}, {"id": "d"}])


def test_a_fen_of_difference_in_any_place_is_seen() -> None:
    policy = PolicyMaker(1).policy()
    [story] = stories_of(policy, "a fen", 1)
    expected = settle_story(policy, story.person, story.state, story.events)
    settled = next(n for n, told in enumerate(expected) if told["layers"])
    for key in NOTHING:
        found = [dict(told) for told in expected]
        found[settled][key] += 1
        assert first_difference(expected, found) == (
            f"{expected[settled]['event']}.{key}: "
            f"oracle {expected[settled][key]}, engine {expected[settled][key] + 1}"
        )
