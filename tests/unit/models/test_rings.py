"""Meetings, groups and leads of rings, on cases small enough to count by hand."""

from collections.abc import Mapping
from itertools import count

import polars as pl
import pytest

from models.evaluation.rings import ring_figures
from models.rings.groups import GROUP_FEATURES, group_features, linked_groups
from models.rings.meetings import CLAIM_COLUMNS, HOLDERS_MAX, NEXT_CLAIMS, RING_KINDS, meetings
from models.rings.score import USED, ring_leads, shipped_models

DAY = 86_400
NO_CODES = pl.DataFrame(schema={"claim": pl.Int64, "code": pl.Int64})


def claims(*rows: Mapping[str, object]) -> pl.DataFrame:
    """Return claims: one place, one physician, 100.00 yuan of which 60.00 by the funds."""
    number = count(0)
    usual = {
        "institution": 1, "physician": 1, "terminal": None, "begin_day": 0, "end_day": 0,
        "settled_at": 0, "disease_code": "J18", "total_fen": 10_000, "fund_fen": 6_000,
        "stay": False,
    }  # fmt: skip
    told = [{**usual, "claim": next(number), **row} for row in rows]
    schema = dict.fromkeys(CLAIM_COLUMNS, pl.Int64) | {
        "disease_code": pl.String,
        "stay": pl.Boolean,
    }
    return pl.DataFrame(told, schema=schema)


def stays(*persons: int, begin: int, **other: object) -> list[dict[str, object]]:
    """Return a stay of five days for each person."""
    when = {"begin_day": begin, "end_day": begin + 5, "settled_at": (begin + 5) * DAY}
    return [{"person": one, "stay": True, **when, **other} for one in persons]


def sales(*persons: int, day: int, apart: int = 60) -> list[dict[str, object]]:
    """Return purchases at terminal 7, one after the other."""
    return [
        {"person": one, "terminal": 7, "begin_day": day, "end_day": day,
         "settled_at": day * DAY + 36_000 + place * apart}
        for place, one in enumerate(persons)
    ]  # fmt: skip


def pairs(met: pl.DataFrame) -> set[tuple[int, int]]:
    return set(met.select("left", "right").unique().rows())


def test_stays_that_begin_and_end_together_twice_are_meetings() -> None:
    twice = [*stays(1, 2, 3, begin=10), *stays(1, 2, begin=60), *stays(3, begin=62)]
    assert pairs(meetings("stays", claims(*twice), NO_CODES)) == {(1, 2)}


def test_cards_at_one_terminal_within_ten_minutes_on_three_days_are_meetings() -> None:
    rows = [row for day in (1, 5, 9) for row in sales(4, 5, day=day)]
    rows += [row for day in (1, 5) for row in sales(6, 7, day=day + 30)]
    rows += [row for day in (2, 6, 11) for row in sales(8, 9, day=day, apart=601)]
    assert pairs(meetings("desk", claims(*rows), NO_CODES)) == {(4, 5)}


def test_a_claim_is_compared_with_a_few_that_follow_alone() -> None:
    crowd = [1, *range(10, 10 + NEXT_CLAIMS), 2]
    rows = [row for day in (1, 5, 9) for row in sales(*crowd, day=day, apart=1)]
    met = pairs(meetings("desk", claims(*rows), NO_CODES))
    assert (1, 2) not in met
    assert (1, 10) in met


def test_a_pack_settled_elsewhere_is_a_meeting_and_a_split_box_is_none() -> None:
    rows = claims(
        {"person": 1, "settled_at": 0},
        {"person": 2, "settled_at": 9 * DAY, "institution": 2},
        {"person": 3, "settled_at": 0},
        {"person": 4, "settled_at": 9 * DAY},
        {"person": 5, "settled_at": 0},
        {"person": 6, "settled_at": 46 * DAY},
    )
    codes = pl.DataFrame({"claim": [0, 1, 2, 3, 4, 5], "code": [70, 70, 71, 71, 72, 72]})
    assert pairs(meetings("codes", rows, codes)) == {(1, 2), (5, 6)}


def test_a_code_with_many_holders_is_no_pack() -> None:
    people = range(HOLDERS_MAX + 1)
    rows = claims(*({"person": one, "institution": one} for one in people))
    codes = pl.DataFrame({"claim": list(people), "code": [9] * len(people)})
    assert meetings("codes", rows, codes).is_empty()


def test_two_who_keep_company_are_no_group_and_three_are() -> None:
    rows = [row for begin in (10, 60) for row in stays(1, 2, begin=begin)]
    rows += [row for begin in (20, 70) for row in stays(7, 8, 9, begin=begin)]
    groups = linked_groups(meetings("stays", claims(*rows), NO_CODES))
    assert groups.sort("person").rows() == [(7, 7), (8, 7), (9, 7)]


def test_figures_of_a_group_are_those_that_one_counts() -> None:
    first = [
        *stays(1, 2, begin=10, total_fen=10_000),
        *stays(3, begin=10, total_fen=20_000, physician=2, disease_code="N18.5"),
    ]
    second = stays(1, 2, 3, begin=60, total_fen=10_050)
    alone = [{"person": 1, "begin_day": 29, "end_day": 29, "fund_fen": 4_000}]
    rows = claims(*first, *second, *alone)
    met = meetings("stays", rows, NO_CODES)
    told = group_features(met, linked_groups(met), rows, NO_CODES).row(0, named=True)
    # Six stays at 60.00 by the funds; 40.00 were paid beside them. Five of six charges have a like
    # one; five of six are of physician 1, one is planned. Of 56 days, six person-days of three.
    assert told["fund_fen"] == 36_000
    assert told["together_share"] == pytest.approx(0.9)
    assert told["alike_share"] == pytest.approx(5 / 6, abs=1e-6)
    assert told["physician_share"] == pytest.approx(5 / 6, abs=1e-6)
    assert told["planned_share"] == pytest.approx(1 / 6, abs=1e-6)
    assert told["days_per_member"] == pytest.approx(2 / (56 / 30), abs=1e-6)


def test_leads_do_not_depend_on_the_order_of_the_rows() -> None:
    rows = [row for begin in (10, 60) for row in stays(7, 8, 9, begin=begin)]
    rows += [row for day in (1, 5, 9) for row in sales(1, 2, 3, day=day)]
    frame = claims(*rows)
    turned = frame.reverse()
    leads, members = ring_leads(frame, NO_CODES, shipped_models())
    other_leads, other_members = ring_leads(turned, NO_CODES, shipped_models())
    assert leads.rows() == other_leads.rows()
    assert members.rows() == other_members.rows()
    assert set(leads["kind"]) == {"stays", "desk"}


def test_shipped_weights_point_the_way_that_their_words_say() -> None:
    models = shipped_models()
    assert set(models) == set(RING_KINDS)
    for kind, model in models.items():
        assert set(USED[kind]) <= set(GROUP_FEATURES)
        weight = dict(zip(USED[kind], model.weight, strict=True))
        assert all(weight[name] < 0 for name in weight if name == "planned_share")


def test_a_missed_ring_and_a_disturbed_family_both_cost() -> None:
    truth = pl.DataFrame(
        {"unit": [0] * 3 + [1] * 3 + [2] * 3, "person": range(9),
         "ring": [True] * 6 + [False] * 3}
    )  # fmt: skip
    leads = pl.DataFrame(
        {"kind": ["desk", "desk"], "group": [6, 0], "probability_ppm": [900_000, 800_000],
         "fund_fen": [5, 7]}
    )  # fmt: skip
    members = pl.DataFrame({"kind": ["desk"] * 6, "group": [6] * 3 + [0] * 3,
                            "person": [6, 7, 8, 0, 1, 2]})  # fmt: skip
    money = pl.DataFrame({"unit": [0, 1], "fund_fen": [30, 70]})
    figures = ring_figures(leads, members, truth, money)
    # One of two rings found, behind the family: precision 1/2 at recall 1/2, 2/3 at the end.
    assert (figures.rings, figures.found, figures.disturbed) == (2, 1, 1)
    assert figures.ap == pytest.approx(0.5 * 0.5 + 0.5 * 2 / 3)
    assert figures.money_share == pytest.approx(0.3)
    assert figures.disturbed_per_10_000 == 10_000
