"""Reads a point's parameters from the cells and sentences in which they are published.

Sentences follow no fixed form. A reader takes what it understands without doubt, and refuses the
rest: a limit that was guessed would accuse somebody.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from engine.errors import EngineError
from engine.rules.knowledge.points import Parameters, Unit

CHILD_BELOW_YEARS = 18
"""Whom a point means that says child and no age. The batches do not say; this follows the law on
the protection of minors, and a bureau may read it otherwise."""

MONTHS_OF_A_YEAR = 12
E4 = 10_000
LEVELS = {"一": 1, "1": 1, "二": 2, "2": 2, "三": 3, "3": 3}
WINDOWS: Mapping[str, Unit] = MappingProxyType(
    {"手术": "operation", "住院": "visit", "就诊": "visit", "日": "day", "天": "day"}
)
VISITS = MappingProxyType(
    {
        "门诊慢特病": "chronic",
        "慢特病": "chronic",
        "门诊慢": "chronic",
        "急诊": "emergency",
        "急救": "emergency",
        "抢救": "emergency",
        "住院": "inpatient",
        "门诊": "outpatient",
    }
)
_AGE = re.compile(
    r"(大于等于|小于等于|不小于|不大于|不超过|不低于|不高于|大于|超过|高于|小于|低于|不足|未满|不满|满|≥|≤|>|<|＞|＜)?"
    r"\s*(\d+)\s*(周岁|岁|个月|月龄|月|日龄|天|日)\s*(及以下|及以上|以下|以上)?"
)
_SIGNS = {
    ">=": ("大于等于", "不小于", "不低于", "满", "≥", "及以上", "以上"),
    "<=": ("小于等于", "不大于", "不超过", "不高于", "≤", "及以下", "以下"),
    ">": ("大于", "超过", "高于", ">", "＞"),
    "<": ("小于", "低于", "不足", "未满", "不满", "<", "＜"),
}
_CHOSEN = {word: sign for sign, words in _SIGNS.items() for word in words}
_OPPOSITE = {">=": "<", "<": ">=", ">": "<=", "<=": ">"}
_YEARS, _DAYS, _CHILD = {"周岁", "岁"}, {"日龄", "天", "日"}, "儿童"
_FOUND = re.compile("检出|违规|违反|可疑|不予支付|不符合|提示")
_OF_AGE = re.compile("[岁龄儿]")
_ALLOWS = re.compile("限|用于")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-+_/]*")
_COURSE = re.compile(r"(\d+)\s*(天|日|周|个月|月)")
_LEVEL = re.compile(r"([一二三123])级(?:及其?)?(以上|以下)?")


class UnreadableError(EngineError):
    """A row cannot be read without doubt."""


Cells = Mapping[str, str]
"""A row by the head of its column, less what stands in brackets."""


def codes_in(text: str) -> tuple[str, ...]:
    """Return the codes that a cell lists, each once, in their order."""
    found = [part for part in re.split(r"[\s、，,;；]+", text) if part]
    for part in found:
        if not _CODE.fullmatch(part):
            raise UnreadableError("no_code", f"{part!r} 不是代码", "is no code")
    return tuple(dict.fromkeys(found))


def whole_number(text: str, what: str) -> int:
    """Return a cell's whole number; workbooks may hold 3 as 3.0."""
    found = re.fullmatch(r"(\d+)(?:\.0+)?", text)
    if found is None:
        raise UnreadableError("no_number", f"{what} {text!r} 不是整数", "is no whole number")
    return int(found.group(1))


def _nothing(_cells: Cells, _text: str) -> Parameters:
    return Parameters()


def _sex(cells: Cells, _text: str) -> Parameters:
    sex = {"男": 1, "男性": 1, "女": 2, "女性": 2}.get(cells.get("限定性别", ""))
    if sex is None:
        raise UnreadableError(
            "no_sex", f"限定性别 {cells.get('限定性别', '')!r} 不是男或女", "the sex is neither"
        )
    return Parameters(low=sex)


def _age(_cells: Cells, text: str) -> Parameters:
    limits = [
        (clause, *found)
        for clause in re.split("[，。；,;]", text)
        if _OF_AGE.search(clause)
        for found in _AGE.findall(clause)
    ]
    if not limits and _CHILD in text:
        return Parameters(low=0, high=CHILD_BELOW_YEARS * MONTHS_OF_A_YEAR, unit="month")
    units: set[Unit] = {"day" if limit[3] in _DAYS else "month" for limit in limits}
    if len(units) != 1:
        raise UnreadableError(
            "no_age",
            f"检出逻辑中没有年龄，或单位不一：{text!r}",
            "no age, or ages in several units",
        )
    low, high = 0, None
    for clause, before, number, unit, after in limits:
        sign = _CHOSEN.get(before) or _CHOSEN.get(after)
        if sign is None:
            raise UnreadableError(
                "no_age", f"年龄 {number}{unit} 没有说明以上或以下", "an age without above or below"
            )
        # A clause either says who alone may have the item, or whom a finding is about.
        told_of_finding = _FOUND.search(text) is not None and _ALLOWS.search(clause) is None
        sign = _OPPOSITE[sign] if told_of_finding else sign
        step = MONTHS_OF_A_YEAR if unit in _YEARS else 1
        bound = int(number) * step + (0 if sign in {">=", "<"} else step)
        low, high = (bound, high) if sign in {">=", ">"} else (low, bound)
    if (high is None and _CHILD in text) or (high is not None and low >= high):
        raise UnreadableError(
            "no_age", f"年龄范围自相矛盾：{text!r}", "the ages contradict each other"
        )
    return Parameters(low=low, high=high, unit=units.pop())


def _level(_cells: Cells, text: str) -> Parameters:
    found = _LEVEL.search(text)
    if found is None:
        raise UnreadableError("no_level", f"没有医疗机构级别：{text!r}", "no level of institution")
    level, side = LEVELS[found.group(1)], found.group(2)
    if side == "以下":
        return Parameters(high=level)
    if side == "以上" or level == max(LEVELS.values()):
        return Parameters(low=level)
    raise UnreadableError(
        "no_level", f"级别没有说明以上或以下：{text!r}", "a level without above or below"
    )


def _pair(cells: Cells, _text: str) -> Parameters:
    window = cells.get("时间区间", "")
    unit = next((unit for word, unit in WINDOWS.items() if word in window), None)
    if unit is None:
        raise UnreadableError(
            "no_window",
            f"时间区间 {window!r} 读不懂；已有日、就诊、住院、手术",
            "a window of no known kind",
        )
    others = codes_in(next((text for head, text in cells.items() if "B代码" in head), ""))
    if not others:
        raise UnreadableError("no_code", "没有项目B的代码", "no code of item B")
    return Parameters(unit=unit, others=others)


def _daily_quantity(cells: Cells, _text: str) -> Parameters:
    return Parameters(
        high=whole_number(cells["单日上限数量"], "单日上限数量") * E4, window=1, unit="day"
    )


def _period_quantity(cells: Cells, _text: str) -> Parameters:
    most = whole_number(cells.get("频次上限", ""), "频次上限")
    return Parameters(
        high=most * E4, window=whole_number(cells.get("周期", ""), "周期"), unit="day"
    )


def _course(_cells: Cells, text: str) -> Parameters:
    found = _COURSE.findall(text)
    if len(set(found)) != 1:
        raise UnreadableError(
            "no_course", f"疗程须恰有一个天数：{text!r}", "a course needs one length"
        )
    number, unit = found[0]
    if unit in {"月", "个月"}:
        return Parameters(window=int(number), unit="month")
    return Parameters(window=int(number) * (7 if unit == "周" else 1), unit="day")


def _diagnoses(cells: Cells, _text: str) -> Parameters:
    given = next((text for head, text in cells.items() if "ICD" in head or "诊断代码" in head), "")
    return Parameters(words=codes_in(given))


def _visits(_cells: Cells, text: str) -> Parameters:
    rest, words = text, []
    for word, visit in VISITS.items():
        if word in rest:
            rest = rest.replace(word, "")
            words.append(visit)
    if not words:
        raise UnreadableError("no_visit", f"没有就医方式：{text!r}", "no kind of care")
    return Parameters(words=tuple(dict.fromkeys(words)))


READERS: Mapping[str, Callable[[Cells, str], Parameters]] = MappingProxyType(
    {
        "nothing": _nothing,
        "sex": _sex,
        "age": _age,
        "level": _level,
        "pair": _pair,
        "daily_quantity": _daily_quantity,
        "period_quantity": _period_quantity,
        "course": _course,
        "diagnoses": _diagnoses,
        "visits": _visits,
    }
)
"""Reader by name. It gets the row's cells and the sentence that states its limit."""
