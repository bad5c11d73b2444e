"""The catalogue of rules is read strictly, and pairs with the forms one to one."""

from pathlib import Path

import pytest

from engine.errors import PolicyError
from engine.rules import catalogue
from engine.rules.catalogue import SHIPPED, load_rules
from engine.rules.registry import FORMS

FORM_FILES = Path(catalogue.__file__).with_name("forms")


SHIPPED_IDS = [
    "duplicate_settlement",
    "overlapping_stays",
    "item_limited_by_sex",
    "item_limited_by_age",
    "item_limited_by_level",
    "item_limited_by_visit",
    "item_for_injury_only",
    "item_for_maternity_only",
    "bundled_item_charged",
    "item_past_daily_limit",
    "stay_split_in_two",
    "outpatient_during_stay",
    "many_visits_in_a_month",
    "many_places_in_a_day",
    "item_outside_indication",
    "item_past_course",
    "herb_never_paid",
    "herb_used_alone",
    "care_paid_by_another",
    "benefit_from_two_schemes",
    "care_after_death",
    "care_without_cover",
    "care_in_custody_or_abroad",
    "line_charged_again",
    "item_past_period_limit",
    "beds_past_stay",
    "stays_alike_in_a_group",
    "many_visits_in_a_day",
    "many_visits_in_a_year",
    "drug_from_many_places",
    "physician_past_a_day",
    "physician_in_two_places",
    "physician_not_allowed",
    "equal_bills_at_a_pharmacy",
    "institution_suspended",
    "examination_again_elsewhere",
    "diagnosis_against_sex_or_age",
    "internet_item_out_of_scope",
    "second_line_without_first",
    "unlisted_item_in_scope",
    "price_above_legal",
    "package_charged_in_parts",
    "stay_without_care",
    "light_stay",
    "drug_past_supply",
    "drug_refilled_early",
    "trace_code_again",
    "trace_code_missing",
    "settled_past_stock",
    "material_without_procedure",
    "blood_group_contradicts",
    "organ_removed_twice",
    "cards_at_one_terminal",
    "persons_in_company",
    "drug_dispensed_is_another",
    "service_without_result",
    "test_without_indication",
    "group_is_another",
    "drugs_that_clash",
    "therapy_past_plan",
    "drug_surge",
    "notes_alike",
]
WITHOUT_PRICE = {"trace_code_again", "trace_code_missing"}
"""Definite facts from which no amount follows, but a bound: docs/rules.md says why."""


def refusal(folder: Path, old: str, new: str) -> PolicyError:
    """The error with which the shipped catalogue, changed in one place, is refused."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = folder / "catalogue.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_rules(path)
    return caught.value


def test_the_shipped_rules_are_read() -> None:
    assert [rule.id for rule in load_rules()] == SHIPPED_IDS
    assert len({rule.reference for rule in load_rules()}) == 56


def test_every_form_has_a_file_and_every_file_a_form() -> None:
    files = {path.stem for path in FORM_FILES.glob("*.py")} - {"__init__"}
    assert files == set(FORMS)


def test_every_form_has_a_rule_and_every_rule_a_form() -> None:
    assert {rule.form for rule in load_rules()} == set(FORMS)


def test_parameters_are_those_of_the_form() -> None:
    for rule in load_rules():
        assert type(rule.parameters) is FORMS[rule.form].parameters


def test_a_form_that_no_code_has_is_refused_with_its_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, "form: repeat", "form: guess")
    assert (error.code, error.line) == ("unknown_form", 14)
    assert "catalogue.yaml:14" in str(error)


def test_a_form_that_no_rule_has_is_refused(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    path = tmp_path / "catalogue.yaml"
    path.write_text(text[: text.index("- id: many_visits_in_a_month")], encoding="utf-8")
    with pytest.raises(PolicyError, match="frequency") as caught:
        load_rules(path)
    assert caught.value.code == "unused_form"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("id: overlapping_stays", "id: duplicate_settlement", "rule_twice"),
        ("article: 38", "article: '38'", "shape"),
        ("article: 38", "article: 0", "shape"),
        ("fund-supervision-regulation-2021", "some-law", "unknown_source"),
        ("level: definite", "level: certain", "shape"),
        ("level: definite", "level: definite\n  score: 1", "shape"),
        ("correction: void", "correction: fine", "shape"),
        ("stage: after", "stage: later", "shape"),
        ("in_force: 2021-05-01", "in_force: '2021-05-01'", "shape"),
        ("label_zh: 同一就诊重复结算", "label_zh: ''", "shape"),
        ("differs: visit_id", "differs: no_column", "shape"),
        ("differs: visit_id", "differs: visit_id\n    within: 3", "shape"),
        ("days: 1", "days: 0", "shape"),
        ("- trauma_inpatient", "- ward", "shape"),
        ("limit: sex", "limit: height", "shape"),
        ("stage: after", "stage: after\n  stage: before", "repeated_key"),
        ("form: repeat", "form: [repeat]", "unknown_form"),
        ("rules:", "rule:", "shape"),
    ],
)
def test_what_is_not_of_the_catalogue_s_form_is_refused(
    tmp_path: Path, old: str, new: str, code: str
) -> None:
    assert refusal(tmp_path, old, new).code == code


def test_a_refused_parameter_is_named_with_its_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, "days: 1", "days: 0")
    assert "rules.1.parameters.days" in error.message_en
    text = SHIPPED.read_text(encoding="utf-8").splitlines()
    assert "days: 1" in text[error.line - 1]


def test_what_only_arouses_suspicion_is_not_priced_and_what_is_definite_is() -> None:
    for rule in load_rules():
        unpriced = rule.level == "suspicious" or rule.id in WITHOUT_PRICE
        assert (rule.correction == "none") == unpriced, rule.id
