"""What `policy diff` finds between two files: values, and amounts worked by hand."""

import datetime
from pathlib import Path

import pytest

from pipelines.policy.diff import SchemeDifference, ValueChange, compare
from pipelines.policy.model_claims import Change, Outcome, Person
from tests.unit.pipelines.policy_files import TOWN, changed, folder_of

LAYER = "benefits.inpatient.history[2023-01-01].layers[basic]"


def difference(tmp_path: Path, new: str, old: str = TOWN) -> SchemeDifference:
    before = folder_of(tmp_path / "old", town=old) / "town.yaml"
    after = folder_of(tmp_path / "new", town=new) / "town.yaml"
    (found,) = compare(before, after)
    return found


def amounts(found: SchemeDifference, total: int, person: Person) -> list[Change]:
    return [one for one in found.amounts if one.total_fen == total and one.person == person]


def test_the_same_policy_has_no_difference(tmp_path: Path) -> None:
    old, new = (folder_of(tmp_path / name, town=TOWN) for name in ("old", "new"))
    assert compare(old, new) == []


def test_a_changed_rate_is_told_with_its_source_and_its_effect(tmp_path: Path) -> None:
    found = difference(tmp_path, changed("active: 80%", "active: 82%"))
    path = f"{LAYER}.bands.table[1].rate.active"
    assert found.values == (ValueChange(path, "80%", "82%", "notice"),)
    # At the end of the first band: (10000 - 400) x 80% = 7680, and x 82% = 7872.
    first, second = amounts(found, 10_000_00, Person("L1", "active", None))
    assert first == Change(
        visit="inpatient",
        on=datetime.date(2023, 1, 1),
        person=Person("L1", "active", None),
        number=1,
        total_fen=10_000_00,
        old=Outcome(None, {"pool": 7680_00}, 2320_00),
        new=Outcome(None, {"pool": 7872_00}, 2128_00),
    )
    # The second stay, from 200: 9800 x 80% = 7840, and x 82% = 8036.
    assert (second.number, second.old.funds_fen["pool"], second.new.funds_fen["pool"]) == (
        *(2, 7840_00),
        8036_00,
    )


def test_only_those_whose_amounts_change_are_told(tmp_path: Path) -> None:
    found = difference(tmp_path, changed("active: 80%", "active: 82%"))
    assert {one.person.person_class for one in found.amounts} == {"active"}
    assert {one.on for one in found.amounts} == {datetime.date(2023, 1, 1)}


def test_a_changed_second_deductible_shows_at_the_second_stay(tmp_path: Path) -> None:
    found = difference(tmp_path, changed('"200.00"', '"100.00"'))
    assert {(one.person.level, one.number) for one in found.amounts} == {("L1", 2)}


def test_a_changed_cap_shows_at_a_total_that_uses_it_up(tmp_path: Path) -> None:
    found = difference(tmp_path, changed('"30000.00"', '"31000.00"'))
    assert {one.new.funds_fen["pool"] for one in found.amounts if one.number == 1} == {31000_00}


def test_a_value_added_or_taken_has_no_other_side(tmp_path: Path) -> None:
    taken = changed('"400.00", "200.00"', '"400.00"')
    path = f"{LAYER}.deductible.amount.L1[2]"
    assert difference(tmp_path / "1", taken).values == (
        ValueChange(path, "200.00", None, "notice"),
    )
    assert difference(tmp_path / "2", TOWN, old=taken).values == (
        ValueChange(path, None, "200.00", "notice"),
    )


def test_an_entry_put_in_between_does_not_shift_the_others(tmp_path: Path) -> None:
    later = TOWN[TOWN.index("    - from: 2024-01-01") :]
    text = TOWN + changed("from: 2024-01-01", "from: 2025-01-01", later)
    found = difference(tmp_path, text)
    assert {value.path.split(".")[2] for value in found.values} == {"history[2025-01-01]"}
    assert found.amounts == ()


def test_terms_that_end_earlier_show_as_claims_without_terms(tmp_path: Path) -> None:
    text = changed("reviewed_until: 2023-12-31", "reviewed_until: 2023-11-30")
    found = difference(tmp_path, text)
    assert {one.on for one in found.amounts} == {datetime.date(2023, 12, 1)}
    assert {one.new.code for one in found.amounts} == {"policy_not_reviewed"}


def test_a_level_that_only_one_side_has_shows_as_unknown_on_the_other(tmp_path: Path) -> None:
    text = TOWN.replace("L3", "L2")
    found = difference(tmp_path, text)
    codes = {(one.person.level, one.old.code, one.new.code) for one in found.amounts}
    assert codes == {("L3", None, "unknown_member"), ("L2", "unknown_member", None)}


def test_ages_of_either_side_are_tried(tmp_path: Path) -> None:
    text = changed("assumptions:", "ages: {under_70: [0, 70], from_70: [70, null]}\nassumptions:")
    text = changed("retired: 85%", "retired: {under_70: 85%, from_70: 88%}", text)
    found = difference(tmp_path, text)
    assert {(one.person.person_class, one.person.age) for one in found.amounts} == {("retired", 70)}


@pytest.mark.parametrize(("side", "other"), [("old", "new"), ("new", "old")])
def test_a_scheme_of_one_folder_only_is_told(tmp_path: Path, side: str, other: str) -> None:
    more = changed("scheme: employee", "scheme: resident")
    folder_of(tmp_path / side, a=TOWN, b=more)
    folder_of(tmp_path / other, a=TOWN)
    (found,) = compare(tmp_path / "old", tmp_path / "new")
    assert (found.scheme, found.only, found.values) == ("resident", side, ())


def test_a_change_for_one_tier_and_disease_is_told_for_those_only(tmp_path: Path) -> None:
    declared = "tiers: [first, second]\ndiseases: {tumour: [C], other: []}\nassumptions:\n"
    by_tier = "rate: {active: {first: 80%, second: {tumour: 70%, other: 60%}}, retired: 85%}"
    old = changed("rate: {active: 80%, retired: 85%}", by_tier, changed("assumptions:\n", declared))
    found = difference(tmp_path, changed("tumour: 70%", "tumour: 75%", old), old)
    facts = (("tier", "second"), ("disease", "C"))
    assert {one.person.facts for one in found.amounts} == {facts}
    # (10,000 - 400) x 70 % and x 75 %.
    first, *_ = amounts(found, 10_000_00, Person("L1", "active", None, facts))
    assert (first.old.funds_fen, first.new.funds_fen) == ({"pool": 6720_00}, {"pool": 7200_00})


EVENTS = """\
  top_up:
    application: {base: [paid], when: after_year}
    history:
    - from: 2023-01-01
      reviewed_until: 2023-12-31
      ordinal: stays
      layers:
      - name: top_up
        fund: assistance
        base: [covered]
        takes: cost
        mode: per_claim
        deductible: {method: none}
        bands:
          position: claim
          deductible_inside: true
          table: [{to: "4000.00", rate: 50%}, {to: null, rate: 60%}]
        rounding: layer
allowances:
  birth:
    history:
    - from: 2023-01-01
      reviewed_until: 2023-12-31
      cases: [normal, difficult]
      items:
      - name: pay
        payer: maternity
        method: wage_by_days
        wage: employer
        days: {normal: 98, difficult: 113}
        divisor: 30
        rounding: half_up
"""


def test_model_allowances_tell_in_which_case_more_is_granted(tmp_path: Path) -> None:
    text = TOWN + EVENTS
    found = difference(tmp_path, text.replace("difficult: 113", "difficult: 128"), text)
    assert found.amounts == ()
    assert {dict(one.facts)["case"] for one in found.events} == {"difficult"}
    [one] = [
        one
        for one in found.events
        if {("wage", "6000.00"), ("children", 2)} <= set(one.facts) and one.on.year == 2023
    ]
    # 6,000 x 113 / 30 = 22,600 and 6,000 x 128 / 30 = 25,600.
    assert (one.old, one.new) == (
        {"pay maternity": 22_600_00},
        {"pay maternity": 25_600_00},
    )


def test_model_applications_tell_what_a_years_counters_come_to(tmp_path: Path) -> None:
    text = TOWN + EVENTS
    found = difference(tmp_path, text.replace("rate: 60%", "rate: 70%"), text)
    assert {one.kind for one in found.events} == {"application"}
    told = {dict(one.facts)["paid"]: (one.old, one.new) for one in found.events}
    # Twice the end of the first band: 4,000 x 50 % and the other 4,000 x 60 % or 70 %.
    assert told["8000.00"] == ({"top_up assistance": 4400_00}, {"top_up assistance": 4800_00})
    assert "4000.00" not in told
