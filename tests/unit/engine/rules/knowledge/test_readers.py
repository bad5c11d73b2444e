"""How the parameters of a knowledge point are read from what is published."""

import pytest

from engine.rules.knowledge.points import Parameters
from engine.rules.knowledge.readers import READERS, UnreadableError, codes_in, whole_number


def age(text: str) -> Parameters:
    return READERS["age"]({}, text)


def months(low_years: int, high_years: int | None) -> Parameters:
    high = None if high_years is None else high_years * 12
    return Parameters(low=low_years * 12, high=high, unit="month")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("限12周岁以下儿童使用", months(0, 13)),  # 以下 takes the number itself in Chinese law.
        ("限未满14岁儿童", months(0, 14)),
        ("限18周岁及以上使用", months(18, None)),
        ("限6岁以上12岁以下儿童使用", months(6, 13)),
        ("药品限儿童使用，患者年龄大于18周岁时检出", months(0, 19)),
        ("患者年龄大于等于18周岁，药品限儿童使用，予以检出", months(0, 18)),
        ("年龄小于18周岁的患者使用该药品，判定为违规", months(18, None)),
        ("限年龄不超过12周岁", months(0, 13)),
        ("限14岁以下儿童，支付不超过28天", months(0, 15)),
        ("限3月龄以上", Parameters(low=3, high=None, unit="month")),
        ("患者年龄超过28天，使用新生儿项目，违规", Parameters(low=0, high=29, unit="day")),
    ],
)
def test_an_age_limit_is_read_from_who_may_and_from_who_is_found(
    text: str, allowed: Parameters
) -> None:
    assert age(text) == allowed


def test_child_without_an_age_is_read_as_a_minor() -> None:
    assert age("小儿氨酚黄那敏颗粒。儿童专用药品") == months(0, 18)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("限老年人使用", "no_age"),
        ("年龄18周岁", "no_age"),
        ("限3月以上2天以下", "no_age"),
        ("限18岁以上12岁以下", "no_age"),
        ("儿童专用，限18周岁以上", "no_age"),
    ],
)
def test_an_age_that_could_be_read_in_two_ways_is_refused(text: str, code: str) -> None:
    with pytest.raises(UnreadableError) as told:
        age(text)
    assert told.value.code == code


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("限二级及以上医疗机构使用", 2, None),
        ("限三级医疗机构", 3, None),
        ("限一级及以下医疗机构", None, 1),
    ],
)
def test_a_level_is_the_least_or_the_highest_that_may(
    text: str, low: int | None, high: int | None
) -> None:
    assert READERS["level"]({}, text) == Parameters(low=low, high=high)


@pytest.mark.parametrize("text", ["限二级医疗机构", "限专科医院"])
def test_a_level_without_a_side_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        READERS["level"]({}, text)


def test_a_pair_knows_its_window_and_the_codes_of_its_other_item() -> None:
    cells = {"时间区间": "同一次住院", "医疗服务项目B代码供参考": "B1、B2"}
    assert READERS["pair"](cells, "") == Parameters(unit="visit", others=("B1", "B2"))
    with pytest.raises(UnreadableError):
        READERS["pair"](cells | {"时间区间": "长期"}, "")
    with pytest.raises(UnreadableError):
        READERS["pair"](cells | {"医疗服务项目B代码供参考": ""}, "")


def test_quantities_and_windows_are_whole_numbers() -> None:
    assert READERS["daily_quantity"]({"单日上限数量": "24"}, "") == Parameters(
        high=240_000, window=1, unit="day"
    )
    assert READERS["period_quantity"]({"频次上限": "2.0", "周期": "30"}, "") == Parameters(
        high=20_000, window=30, unit="day"
    )
    with pytest.raises(UnreadableError):
        whole_number("2.5", "频次上限")


@pytest.mark.parametrize(
    ("text", "window", "unit"),
    [("支付不超过14天", 14, "day"), ("疗程不超过2周", 14, "day"), ("限3个月", 3, "month")],
)
def test_a_course_has_one_length(text: str, window: int, unit: str) -> None:
    found = READERS["course"]({}, text)
    assert (found.window, found.unit) == (window, unit)


def test_a_course_of_two_lengths_is_refused() -> None:
    with pytest.raises(UnreadableError):
        READERS["course"]({}, "首次14天，再次28天")


def test_kinds_of_care_are_those_named() -> None:
    assert READERS["visits"]({}, "限住院及急救、抢救使用").words == ("emergency", "inpatient")
    assert READERS["visits"]({}, "限门诊慢特病").words == ("chronic",)


def test_a_sex_is_one_of_two() -> None:
    assert READERS["sex"]({"限定性别": "女性"}, "").low == 2
    with pytest.raises(UnreadableError):
        READERS["sex"]({"限定性别": "不限"}, "")


def test_codes_are_listed_once_and_prose_is_no_code() -> None:
    assert codes_in("A1、A2\nA1") == ("A1", "A2")
    with pytest.raises(UnreadableError):
        codes_in("详见附件")
