"""A policy laid out for people: what holds on a day, in figures and words."""

import datetime
from pathlib import Path

import pytest

from engine.errors import PolicyError
from pipelines.policy.print_show import print_show
from pipelines.policy.show import Shown, show
from pipelines.policy.words import Language, word, words
from tests.unit.pipelines.policy_files import TOWN, changed, folder_of

KEY = ("990000", "employee")
IN_2023 = datetime.date(2023, 5, 1)


@pytest.fixture
def wide_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> pytest.CaptureFixture[str]:
    """What is printed on a terminal wide enough for any table."""
    monkeypatch.setenv("COLUMNS", "200")
    return capsys


def shown(folder: Path, text: str = TOWN, on: datetime.date = IN_2023) -> Shown:
    return show(folder_of(folder, town=text), KEY, on)


def test_a_benefit_shows_the_entry_of_the_day(tmp_path: Path) -> None:
    (benefit,) = shown(tmp_path)["benefits"]
    assert (benefit["from"], benefit["until"]) == (
        datetime.date(2023, 1, 1),
        datetime.date(2023, 12, 31),
    )
    (later,) = shown(tmp_path, on=datetime.date(2024, 5, 1))["benefits"]
    assert later["from"] == datetime.date(2024, 1, 1)


def test_a_benefit_without_terms_on_the_day_has_no_layers(tmp_path: Path) -> None:
    (benefit,) = shown(tmp_path, on=datetime.date(2022, 12, 31))["benefits"]
    assert benefit["layers"] == []
    assert "from" not in benefit


def test_each_combination_has_its_figures_with_adjustments_worked_in(tmp_path: Path) -> None:
    adjust = (
        "        adjust:\n        - {points: 3%, for: {level: [L1]}}\n        rounding: layer\n"
    )
    (benefit,) = shown(tmp_path, changed("        rounding: layer\n", adjust))["benefits"]
    (layer,) = benefit["layers"]
    assert layer["rows"][0] == {
        "cell": {"level": "L1", "person_class": "active"},
        "figures": {
            "deductibles.1": "400.00",
            "deductibles.2": "200.00",
            "bands.1.to": "10000.00",
            "bands.1.rate": "83%",
            "bands.2.rate": "93%",
            "caps.1.amount": "30000.00",
        },
    }


def test_what_else_a_layer_says_stands_in_its_settings(tmp_path: Path) -> None:
    (benefit,) = shown(tmp_path)["benefits"]
    assert benefit["settings"] == {"ordinal": "stays"}
    assert benefit["layers"][0]["settings"] == {
        "fund": "pool",
        "base": ["covered"],
        "takes": "cost",
        "mode": "per_claim",
        "deductible.method": "per_stay",
        "bands.position": "claim",
        "bands.deductible_inside": True,
        "rounding": "layer",
        "caps.1.on": "payment",
        "caps.1.counter": "paid",
    }


def test_terms_that_few_layers_have_are_figures_and_settings_too(tmp_path: Path) -> None:
    extra = (
        'rounding: layer\n        less: "10.00"\n        guaranteed: {rate: 45%, of: [covered], '
    )
    text = changed("rounding: layer\n", extra + "after_deductible: true}\n")
    layer = shown(tmp_path, text)["benefits"][0]["layers"][0]
    figures = layer["rows"][0]["figures"]
    assert (figures["less"], figures["guaranteed.rate"]) == ("10.00", "45%")
    assert layer["settings"]["guaranteed.of"] == ["covered"]


def test_a_combination_without_terms_has_no_figures(tmp_path: Path) -> None:
    text = changed("rate: {active: 80%, retired: 85%}", "rate: {active: 80%, retired: unavailable}")
    (benefit,) = shown(tmp_path, text)["benefits"]
    rows = benefit["layers"][0]["rows"]
    assert [row["cell"]["person_class"] for row in rows if not row["figures"]] == ["retired"] * 2


def test_sources_have_their_titles(tmp_path: Path) -> None:
    assert shown(tmp_path)["sources"] == [
        {"id": "notice", "title": "试点市医保待遇通知", "kind": "page"}
    ]
    text = changed("source: notice", "source: {title: 另一份通知}")
    assert shown(tmp_path, text)["sources"] == [{"title": "另一份通知"}]


@pytest.mark.parametrize(
    ("key", "there"), [(("990000", "resident"), "employee"), (("110000", "employee"), "990000")]
)
def test_an_unknown_scheme_is_refused_with_those_that_there_are(
    tmp_path: Path, key: tuple[str, str], there: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        show(folder_of(tmp_path, town=TOWN), key, IN_2023)
    assert caught.value.code == "no_policy"
    assert caught.value.message_en.endswith(f"there are {there}")


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        (
            "zh",
            [
                "试点市 990000 employee",
                "住院",
                "起付线 1",
                "分段 1 比例",
                "无待遇",
                "封顶线按支付额计",
            ],
        ),
        ("en", ["inpatient", "deductibles.1", "bands.1.rate", "no terms", "试点市医保待遇通知"]),
    ],
)
def test_a_policy_prints_with_tables_and_sources(
    wide_output: pytest.CaptureFixture[str], tmp_path: Path, language: Language, parts: list[str]
) -> None:
    text = changed("rate: {active: 80%, retired: 85%}", "rate: {active: 80%, retired: unavailable}")
    print_show(shown(tmp_path, text), language)
    printed = wide_output.readouterr().out
    assert [part for part in parts if part not in printed] == []


def test_a_day_without_terms_prints_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_show(shown(tmp_path, on=datetime.date(2030, 1, 1)), "zh")
    assert "这一天没有待遇" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("pool", "统筹基金", "pooled fund"),
        ("bands.2.rate", "分段 2 比例", "bands.2.rate"),
        ("copay.basic", "按比例自付 basic", "copay.basic"),
        ("new_word", "new_word", "new word"),
        ("10000.00", "10000.00", "10000.00"),
    ],
)
def test_a_word_is_said_in_both_languages(text: str, zh: str, en: str) -> None:
    assert (word(text, "zh"), word(text, "en")) == (zh, en)


def test_lists_mappings_and_truths_are_said_in_full() -> None:
    value = {"scope": ["year", "level"], "takes": True}
    assert words(value, "zh") == "范围: 年、机构等级；对象: 是"
    assert words(value, "en") == "scope: year, level; takes: true"


ELSEWHERE = changed(
    "levels:",
    "filings: {near: [local], far: [transfer]}\nlevels:",
    changed(
        "      layers:\n",
        "      home_first_share: {share: {near: 0%, far: 10%}}\n"
        "      account: {before: {basic: [covered]}, family: 2}\n"
        "      layers:\n"
        "      - name: implants\n        fund: pool\n        base: [final_share]\n"
        "        takes: final_share\n        mode: per_claim\n"
        "        deductible: {method: none}\n        rounding: layer\n",
    ),
)


def test_the_share_before_the_local_rules_is_shown_by_filing(tmp_path: Path) -> None:
    (benefit,) = shown(tmp_path, ELSEWHERE)["benefits"]
    rows = [row for row in benefit["home_first_share"] if row["cell"]["level"] == "L1"]
    assert {row["cell"]["filing"]: row["figures"] for row in rows} == {
        "near": {"rates.1": "0%"},
        "far": {"rates.1": "10%"},
    }
    assert benefit["settings"]["account.before"] == {"basic": ["covered"]}
    assert benefit["layers"][0]["settings"]["takes"] == "final_share"


@pytest.mark.parametrize(("language", "told"), [("zh", "异地先行自付"), ("en", "home first share")])
def test_the_share_before_the_local_rules_is_printed(
    tmp_path: Path,
    wide_output: pytest.CaptureFixture[str],
    language: Language,
    told: str,
) -> None:
    print_show(shown(tmp_path, ELSEWHERE), language)
    assert told in wide_output.readouterr().out


def test_what_is_kept_below_an_amount_is_shown_as_the_file_says_it(tmp_path: Path) -> None:
    kept = 'reversal: {keep_below: "50.00", otherwise: cascade}'
    text = TOWN.replace("reversal: last_first", kept)
    assert shown(tmp_path, text)["reversal"] == {"keep_below": "50.00", "otherwise": "cascade"}
    assert shown(tmp_path)["reversal"] == "last_first"
