"""Terms that few layers have: what does not go together is refused, with its line."""

import pytest

from tests.unit.engine.policy.policies import changed, marked_line, refusal

STAY = 'deductible: {method: per_stay, amount: ["800.00", "400.00"]}'
ROUNDED = "        rounding: layer\n        caps:\n"
SERIOUS = "        rounding: layer\n        pays_off: [copay.basic]\n"
COUNTERS = "  paid: {counts: money, scope: [year]}\n"
MORE = (
    COUNTERS
    + "  asked: {counts: money, scope: [year]}\n"
    + "  taken: {counts: money, scope: [year]}\n"
    + "  stays_own: {counts: stays, scope: [year]}\n"
    + "  last_end: {counts: day, scope: [year]}\n"
    + "  ever: {counts: day, scope: [life]}\n"
)
WITH_COUNTERS = changed(COUNTERS, MORE)


@pytest.mark.parametrize(
    ("code", "terms"),
    [
        ("deductible_shape", '{method: annual, amount: "800.00", counter: cost, every_days: 90}'),
        ("deductible_shape", '{method: per_stay, amount: "800.00", share: 20%}'),
        ("deductible_shape", '{method: share_of_bill, amount: "800.00"}'),
        ("list_without_ordinal", '{method: share_of_bill, share: 20%, amount: ["800.00"]}'),
        ("list_without_ordinal", '{method: per_stay, amount: ["800.00"], every_days: 90}'),
        ("not_days", '{method: per_stay, amount: "800.00", every_days: 0}'),
        ("not_days", '{method: per_stay, amount: "800.00", every_days: {L1: 90, L3: "90"}}'),
        ("ordinal_twice", '{method: per_stay, amount: ["800.00"], ordinal: stays}'),
        ("unknown_counter", '{method: per_stay, amount: ["800.00"], ordinal: paid}'),
        ("rate_above_one", '{method: share_of_bill, share: 101%, amount: "800.00"}'),
        (
            "unknown_counter",
            '{method: per_stay, amount: "800.00", waived: {within_days: 15, counter: paid}}',
        ),
        (
            "counter_scope",
            '{method: per_stay, amount: "800.00", waived: {within_days: 15, counter: ever}}',
        ),
        (
            "transfer_shape",
            '{method: per_stay, amount: "800.00", transfer: {upward: difference, asked: asked}}',
        ),
        (
            "transfer_shape",
            '{method: per_stay, amount: "1.0", transfer: {upward: none, asked: cost, taken: cost}}',
        ),
        (
            "transfer_shape",
            '{method: per_stay, amount: "800.00", transfer: {upward: first_free, asked: asked}}',
        ),
        ("unknown_base", "{method: per_stay, amount: {share: 5%, of: wage}}"),
    ],
)
def test_a_deductible_that_cannot_be_meant_is_refused(code: str, terms: str) -> None:
    text = changed(STAY, f"deductible: {terms}  # here", WITH_COUNTERS)
    error = refusal(text)
    assert (error.code, error.line) == (code, marked_line(text))


@pytest.mark.parametrize(
    ("code", "adjust"),
    [
        ("adjust_shape", "{points: 2%, times: 90%}"),
        ("adjust_shape", "{for: {level: [L1]}}"),
        ("adjust_shape", "{points: 2%, from: 50}"),
        ("adjust_shape", "{points: 2%, per: age}"),
        ("adjust_shape", "{points: 2%, per: age, from: 50, below: 90}"),
        ("adjust_shape", "{points: 2%, per: age, below: 50, to: 60}"),
        ("adjust_shape", "{times: 90%, per: age, from: 50}"),
        ("unknown_member", "{times: 90%, for: {tier: [first]}}"),
        ("finer_than_ppm", "{times: 33.3333%}"),
    ],
)
def test_an_adjustment_that_cannot_be_meant_is_refused(code: str, adjust: str) -> None:
    text = changed("        - {points: 2%, for: {level: [L1]}}", f"        - {adjust}  # here")
    assert refusal(changed("rate: 80%", "rate: 80.01%", text)).code == code


def test_points_by_the_year_stand_last() -> None:
    yearly = "        - {points: 1%, per: age, from: 50}\n        - {points: 2%}"
    text = changed("        - {points: 2%, for: {level: [L1]}}", yearly)
    assert refusal(text).code == "adjust_shape"


@pytest.mark.parametrize("price", ['"8000.00"', '{L1: "8000.00", L3: none}'])
def test_a_price_goes_without_a_guaranteed_share(price: str) -> None:
    share = "{rate: 1%, of: [covered], after_deductible: true}"
    extra = f"        price: {price}  # here\n        guaranteed: {share}\n"
    text = changed(ROUNDED, extra + ROUNDED)
    error = refusal(text)
    assert (error.code, error.line) == ("layer_shape", marked_line(text))


@pytest.mark.parametrize(
    "extra",
    [
        'price: "8000.00"',
        'less: "10.00"',
        "guaranteed: {rate: 45%, of: [covered], after_deductible: true}",
        "adjust: [{points: 1%, per: age, from: 50}]",
    ],
)
def test_a_layer_on_the_years_total_has_no_such_terms(extra: str) -> None:
    text = changed(SERIOUS, f"        {extra}  # here\n{SERIOUS}")
    error = refusal(text)
    assert (error.code, error.line) == ("layer_shape", marked_line(text))


def test_two_layers_may_not_number_their_stays_by_one_counter() -> None:
    own = 'deductible: {method: per_stay, amount: ["800.00", "400.00"], ordinal: stays_own}'
    text = changed(STAY, own, WITH_COUNTERS)
    second = text.replace(
        "        mode: incremental\n        total: burden\n", "        mode: per_claim\n"
    )
    second = second.replace('deductible: {method: annual, amount: "6000.00"}', own)
    assert refusal(second).code == "ordinal_twice"


@pytest.mark.parametrize(
    "values",
    ["[]", '[{from: 2023-01-01, amount: "1.00"}, {from: 2023-01-01, amount: "2.00"}]'],
)
def test_the_values_of_a_base_follow_each_other(values: str) -> None:
    text = changed("counters:\n", f"bases: {{wage: {values}}}\ncounters:\n")
    assert refusal(text).code == "dates"
