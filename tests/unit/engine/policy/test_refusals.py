"""Every refusal of a policy file, with its code and its line (marked `# here`)."""

import pytest

from engine.policy.book import parse_scheme
from tests.unit.engine.policy.policies import BASE, changed, marked_line, refusal

STAY = 'deductible: {method: per_stay, amount: ["800.00", "400.00"]}'
BANDS = "bands: {position: claim, deductible_inside: true, table: [{to: null, rate: 60%}]}"
TABLE = """\
          table:
          - {to: "40000.00", rate: {active: 90%, retired: 95%}}
          - {to: null, rate: 80%}
"""
BENEFIT = """\
    visits: [inpatient]
    history:
    - from: 2023-01-01
"""


def test_the_file_that_the_refusals_change_is_accepted() -> None:
    assert parse_scheme(BASE, "f.yaml").key == ("000000", "employee")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: 试点市\n", "name: 试点市\nnick: x  # here\n"),
        ("status: published\n", "status: draft  # here\n"),
        ("scheme: employee\n", "scheme: everyone  # here\n"),
        ('region: "000000"\n', "region: 610100  # here\n"),
        ('region: "000000"\n', 'region: "0000"  # here\n'),
        ("claim_date: end\n", "claim_date: begin  # here\n"),
        ("reversal: last_first\n", "reversal: whichever  # here\n"),
        ('insurance_year: "01-01"\n', 'insurance_year: "02-29"  # here\n'),
        ('insurance_year: "01-01"\n', 'insurance_year: "13-01"  # here\n'),
        ('insurance_year: "01-01"\n', "insurance_year: W01  # here\n"),
        ("levels: [L1, L3]\n", "levels: []  # here\n"),
        ("levels: [L1, L3]\n", "levels: [L1, L-3]  # here\n"),
        ("  retired: [retired, retired_cadre]\n", "  retired: retired  # here\n"),
        ("from_70: [70, null]}\n", "from_70: [70]}  # here\n"),
        ("from_70: [70, null]}\n", "from_70: [null, null]}  # here\n"),
        (
            "  paid: {counts: money, scope: [year]}\n",
            "  paid: {counts: yuan, scope: [year]}  # here\n",
        ),
        ("    - from: 2023-01-01\n", "    - from: 2023-01-01 08:00:00  # here\n"),
        ("    - from: 2023-01-01\n", '    - from: "2023-1-1"  # here\n'),
        ("      - name: basic\n", "      - name: 基本  # here\n"),
        ("        fund: pool\n", "        fund: account  # here\n"),
        ("        takes: cost\n", "        takes: share  # here\n"),
        ("        mode: per_claim\n", "        mode: per_year  # here\n"),
        ("        rounding: layer\n", "        rounding: none  # here\n"),
        ("          deductible_inside: true\n", "          deductible_inside: 1  # here\n"),
        ("        feeds: {cost: cost}\n", "        feeds: {cost: copay}  # here\n"),
        (
            "        - {on: payment, amount",
            "        - {of: 1,  # here\n           on: payment, amount",
        ),
        ("    visits: [inpatient]\n", "    visits: []  # here\n"),
        ("  unknown_item: self_pay\n", "  unknown_item: ask  # here\n"),
    ],
)
def test_a_file_of_another_shape_is_refused(old: str, new: str) -> None:
    text = changed(old, new)
    error = refusal(text)
    assert (error.code, error.line) == ("shape", marked_line(text))


def test_a_missing_key_is_refused_and_named() -> None:
    error = refusal(changed("        rounding: layer\n", ""))
    assert error.code == "shape"
    assert "layers.0.rounding: Field required" in error.message_en


def test_more_than_eight_layers_are_refused() -> None:
    head, _, tail = changed("      account: {pays: [deductible.basic]}\n", "").partition(
        "      - name: serious\n"
    )
    layer, _, rest = tail.partition("  outpatient:\n")
    eight = "".join(f"      - name: serious{k}\n{layer}" for k in range(7))
    assert parse_scheme(f"{head}{eight}  outpatient:\n{rest}", "f").entries
    nine = f"{head}{eight}      - name: one_more\n{layer}  outpatient:\n{rest}"
    assert refusal(nine).code == "shape"


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("member_twice", "levels: [L1, L3]", "levels: [L1, active]"),
        ("member_twice", "levels: [L1, L3]", "levels: [L1, L1]"),
    ],
)
def test_a_name_in_two_dimensions_is_refused(code: str, old: str, new: str) -> None:
    assert refusal(changed(old, new)).code == code


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("unknown_visit", "    visits: [inpatient]\n", "    visits: [hospital]  # here\n"),
        ("unknown_visit", "    visits: [inpatient]\n", "    visits: [INPATIENT]  # here\n"),
        (
            "visit_twice",
            "    visits: [outpatient, emergency]\n",
            "    visits: [outpatient, inpatient]  # here\n",
        ),
        ("person_types", "  active: [active]\n", "  active: [worker]  # here\n"),
        ("person_types", "  active: [active]\n", "  active: [ACTIVE]  # here\n"),
        (
            "person_types",
            "  retired: [retired, retired_cadre]\n",
            "  retired: [retired, active]  # here\n",
        ),
        ("ages", "ages: {under_70: [0, 70],", "ages: {under_70: [1, 70],  # here\n "),
        ("ages", "from_70: [70, null]}\n", "from_70: [71, null]}  # here\n"),
        ("ages", "from_70: [70, null]}\n", "from_70: [60, null]}  # here\n"),
        ("ages", "from_70: [70, null]}\n", "from_70: [70, 70], from: [70, null]}  # here\n"),
        ("ages", "from_70: [70, null]}\n", "from_70: [70, 120]}  # here\n"),
        (
            "enrolled_months",
            "levels: [L1, L3]\n",
            "levels: [L1, L3]\nenrolled_months: {some: [1, null]}  # here\n",
        ),
        ("diseases", "levels: [L1, L3]\n", "levels: [L1, L3]\ndiseases: {tumour: [C]}  # here\n"),
        (
            "diseases",
            "levels: [L1, L3]\n",
            "levels: [L1, L3]\ndiseases: {tumour: [C], blood: [C], other: []}  # here\n",
        ),
        ("filings", "levels: [L1, L3]\n", "levels: [L1, L3]\nfilings: {near: [home]}  # here\n"),
        (
            "filings",
            "levels: [L1, L3]\n",
            "levels: [L1, L3]\nfilings: {far: [transfer]}  # here\n",
        ),
        (
            "filings",
            "levels: [L1, L3]\n",
            "levels: [L1, L3]\nfilings: {near: [local], far: [local]}  # here\n",
        ),
        ("shape", "levels: [L1, L3]\n", "levels: [L1, L3]\nsexes: [male]  # here\n"),
        (
            "counter_scope",
            "  paid: {counts: money, scope: [year]}\n",
            "  paid: {counts: money, scope: [year, month]}  # here\n",
        ),
        (
            "counter_scope",
            "  paid: {counts: money, scope: [year]}\n",
            "  paid: {counts: money, scope: [level]}  # here\n",
        ),
        (
            "counter_scope",
            "  paid: {counts: money, scope: [year]}\n",
            "  paid: {counts: money, scope: [year, level, disease]}  # here\n",
        ),
        (
            "counter_scope",
            "  paid: {counts: money, scope: [year]}\n",
            "  paid: {counts: money, scope: [year, year]}  # here\n",
        ),
        (
            "counter_scope",
            "  cost: {counts: money, scope: [year]}\n",
            "  account_balance: {counts: money, scope: [life]}  # here\n",
        ),
        (
            "counter_scope",
            "  cost: {counts: money, scope: [year]}\n",
            "  claim: {counts: money, scope: [year]}  # here\n",
        ),
    ],
)
def test_a_wrong_name_or_dimension_of_the_file_is_refused(code: str, old: str, new: str) -> None:
    text = changed(old, new)
    error = refusal(text)
    assert (error.code, error.line) == (code, marked_line(text))


@pytest.mark.parametrize(
    ("place", "old", "new"),
    [
        ("name", "      - name: serious\n", "      - name: basic  # here\n"),
        ("base", "        base: [covered]\n", "        base: []  # here\n"),
        ("pays_off", "        pays_off: [copay.basic]\n", "        pays_off: []  # here\n"),
        ("pays_off", "        pays_off: [copay.basic]\n", "        pays_off: [covered]  # here\n"),
        (
            "pays_off",
            "        feeds: {cost: cost}\n",
            "        feeds: {cost: cost}\n        pays_off: [covered]  # here\n",
        ),
        (
            "total",
            "        feeds: {cost: cost}\n",
            "        feeds: {cost: cost}\n        total: cost  # here\n",
        ),
        ("bands", "        bands: {position: claim,", "        bands: {  # here\n position: cost,"),
        (
            "deductible",
            '        deductible: {method: annual, amount: "6000.00"}\n',
            '        deductible: {method: per_stay, amount: "6000.00"}  # here\n',
        ),
        (
            "caps",
            "        pays_off: [copay.basic]\n",
            '        pays_off: [copay.basic]\n        caps: [{on: cost, amount: "1.00"}]  # here\n',
        ),
    ],
)
def test_a_layer_whose_keys_do_not_go_together_is_refused(place: str, old: str, new: str) -> None:
    text = changed(old, new)
    error = refusal(text)
    assert (error.code, error.line) == ("layer_shape", marked_line(text)), place


def test_an_incremental_cost_layer_has_no_caps() -> None:
    text = changed("        mode: per_claim\n", "        mode: incremental\n        total: cost\n")
    text = changed(STAY, 'deductible: {method: annual, amount: "1.00"}', text)
    assert refusal(text).code == "layer_shape"


def test_an_incremental_layer_needs_its_total() -> None:
    assert refusal(changed("        total: burden\n", "")).code == "layer_shape"


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("unknown_part", "        base: [covered]\n", "        base: [covrd]  # here\n"),
        ("unknown_part", "        base: [covered]\n", "        base: [copay.serious]  # here\n"),
        ("unknown_part", "        base: [covered]\n", "        base: [copay.basic]  # here\n"),
        (
            "unknown_part",
            "      account: {pays: [deductible.basic]}\n",
            "      account:\n        pays: [copay.serious]  # here\n",
        ),
        ("part_twice", "        base: [covered]\n", "        base: [covered, covered]  # here\n"),
        ("unknown_counter", "      ordinal: stays\n", "      ordinal: visits  # here\n"),
        ("unknown_counter", "      ordinal: stays\n", "      ordinal: paid  # here\n"),
        ("unknown_counter", "        total: burden\n", "        total: stays  # here\n"),
        (
            "unknown_counter",
            "          position: claim\n",
            "          position: elsewhere  # here\n",
        ),
        (
            "unknown_counter",
            "        feeds: {cost: cost}\n",
            "        feeds: {stays: cost}  # here\n",
        ),
        (
            "unknown_counter",
            'amount: "30000.00", counter: paid}\n',
            'amount: "30000.00", counter: spent}  # here\n',
        ),
        (
            "two_measures",
            "        feeds: {cost: cost}\n",
            "        feeds: {paid: cost}  # here\n",
        ),
        ("deductible_shape", STAY, "deductible: {method: per_stay}  # here"),
        (
            "deductible_shape",
            STAY,
            'deductible: {method: per_stay, amount: "1.00", counter: cost}  # here',
        ),
        (
            "deductible_shape",
            STAY,
            'deductible: {method: per_stay, amount: "1.00", yearly_maximum: "2.00"}  # here',
        ),
        ("deductible_shape", STAY, 'deductible: {method: annual, amount: "1.00"}  # here'),
        ("deductible_shape", STAY, 'deductible: {method: none, amount: "1.00"}  # here'),
        (
            "deductible_shape",
            '        deductible: {method: annual, amount: "6000.00"}\n',
            '        deductible: {method: annual, amount: "1.00", counter: cost}  # here\n',
        ),
        ("list_without_ordinal", "      ordinal: stays\n", ""),
        ("list_without_ordinal", STAY, "deductible: {method: per_stay, amount: []}  # here"),
        ("not_an_amount", STAY, "deductible: {method: per_stay, amount: 800}  # here"),
        ("not_an_amount", STAY, "deductible: {method: per_stay, amount: {L2: 800}}  # here"),
        ("negative", STAY, 'deductible: {method: per_stay, amount: "-1.00"}  # here'),
        ("money_format", STAY, 'deductible: {method: per_stay, amount: "1,000.00"}  # here'),
        ("money_format", STAY, 'deductible: {method: per_stay, amount: "1.005"}  # here'),
        (
            "money_range",
            STAY,
            'deductible: {method: per_stay, amount: "10000000000.00"}  # here',
        ),
        (
            "members_do_not_match",
            STAY,
            'deductible: {method: per_stay, amount: {L1: "1.00"}}  # here',
        ),
        ("no_bands", TABLE, "          table: []  # here\n"),
        ("no_bands", TABLE, "          table: 90%  # here\n"),
        ("band_shape", TABLE, "          table:\n          - {to: null}  # here\n"),
        ("band_shape", TABLE, "          table:\n          - 90%  # here\n"),
        (
            "band_shape",
            TABLE,
            "          table:\n          - {to: null, rate: 1%, personal: 99%}  # here\n",
        ),
        (
            "bands_not_rising",
            "          table:\n          - {to: ",
            "          table:  # here\n          - {to: null, rate: 1%}\n          - {to: ",
        ),
        (
            "bands_not_rising",
            TABLE,
            '          table: [{to: "2.00", rate: 1%}, {to: "2.00", rate: 1%}]  # here\n',
        ),
        ("bands_not_rising", TABLE, '          table: [{to: "0.00", rate: 1%}]  # here\n'),
        ("not_a_rate", TABLE, "          table:\n          - {to: null, rate: 90}  # here\n"),
        ("rate_format", TABLE, '          table:\n          - {to: null, rate: "0.9"}  # here\n'),
        (
            "rate_format",
            TABLE,
            "          table:\n          - {to: null, rate: 33.33333%}  # here\n",
        ),
        ("rate_above_one", TABLE, "          table:\n          - {to: null, rate: 101%}  # here\n"),
        ("adjust_shape", "        - {points: 2%, for", "        - {  # here\n           for"),
        (
            "adjust_shape",
            "        - {points: 2%, for",
            "        - {points: 2%, personal_times: 60%,  # here\n           for",
        ),
        ("unknown_member", "for: {level: [L1]}}\n", "for: {level: [L2]}}  # here\n"),
        ("unknown_member", "for: {level: [L1]}}\n", "for: {level: []}}  # here\n"),
        ("rate_format", "        - {points: 2%,", "        - {points: two,  # here\n          "),
        (
            "finer_than_ppm",
            "        - {points: 2%, for: {level: [L1]}}\n",
            "        - {personal_times: 33.3333%, for: {person_class: [retired]}}  # here\n",
        ),
        ("dates", BENEFIT, BENEFIT.replace("-01-01\n", "-01-01  # here\n").replace("2023", "2024")),
        ("unknown_category", "    bed: {", "    beds: {  # here\n     "),
        ("unknown_category", "    bed: {", "    BED: {  # here\n     "),
        ("not_an_amount", '    bed: {L1: "18.00", L3: "32.00"}\n', "    bed: 18  # here\n"),
        ("negative", '    bed: {L1: "18.00", L3: "32.00"}\n', '    bed: "-18.00"  # here\n'),
        ("not_a_rate", "  class_b_first_share: 4%\n", "  class_b_first_share: 4  # here\n"),
        ("rate_above_one", "  class_b_first_share: 4%\n", "  class_b_first_share: 104%  # here\n"),
        ("dates", "- from: 2023-01-01\n", "- from: 2025-01-01  # here\n"),
    ],
)
def test_wrong_terms_are_refused(code: str, old: str, new: str) -> None:
    text = changed(old, new)
    error = refusal(text)
    assert error.code == code
    if "# here" in text:
        assert error.line == marked_line(text)


def test_a_dimension_that_the_file_does_not_have_cannot_be_adjusted_for() -> None:
    text = changed("ages: {under_70: [0, 70], from_70: [70, null]}\n", "")
    assert refusal(changed("{level: [L1]}", "{age: [from_70]}", text)).code == "unknown_member"


def test_a_dimension_twice_in_one_branch_is_refused() -> None:
    twice = 'amount: {L1: {L1: "1.00", L3: "1.00"}, L3: "1.00"}'
    assert refusal(changed('amount: ["800.00", "400.00"]', twice)).code == "dimension_twice"


def test_a_burden_layer_makes_no_parts() -> None:
    again = "      - name: second\n        fund: other\n        base: [copay.serious]  # here\n"
    rest = (
        "        takes: burden\n        mode: per_claim\n        deductible: {method: none}\n"
        f"        {BANDS}\n        rounding: layer\n        pays_off: [copay.serious]\n"
    )
    text = changed("      account: {pays", again + rest + "      account: {pays")
    error = refusal(text)
    assert (error.code, error.line) == ("unknown_part", marked_line(text))


def test_a_value_without_a_source_is_refused() -> None:
    assert refusal(changed("source: {title: made up}\n", "")).code == "no_source"


def test_the_error_keeps_its_reason_apart_from_its_place() -> None:
    error = refusal(changed("visits: [inpatient]", "visits: [hospital]"))
    assert error.file == "f.yaml"
    assert error.message_en == f"f.yaml:{error.line}: there is no kind of visit hospital"
    assert error.reason == "没有就诊类别 hospital | there is no kind of visit hospital"
