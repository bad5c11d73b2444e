"""What a policy file's terms come to for one combination: bands, adjustments, dates, sources."""

import datetime

from engine.claims.columns import Part
from engine.codes.enums import ItemCategory
from engine.periods import day_number
from engine.policy.book import Entry, Scheme, parse_scheme
from engine.policy.line_terms import LineRow, LineTerms
from engine.policy.terms import Account, LayerTerms, Terms
from tests.unit.engine.policy.policies import BASE, changed, scheme_with

NO_ADJUST = changed("        adjust:\n        - {points: 2%, for: {level: [L1]}}\n", "")


def _day(year: int, month: int, day: int) -> int:
    return day_number(datetime.date(year, month, day))


def entry(scheme: Scheme, benefit: str = "inpatient", number: int = 0) -> Entry:
    return scheme.entries[benefit][number]


def terms(scheme: Scheme, **cell: str) -> Terms:
    found = next(row.terms for row in entry(scheme).rows if cell.items() <= row.cell.items())
    assert found is not None
    return found


def layer(scheme: Scheme, **cell: str) -> LayerTerms:
    return terms(scheme, **cell).layers[0]


def rates(text: str, **cell: str) -> list[int]:
    return [band.rate_ppm for band in layer(parse_scheme(text, "f"), **cell).bands]


def adjusted(adjust: str, **cell: str) -> list[int]:
    return rates(changed("{points: 2%, for: {level: [L1]}}", adjust), **cell)


def test_amounts_are_fen_and_rates_parts_per_million() -> None:
    basic = layer(parse_scheme(BASE, "f"), level="L3", person_class="retired")
    assert basic.deductibles_fen == (80_000, 40_000)
    assert [(band.to_fen, band.rate_ppm) for band in basic.bands] == [
        (4_000_000, 950_000),
        (None, 800_000),
    ]
    assert [(cap.on, cap.amount_fen, cap.counter) for cap in basic.caps] == [
        ("payment", 3_000_000, "paid")
    ]


def test_parts_are_places_of_the_burden_vector() -> None:
    found = terms(parse_scheme(BASE, "f"))
    assert found.layers[0].base == (Part.COVERED,)
    assert found.layers[1].base == (Part.DEDUCTIBLE, Part.COPAY)
    assert found.layers[1].pays_off == (Part.COPAY,)
    assert found.account == Account(((), ()), (Part.DEDUCTIBLE,), 0)


def test_points_are_added_where_they_apply() -> None:
    assert rates(BASE, level="L1", person_class="active") == [920_000, 820_000]
    assert rates(BASE, level="L3", person_class="active") == [900_000, 800_000]


def test_points_can_be_taken_away() -> None:
    assert adjusted("{points: -5%}", person_class="active") == [850_000, 750_000]


def test_rates_stay_between_nothing_and_everything() -> None:
    assert adjusted("{points: 15%}", person_class="active") == [1_000_000, 950_000]
    assert adjusted("{points: -85%}", person_class="active") == [50_000, 0]


def test_the_persons_share_is_multiplied() -> None:
    # 10 % x 60 % = 6 %, 20 % x 60 % = 12 %.
    assert adjusted("{personal_times: 60%}", person_class="active") == [940_000, 880_000]


def test_adjustments_go_in_the_order_given() -> None:
    times = "{personal_times: 50%}"
    points = "{points: 4%}"
    assert adjusted(f"{times}\n        - {points}", person_class="active") == [990_000, 940_000]
    assert adjusted(f"{points}\n        - {times}", person_class="active") == [970_000, 920_000]


def test_a_band_that_pays_nothing_is_not_adjusted() -> None:
    text = changed("rate: 80%", "rate: 0%")
    assert rates(text, level="L1", person_class="active") == [920_000, 0]


def test_an_adjustment_applies_only_where_all_its_dimensions_do() -> None:
    both = "{points: 3%, for: {level: [L1], person_class: [retired]}}"
    assert adjusted(both, level="L1", person_class="retired") == [980_000, 830_000]
    assert adjusted(both, level="L1", person_class="active") == [900_000, 800_000]
    assert adjusted(both, level="L3", person_class="retired") == [950_000, 800_000]


def test_the_persons_share_may_be_stated_instead_of_the_funds() -> None:
    text = changed("{to: null, rate: 80%}", "{to: null, personal: 12.5%}", NO_ADJUST)
    assert rates(text, person_class="active") == [900_000, 875_000]


def test_a_whole_table_may_depend_on_a_dimension() -> None:
    table = "table: {L1: [{to: null, rate: 70%}], L3: unavailable}"
    scheme = scheme_with("table: [{to: null, rate: 60%}]", table)
    assert terms(scheme, level="L1").layers[1].bands[0].rate_ppm == 700_000
    assert [row.cell["level"] for row in entry(scheme).rows if row.terms is None] == ["L3"] * 2


def test_only_the_dimensions_used_make_rows() -> None:
    assert entry(parse_scheme(BASE, "f")).used == ("level", "person_class")
    assert entry(parse_scheme(NO_ADJUST, "f")).used == ("person_class",)
    assert entry(parse_scheme(BASE, "f"), "outpatient").used == ()


def test_the_last_dimension_runs_fastest() -> None:
    cells = [tuple(row.cell.values()) for row in entry(parse_scheme(BASE, "f")).rows]
    assert cells == [("L1", "active"), ("L1", "retired"), ("L3", "active"), ("L3", "retired")]


def test_every_dimension_of_an_adjustment_makes_rows() -> None:
    scheme = scheme_with("{level: [L1]}", "{age: [from_70]}")
    assert entry(scheme).used == ("person_class", "age")


def test_ages_stand_youngest_first_however_the_file_lists_them() -> None:
    swapped = changed(
        "{under_70: [0, 70], from_70: [70, null]}", "{from_70: [70, null], under_70: [0, 70]}"
    )
    scheme = parse_scheme(swapped, "f")
    assert scheme.dimensions.members["age"] == ("under_70", "from_70")
    assert scheme.ranges("age") == [("under_70", 0, 70), ("from_70", 70, None)]


def test_an_entry_ends_where_the_next_begins() -> None:
    text = changed(
        "reviewed_until: 2023-12-31\n      layers", "reviewed_until: 2024-06-30\n      layers"
    )
    first, second = parse_scheme(text, "f").entries["outpatient"]
    assert (first.begins, first.ends) == (_day(2023, 1, 1), _day(2024, 1, 1))
    assert (second.begins, second.ends) == (_day(2024, 1, 1), _day(2025, 1, 1))


def test_days_after_the_review_and_before_the_next_entry_belong_to_neither() -> None:
    text = changed(
        "reviewed_until: 2023-12-31\n      layers", "reviewed_until: 2023-06-30\n      layers"
    )
    first, second = parse_scheme(text, "f").entries["outpatient"]
    assert first.ends == _day(2023, 7, 1) < second.begins


def test_counters_gain_what_limits_them_and_what_is_fed() -> None:
    basic, serious = terms(parse_scheme(BASE, "f")).layers
    assert basic.feeds == (("paid", "payment"), ("cost", "cost"))
    assert serious.feeds == (("burden", "base"),)


def test_a_position_gains_the_cost_with_or_without_the_deductible() -> None:
    inside = changed("position: claim", "position: cost")
    outside = changed("deductible_inside: true", "deductible_inside: false", inside)
    outside = changed("        feeds: {cost: cost}\n", "", outside)
    assert ("cost", "cost") in layer(parse_scheme(inside, "f")).feeds
    assert ("cost", "cost_above_deductible") in layer(parse_scheme(outside, "f")).feeds


def test_each_value_cites_the_source_nearest_to_it() -> None:
    text = changed("{to: null, rate: 80%}", "{to: null, rate: 80%, source: of-band}")
    text = changed("active: 90%, retired: 95%", "active: 90%, retired: 95%, source: of-rate", text)
    text = changed("counter: paid}", "counter: paid, source: of-cap}", text)
    text = changed('"400.00"]}', '"400.00"], source: of-deductible}', text)
    basic = layer(parse_scheme(text, "f"))
    assert [band.source for band in basic.bands] == ["of-rate", "of-band"]
    assert [cap.source for cap in basic.caps] == ["of-cap"]
    assert basic.sources["deductible"] == "of-deductible"
    assert basic.sources["bands"] == "made up"


def test_line_terms_are_dated_and_hold_a_ceiling_per_level() -> None:
    [lines] = parse_scheme(BASE, "f").line_entries
    assert (lines.begins, lines.ends) == (_day(2023, 1, 1), _day(2025, 1, 1))
    assert lines.rejects_unknown is False
    assert [(row.cell, row.terms) for row in lines.rows] == [
        ({"level": level}, LineTerms(40_000, {ItemCategory.BED: price}, ()))
        for level, price in (("L1", 18_000_000), ("L3", 32_000_000))
    ]


def test_line_terms_need_no_share_and_no_ceilings() -> None:
    text = changed("  class_b_first_share: 4%\n", "").replace(
        '  ceilings:\n    bed: {L1: "18.00", L3: "32.00"}\n', ""
    )
    [lines] = parse_scheme(text.replace("self_pay", "reject"), "f").line_entries
    assert lines.rejects_unknown
    assert lines.rows == (LineRow({}, LineTerms(0, {}, ())),)


def test_one_ceiling_may_hold_for_all_levels() -> None:
    [lines] = scheme_with('{L1: "18.00", L3: "32.00"}', '"20.50"').line_entries
    assert lines.rows == (LineRow({}, LineTerms(40_000, {ItemCategory.BED: 20_500_000}, ())),)


def test_line_terms_may_be_unavailable_for_a_combination() -> None:
    [lines] = scheme_with('"32.00"', "unavailable").line_entries
    assert [row.terms is None for row in lines.rows] == [False, True]
