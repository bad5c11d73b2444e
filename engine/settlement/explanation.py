"""Puts a settlement's trace into words: every step with its rule, its source and its amount.

Nothing is computed again; what a step says was noted when it was taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.claims.columns import (
    LAYERS_MAX,
    STEP_INDEX,
    STEP_LAYER,
    STEP_UFEN,
    STEP_WIDTH,
    UFEN,
    Ints,
    Part,
    Step,
)
from engine.codes.enums import Fund
from engine.money import PPM, format_yuan, mul_div
from engine.policy.compiler import CompiledBook, RowInfo
from engine.policy.terms import Band, LayerTerms, Terms

Language = Literal["zh", "en"]

FUNDS = {
    Fund.POOL: ("统筹基金", "pooled fund"),
    Fund.LARGE_AMOUNT: ("大额医疗费用补助", "large-amount fund"),
    Fund.SERIOUS_ILLNESS: ("大病保险", "serious-illness insurance"),
    Fund.CIVIL_SERVANT: ("公务员医疗补助", "civil-servant supplement"),
    Fund.ENTERPRISE: ("企业补充医疗保险", "enterprise supplement"),
    Fund.ASSISTANCE: ("医疗救助", "medical assistance"),
    Fund.INJURY: ("工伤保险", "work-injury insurance"),
    Fund.MATERNITY: ("生育保险", "maternity insurance"),
    Fund.OTHER: ("其他基金", "other funds"),
}
PARTS = {
    Part.OFF_LIST: ("全自费", "off-list cost"),
    Part.OVER_PRICE: ("超限价自费", "cost over price"),
    Part.FIRST_SHARE: ("先行自付", "first share"),
    Part.HOME_FIRST_SHARE: ("异地先行自付", "cross-region first share"),
    Part.COVERED: ("政策范围内费用", "covered cost"),
    Part.FINAL_SHARE: ("定比自付项目费用", "final-share cost"),
    Part.SEPARATE: ("单行支付费用", "separately paid cost"),
    Part.EXCLUDED: ("不予支付费用", "excluded cost"),
}
LAYER_PARTS = {
    Part.DEDUCTIBLE: ("deductible", "起付线", "deductible"),
    Part.COPAY: ("copay", "按比例自付", "co-pay"),
    Part.OVER_CAP: ("over_cap", "超限额费用", "cost over cap"),
}
TEXTS = {
    Step.ORDINAL: ("本保险年度第 {number} 次", "visit number {number} of the insurance year"),
    Step.DEDUCTIBLE: (
        "起付标准尚余 {basis} 元，本次计入 {amount} 元",
        "deductible still due {basis}, taken {amount}",
    ),
    Step.BAND: (
        "第 {number} 段（{place}）：费用 {basis} 元，支付 {rate}，计 {amount} 元",
        "band {number} ({place}): cost {basis} paid at {rate}: {amount}",
    ),
    Step.COST_LIMIT: (
        "费用 {basis} 元中有 {amount} 元在本层限额之内，其余转入后面各层",
        "of the cost {basis} this layer takes {amount}; the rest passes on",
    ),
    Step.CAP: ("支付限额尚余 {basis} 元", "cap left before payment {basis}"),
    Step.PAYMENT: (
        "{fund}：应计费用 {basis} 元，支付 {amount} 元",
        "{fund}: on the cost {basis} pays {amount}",
    ),
    Step.PAYS_OFF: ("冲抵{part} {amount} 元", "pays off {part} {amount}"),
    Step.ACCOUNT: (
        "个人账户余额 {basis} 元，支付 {amount} 元",
        "personal account holds {basis}, pays {amount}",
    ),
    Step.FAMILY: (
        "共济账户 {number} 余额 {basis} 元，支付 {amount} 元",
        "linked account {number} holds {basis}, pays {amount}",
    ),
    Step.STREAM: ("{part} {basis} 元另行计算", "{part} {basis}, which is reckoned apart"),
    Step.HOME_SHARE: (
        "异地就医先行自付：政策范围内费用 {basis} 元中自付 {amount} 元",
        "care outside the region: of the covered cost {basis} the person first bears {amount}",
    ),
    Step.REVERSAL: ("撤销原结算，各项金额为其相反数", "cancels a settlement: its exact negative"),
    Step.POINTS: ("按 {number} 年增减比例 {rate}", "rates changed by {rate} for {number} years"),
    Step.LESS: (
        "按比例应支付 {basis} 元，定额扣减 {amount} 元",
        "of the payment by rates {basis} a fixed {amount} is taken off",
    ),
    Step.GUARANTEED: (
        "保底：{basis} 元至少支付 {amount} 元",
        "guaranteed on {basis}: at least {amount}",
    ),
    Step.TRANSFER: (
        "转院：上次住院起付标准 {basis} 元，本院 {amount} 元",
        "transfer: the last stay's deductible was {basis}, this one's is {amount}",
    ),
    Step.WAIVED: (
        "距上次出院 {number} 天，免起付标准",
        "{number} days after the last stay: no deductible",
    ),
    Step.PERIODS: (
        "住院按 {number} 期计，起付标准合计 {amount} 元",
        "the stay counts as {number} periods, deductible {amount} in all",
    ),
    Step.HOSPITAL: (
        "定额标准 {basis} 元，医院承担 {amount} 元（负数为结余）",
        "fixed price {basis}; the hospital bears {amount} (negative: it keeps as much)",
    ),
    Step.ANNUAL: (
        "{when}年度累计 {basis} 元，累计应支付 {amount} 元",
        "year's total {when} {basis}, payment due on it {amount}",
    ),
}


ANNUAL_WORDS = (("本次前", "本次后", "本次前（以已支付计）"), ("before", "now", "before (as paid)"))
SOURCE_OF = {
    Step.DEDUCTIBLE: "deductible",
    Step.TRANSFER: "deductible",
    Step.WAIVED: "deductible",
    Step.PERIODS: "deductible",
    Step.PAYS_OFF: "pays_off",
    Step.POINTS: "adjust",
    Step.LESS: "less",
    Step.GUARANTEED: "guaranteed",
    Step.HOSPITAL: "price",
}
"""Whose source a step of a layer cites; the bands' where none is named."""

OF_BENEFIT = {
    Step.ORDINAL: "ordinal",
    Step.REVERSAL: "ordinal",
    Step.STREAM: "ordinal",
    Step.HOME_SHARE: "home_first_share",
    Step.ACCOUNT: "account",
    Step.FAMILY: "account",
}
"""Steps that are no layer's, with what of the benefit they cite."""

BY_BASIS = {Step.CAP, Step.STREAM}
"""Steps whose amount to show is what they start from."""

NO_MONEY = {Step.POINTS, Step.WAIVED}
"""Steps that move no amount."""


@dataclass(frozen=True)
class TraceStep:
    """One step as noted; basis and amount are ufen, or counts x UFEN where it counts stays."""

    code: Step
    layer: int
    index: int
    basis: int
    amount: int


@dataclass(frozen=True)
class ExplainedStep:
    """One step in words, with the rule it follows, where that stands, and its amount in fen."""

    text: str
    rule: str
    source: str
    amount_fen: int


def decode(trace: Sequence[int] | Ints) -> Iterator[TraceStep]:
    """Return the steps of one settlement's trace (flat triples)."""
    for at in range(0, len(trace), STEP_WIDTH):
        key, basis, amount = (int(value) for value in trace[at : at + STEP_WIDTH])
        scale = 1 if key >= STEP_UFEN else UFEN
        key %= STEP_UFEN
        code = Step(key % STEP_LAYER)
        layer, index = key // STEP_LAYER % (STEP_INDEX // STEP_LAYER), key // STEP_INDEX
        yield TraceStep(code, layer, index, basis * scale, amount * scale)


def explanation(
    book: CompiledBook, policy_row: int, trace: Ints, language: Language = "zh"
) -> list[ExplainedStep]:
    """Return a settlement's steps in words, those of the counters left out.

    Args:
        book: the compiled book of the hash that the settlement holds.
        policy_row: its policy row.
        trace: its trace, flat triples.
        language: of the texts.
    """
    steps = [step for step in decode(trace) if step.code != Step.FEED]
    writer = _Writer(book.infos[policy_row], steps, language)
    return [writer.line(step) for step in steps]


class _Writer:
    def __init__(self, info: RowInfo, steps: list[TraceStep], language: Language) -> None:
        self._benefit = info.entry.benefit
        self._points = {
            layer: sum(
                s.amount // UFEN for s in steps if s.code == Step.POINTS and s.layer == layer
            )
            for layer in {step.layer for step in steps}
        }
        self._terms: Terms | None = info.row.terms
        self._column = 0 if language == "zh" else 1

    def line(self, step: TraceStep) -> ExplainedStep:
        words = self._words(step)
        text = TEXTS[step.code][self._column].format(**words)
        fen = step.basis if step.code in BY_BASIS else step.amount
        amount = 0 if step.code in NO_MONEY else mul_div(fen, 1, UFEN)
        return ExplainedStep(text, self._rule(step), self._source(step), amount)

    def _layer(self, step: TraceStep) -> LayerTerms | None:
        return None if self._terms is None else self._terms.layers[step.layer]

    def _words(self, step: TraceStep) -> dict[str, str]:
        words = {"basis": _yuan(step.basis), "amount": _yuan(step.amount), "number": ""}
        if step.code == Step.ORDINAL:
            words["number"] = str(step.basis // UFEN + 1)
        elif step.code in {Step.POINTS, Step.WAIVED, Step.PERIODS}:
            words |= {"number": str(step.basis // UFEN), "rate": _percent(step.amount // UFEN)}
        elif step.code == Step.BAND:
            words |= self._band(step)
        elif step.code == Step.PAYMENT and (layer := self._layer(step)):
            words["fund"] = FUNDS[Fund[layer.fund.upper()]][self._column]
        elif step.code in {Step.PAYS_OFF, Step.STREAM}:
            words["part"] = self._part(step.index)[1]
        elif step.code == Step.FAMILY:
            words["number"] = str(step.index // 2)
        elif step.code == Step.ANNUAL:
            words["when"] = ANNUAL_WORDS[self._column][step.index]
        return words

    def _band(self, step: TraceStep) -> dict[str, str]:
        layer = self._layer(step)
        bands = () if layer is None else layer.bands
        low = format_yuan((bands[step.index - 1].to_fen or 0) if step.index else 0)
        end = bands[step.index].to_fen
        if end is None:
            place = (f"{low} 以上", f"above {low}")[self._column]
        else:
            place = f"{low} {('至', 'to')[self._column]} {format_yuan(end)}"
        return {
            "number": str(step.index + 1),
            "place": place,
            "rate": _percent(self._rate(bands[step.index], step.layer)),
        }

    def _rate(self, band: Band, layer: int) -> int:
        moved = band.rate_ppm + self._points[layer]
        return min(max(moved, 0), PPM) if band.rate_ppm else 0

    def _part(self, part: int) -> tuple[str, str]:
        if part < Part.DEDUCTIBLE:
            return Part(part).name.lower(), PARTS[Part(part)][self._column]
        first = max(kind for kind in LAYER_PARTS if kind <= part)
        name = "" if self._terms is None else self._terms.layers[(part - first) % LAYERS_MAX].name
        word = LAYER_PARTS[first]
        return f"{word[0]}.{name}", f"{word[1 + self._column]}"

    def _rule(self, step: TraceStep) -> str:
        name = step.code.name.lower()
        if step.code == Step.BAND:
            name = f"bands.{step.index + 1}"
        elif step.code in {Step.PAYS_OFF, Step.STREAM}:
            name = f"{name}.{self._part(step.index)[0]}"
        elif step.code == Step.HOME_SHARE:
            name = "home_first_share"
        elif step.code == Step.FAMILY:
            name = f"account.family_{step.index // 2}"
        elif step.code == Step.ANNUAL:
            name = ("annual_before", "annual_now", "annual_paid")[step.index]
        layer = self._layer(step)
        paid_before = step.code in {Step.ACCOUNT, Step.FAMILY} and step.index % 2 == 1
        if (step.code in OF_BENEFIT and not paid_before) or layer is None:
            return f"{self._benefit}.{name}"
        return f"{self._benefit}.{layer.name}.{name}"

    def _source(self, step: TraceStep) -> str:
        if self._terms is None:
            return ""
        if step.code in OF_BENEFIT:
            return self._terms.sources[OF_BENEFIT[step.code]]
        layer = self._terms.layers[step.layer]
        if step.code == Step.BAND:
            return layer.bands[step.index].source
        if step.code == Step.CAP:
            caps = [cap.source for cap in layer.caps if cap.on == "payment"]
            return "，".join(dict.fromkeys(caps))
        return layer.sources[SOURCE_OF.get(step.code, "bands")]


def _yuan(ufen: int) -> str:
    return format_yuan(mul_div(ufen, 1, UFEN))


def _percent(ppm: int) -> str:
    whole, rest = divmod(abs(ppm) * 100, PPM)
    sign = "-" if ppm < 0 else ""
    return sign + f"{whole}.{rest:06d}".rstrip("0").rstrip(".") + "%"
