"""Each finding of `policy check`, planted in a file that has none."""

import datetime
from pathlib import Path

import pytest

from engine.policy.book import SHIPPED
from pipelines.policy.check import Checked, check
from tests.unit.pipelines.policy_files import SOURCES, TOWN, changed, folder_of, line_of

JUNE = datetime.date(2025, 6, 1)


def checked(folder: Path, text: str, today: datetime.date = JUNE) -> Checked:
    return check(folder_of(folder, town=text), today)


def found(folder: Path, text: str, today: datetime.date = JUNE) -> list[tuple[str, int]]:
    """Code and line of each finding."""
    findings = checked(folder, text, today).findings
    assert {finding.level for finding in findings} <= {"warning"}
    return [(finding.code, finding.line) for finding in findings]


def test_a_sound_file_has_no_finding(tmp_path: Path) -> None:
    assert checked(tmp_path, TOWN) == Checked(1, 1, ())


def test_an_error_in_one_file_does_not_hide_that_of_another(tmp_path: Path) -> None:
    rate, shape = changed("90%", "190%"), changed("rounding: layer", "rounding: whole")
    folder = folder_of(tmp_path, a=rate, b=shape, c=TOWN)
    result = check(folder, JUNE)
    assert [(one.level, one.code, one.file, one.line) for one in result.findings] == [
        ("error", "rate_above_one", "a.yaml", line_of(rate, "190%")),
        ("error", "shape", "b.yaml", line_of(shape, "rounding: whole")),
    ]
    assert (result.places, result.schemes, result.count("error")) == (1, 1, 2)


def test_a_finding_gives_its_reason_in_both_languages(tmp_path: Path) -> None:
    (error,) = checked(tmp_path, changed("90%", "190%")).findings
    assert (error.zh, error.en) == ("比例 190% 超过 100%", "the rate 190% passes 100%")


def test_two_files_of_one_scheme_are_an_error(tmp_path: Path) -> None:
    (error,) = check(folder_of(tmp_path, a=TOWN, b=TOWN), JUNE).findings
    assert (error.level, error.code) == ("error", "scheme_twice")


def test_an_entry_without_a_review_date_is_an_error(tmp_path: Path) -> None:
    (error,) = checked(tmp_path, changed("  reviewed_until: 2025-12-31\n", "")).findings
    assert (error.level, error.code) == ("error", "shape")
    assert "reviewed_until" in error.zh


def test_days_that_no_entry_holds_are_a_gap(tmp_path: Path) -> None:
    text = changed("reviewed_until: 2023-12-31", "reviewed_until: 2023-11-30")
    (gap,) = checked(tmp_path, text).findings
    assert (gap.code, gap.line) == ("gap", line_of(text, "    - from: 2024-01-01"))
    assert "2023-12-01 to 2023-12-31" in gap.en


def test_a_review_that_ran_out_is_told_once(tmp_path: Path) -> None:
    line = TOWN.splitlines().index("  reviewed_until: 2025-12-31") + 1
    assert found(tmp_path, TOWN, datetime.date(2026, 1, 1)) == [("review_expired", line)]


@pytest.mark.parametrize(("today", "soon"), [((2025, 11, 1), False), ((2025, 11, 2), True)])
def test_a_review_that_runs_out_within_sixty_days_is_told(
    tmp_path: Path, today: tuple[int, int, int], soon: bool
) -> None:
    codes = [code for code, _ in found(tmp_path, TOWN, datetime.date(*today))]
    assert codes == (["review_ends_soon"] if soon else [])


def test_an_archival_file_may_end(tmp_path: Path) -> None:
    text = changed("published", "archival")
    assert found(tmp_path, text, datetime.date(2030, 1, 1)) == []


def test_a_counter_that_nothing_uses_is_told(tmp_path: Path) -> None:
    extra = "  paid: {counts: money, scope: [year]}\n"
    text = changed(extra, extra + "  idle: {counts: money, scope: [year]}\n")
    assert found(tmp_path, text) == [("counter_unused", line_of(text, "idle:"))]


def test_a_counter_that_is_only_fed_is_told_even_if_it_is_called_like_a_word(
    tmp_path: Path,
) -> None:
    extra = "  paid: {counts: money, scope: [year]}\n"
    text = changed(extra, extra + "  cost: {counts: money, scope: [year]}\n")
    text = changed(
        "        rounding: layer\n", "        rounding: layer\n        feeds: {cost: cost}\n", text
    )
    assert found(tmp_path, text) == [("counter_unread", line_of(text, "  cost: {"))]


def test_ages_that_no_terms_depend_on_are_told(tmp_path: Path) -> None:
    text = changed("assumptions:", "ages: {under_70: [0, 70], from_70: [70, null]}\nassumptions:")
    assert found(tmp_path, text) == [("dimension_unused", line_of(text, "ages:"))]


def test_levels_that_no_terms_depend_on_are_told(tmp_path: Path) -> None:
    text = changed('{L1: ["400.00", "200.00"], L3: "800.00"}', '["400.00", "200.00"]')
    text = changed('{L1: "400.00", L3: "800.00"}', '"400.00"', text)
    assert found(tmp_path, text) == [("dimension_unused", line_of(text, "levels:"))]


def test_levels_that_only_price_ceilings_depend_on_are_used(tmp_path: Path) -> None:
    text = changed('{L1: ["400.00", "200.00"], L3: "800.00"}', '["400.00", "200.00"]')
    text = changed('{L1: "400.00", L3: "800.00"}', '"400.00"', text)
    ceilings = '  unknown_item: self_pay\n  ceilings: {bed: {L1: "18.00", L3: "32.00"}}\n'
    assert found(tmp_path, changed("  unknown_item: self_pay\n", ceilings, text)) == []


def test_a_band_that_begins_beyond_the_payment_cap_is_told_for_each_row(tmp_path: Path) -> None:
    # (10000 - 800) x 80% = 7360 and (10000 - 400) x 85% = 8160: the least cap all pass is 7360.
    text = changed('amount: "30000.00", counter', 'amount: "7360.00", counter')
    line = line_of(text, "          table:")
    assert found(tmp_path, text) == [("band_unreached", line)] * 4
    above = changed('amount: "30000.00", counter', 'amount: "8160.01", counter')
    assert found(tmp_path, above) == []


def test_a_band_that_begins_beyond_the_cost_cap_is_told(tmp_path: Path) -> None:
    text = changed("on: payment", "on: cost")
    text = changed('amount: "30000.00", counter: paid', 'amount: "10000.00", counter: paid', text)
    assert {code for code, _ in found(tmp_path, text)} == {"band_unreached"}


def test_a_payment_cap_tells_nothing_of_bands_along_the_year(tmp_path: Path) -> None:
    text = changed('amount: "30000.00", counter', 'amount: "100.00", counter')
    text = changed("position: claim", "position: cost", text)
    text = changed("  stays: {", "  cost: {counts: money, scope: [year]}\n  stays: {", text)
    assert found(tmp_path, text) == []


def test_a_last_band_that_pays_nothing_may_lie_beyond_what_the_cap_needs(tmp_path: Path) -> None:
    assert found(tmp_path, changed("{to: null, rate: 90%}", "{to: null, rate: 0%}")) == []


def test_a_layer_to_which_nothing_passes_is_told(tmp_path: Path) -> None:
    second = """\
      - name: large
        fund: large_amount
        base: [over_cap.basic]
        takes: cost
        mode: per_claim
        deductible: {method: none}
        bands: {position: claim, deductible_inside: true, table: [{to: null, rate: 50%}]}
        rounding: layer
"""
    lines = found(tmp_path, TOWN + second)
    assert lines == [("layer_unreached", line_of(TOWN + second, "name: large"))] * 2
    capped = changed("table: [{to: null,", 'table: [{to: "5000.00",', TOWN)
    assert found(tmp_path, capped + second) == []


def test_rates_that_rise_and_fall_along_the_bands_are_told(tmp_path: Path) -> None:
    middle = '          - {to: "20000.00", rate: 95%}\n          - {to: null, rate: 90%}'
    text = changed("          - {to: null, rate: 90%}", middle)
    warnings = checked(tmp_path, text).findings
    assert {warning.code for warning in warnings} == {"rates_unsteady"}
    assert "inpatient.basic (L1, active): the rates rise and fall" in warnings[0].en
    assert "80% → 95% → 90%" in warnings[0].en


def test_rates_that_fall_all_along_are_not_told(tmp_path: Path) -> None:
    assert found(tmp_path, changed("{to: null, rate: 90%}", "{to: null, rate: 60%}")) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("retired: 85%", "retired: 75%", "rate above 0.00 75% < 80%"),
        ('L3: "800.00"}', 'L3: {active: "800.00", retired: "900.00"}}', "900.00 > 800.00"),
        (
            'amount: "30000.00"',
            'amount: {active: "30000.00", retired: "20000.00"}',
            "cap 20000.00 < 30000.00",
        ),
    ],
)
def test_terms_worse_for_the_retired_than_for_the_active_are_told(
    tmp_path: Path, old: str, new: str, what: str
) -> None:
    warnings = checked(tmp_path, changed(old, new)).findings
    assert {warning.code for warning in warnings} == {"retired_below_active"}
    assert what in warnings[0].en
    assert "retired" in warnings[0].en.split(":")[0]


def test_a_source_that_nothing_cites_is_told_unless_it_is_a_law(tmp_path: Path) -> None:
    more = SOURCES + "  spare: {title: 多余的通知, kind: page}\n  act: {title: 某法, kind: law}\n"
    folder = folder_of(tmp_path, more, town=TOWN)
    assert [(one.code, one.file, one.line) for one in check(folder, JUNE).findings] == [
        ("source_uncited", (folder / "sources.yaml").as_posix(), line_of(more, "spare"))
    ]


def test_sources_are_not_judged_while_a_file_cannot_be_read(tmp_path: Path) -> None:
    more = SOURCES + "  spare: {title: 多余的通知, kind: page}\n"
    folder = folder_of(tmp_path, more, town=changed("90%", "190%"))
    assert [finding.code for finding in check(folder, JUNE).findings] == ["rate_above_one"]


def test_one_file_can_be_checked_alone(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a=TOWN, b=changed("90%", "190%"))
    assert check(folder / "a.yaml", JUNE).findings == ()


def test_the_shipped_files_have_no_error() -> None:
    result = check(SHIPPED, JUNE)
    assert result.count("error") == 0
    assert result.schemes >= 6
    assert all(finding.file and finding.line for finding in result.findings)
