import numpy as np

from models.evaluation.proxies import JOINT, proxies

DICE = np.random.default_rng(17)
MEMBER = DICE.random(2_000) < 0.2
NOISE = DICE.normal(size=(2_000, 3))


def test_figures_that_know_nothing_of_a_group_raise_no_alarm() -> None:
    told = proxies(("a", "b", "c"), NOISE, MEMBER)
    assert [one.figure for one in told] == ["a", "b", "c", JOINT]
    assert not any(one.alarm for one in told)


def test_a_planted_proxy_raises_the_alarm_and_so_do_all_figures_together() -> None:
    values = NOISE.copy()
    values[:, 1] -= 2.0 * MEMBER
    alarm = {one.figure: one.alarm for one in proxies(("a", "b", "c"), values, MEMBER)}
    assert alarm == {"a": False, "b": True, "c": False, JOINT: True}


def test_a_proxy_that_lies_in_two_figures_together_is_found() -> None:
    # Either alone is half of the story, their difference is all of it.
    shared = DICE.normal(0, 5, 2_000)
    values = np.column_stack([shared + 2.0 * MEMBER, shared + NOISE[:, 0]])
    alarm = {one.figure: one.alarm for one in proxies(("a", "b"), values, MEMBER)}
    assert alarm == {"a": False, "b": False, JOINT: True}


def test_a_group_of_a_few_is_too_small_to_say() -> None:
    assert proxies(("a",), NOISE[:, :1], np.arange(2_000) < 19) == []
