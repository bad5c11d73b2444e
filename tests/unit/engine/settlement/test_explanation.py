"""Receipts: each step in both languages, with its rule, its source and its amount."""

from typing import Any

import pytest

from engine.claims.columns import PARTS_COUNT, STEP_UFEN, Step
from engine.settlement.explanation import TEXTS, ExplainedStep, decode
from tests.unit.engine.settlement.stories import (
    Record,
    Told,
    annual,
    bands,
    burden,
    cancel,
    capped,
    claim,
    layer,
    per_stay,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel


def cited(item: Record, source: str) -> Record:
    return item | {"source": source}


BASIC = layer(
    deductible=cited(per_stay(["800.00", "400.00"]), "law#deductible"),
    bands=bands(("5000.00", "85%"), (None, "92.5%"))
    | {
        "table": [
            {"to": "5000.00", "rate": "85%", "source": "law#band-1"},
            {"to": None, "rate": "92.5%"},
        ]
    },
    caps=[cited(capped("6000.00")[0], "law#cap")],
    source="law#basic",
)
SERIOUS = burden(
    (None, "60%"),
    mode="incremental",
    total="burden",
    deductible=annual("500.00"),
    source="law#serious",
)
WHOLE = policy(
    BASIC,
    SERIOUS,
    counters="stays burden",
    ordinal="stays",
    account={"pays": ["deductible.basic"], "source": "law#account"},
    source="law",
)


def whole() -> Told:
    stay = claim("a", "9999.99", account_used=True)
    return tell(WHOLE, stay, cancel("a"), state={"account_balance": "123.45"})


def by_rule(language: Any) -> dict[str, ExplainedStep]:
    lines = whole().explanation(0, language)
    found = {line.rule: line for line in lines}
    assert len(found) == len(lines)
    return found


# 800..5,000 at 85 % = 3,570; 4,999.99 at 92.5 % = 4,624.99; the cap of 6,000 leaves 2,430 for the
# second band: 2,430 / 92.5 % = 2,627.027027 of cost, 7,627.03 with the first band. Co-pay 827.027,
# with 800 of deductible 1,627.03; (1,627.03 - 500) x 60 % = 676.22.
STEPS = [
    (
        "inpatient.ordinal",
        "law",
        0,
        "本保险年度第 1 次",
        "visit number 1 of the insurance year",
    ),
    (
        "inpatient.basic.deductible",
        "law#deductible",
        80_000,
        "起付标准尚余 800.00 元，本次计入 800.00 元",
        "deductible still due 800.00, taken 800.00",
    ),
    (
        "inpatient.basic.bands.1",
        "law#band-1",
        357_000,
        "第 1 段（0.00 至 5000.00）：费用 4200.00 元，支付 85%，计 3570.00 元",
        "band 1 (0.00 to 5000.00): cost 4200.00 paid at 85%: 3570.00",
    ),
    (
        "inpatient.basic.bands.2",
        "law#basic",
        462_499,
        "第 2 段（5000.00 以上）：费用 4999.99 元，支付 92.5%，计 4624.99 元",
        "band 2 (above 5000.00): cost 4999.99 paid at 92.5%: 4624.99",
    ),
    (
        "inpatient.basic.cost_limit",
        "law#basic",
        762_703,
        "费用 9999.99 元中有 7627.03 元在本层限额之内，其余转入后面各层",
        "of the cost 9999.99 this layer takes 7627.03; the rest passes on",
    ),
    (
        "inpatient.basic.cap",
        "law#cap",
        600_000,
        "支付限额尚余 6000.00 元",
        "cap left before payment 6000.00",
    ),
    (
        "inpatient.basic.payment",
        "law#basic",
        600_000,
        "统筹基金：应计费用 9999.99 元，支付 6000.00 元",
        "pooled fund: on the cost 9999.99 pays 6000.00",
    ),
    (
        "inpatient.serious.annual_before",
        "law#serious",
        0,
        "本次前年度累计 0.00 元，累计应支付 0.00 元",
        "year's total before 0.00, payment due on it 0.00",
    ),
    (
        "inpatient.serious.annual_now",
        "law#serious",
        67_622,
        "本次后年度累计 1627.03 元，累计应支付 676.22 元",
        "year's total now 1627.03, payment due on it 676.22",
    ),
    (
        "inpatient.serious.pays_off.copay.basic",
        "law#serious",
        67_622,
        "冲抵按比例自付 676.22 元",
        "pays off co-pay 676.22",
    ),
    (
        "inpatient.serious.payment",
        "law#serious",
        67_622,
        "大病保险：应计费用 1627.03 元，支付 676.22 元",
        "serious-illness insurance: on the cost 1627.03 pays 676.22",
    ),
    (
        "inpatient.account",
        "law#account",
        12_345,
        "个人账户余额 123.45 元，支付 123.45 元",
        "personal account holds 123.45, pays 123.45",
    ),
]


@pytest.mark.parametrize(("rule", "source", "fen", "zh", "en"), STEPS, ids=[s[0] for s in STEPS])
def test_each_step_is_told_in_both_languages(
    rule: str, source: str, fen: int, zh: str, en: str
) -> None:
    assert by_rule("zh")[rule] == ExplainedStep(zh, rule, source, fen)
    assert by_rule("en")[rule] == ExplainedStep(en, rule, source, fen)


def test_the_steps_stand_in_the_order_in_which_they_were_taken() -> None:
    deductible = "inpatient.serious.deductible"
    rules = [line.rule for line in whole().explanation(0) if line.rule != deductible]
    assert rules == [rule for rule, *_ in STEPS]


def test_a_reversal_says_so_in_both_languages() -> None:
    assert [line.text for line in whole().explanation(1)] == ["撤销原结算，各项金额为其相反数"]
    [line] = whole().explanation(1, "en")
    assert line == ExplainedStep(
        "cancels a settlement: its exact negative", "inpatient.reversal", "law", -999_999
    )


def test_every_step_that_a_receipt_can_hold_has_words() -> None:
    assert set(Step) - set(TEXTS) == {Step.FEED}


def test_several_payment_caps_are_all_cited() -> None:
    caps = [cited(capped("60.00")[0], "one"), cited(capped("70.00")[0], "two")]
    told = tell(policy(layer((None, "50%"), caps=caps)), claim("a", "10.00"))
    [line] = [line for line in told.explanation(0) if line.rule.endswith(".cap")]
    assert line.source == "one，two"


@pytest.mark.parametrize(
    ("part", "zh", "en"),
    [
        ("off_list", "冲抵全自费 1.00 元", "pays off off-list cost 1.00"),
        ("over_price", "冲抵超限价自费 1.00 元", "pays off cost over price 1.00"),
        ("first_share", "冲抵先行自付 1.00 元", "pays off first share 1.00"),
        ("deductible.basic", "冲抵起付线 1.00 元", "pays off deductible 1.00"),
        ("over_cap.basic", "冲抵超限额费用 1.00 元", "pays off cost over cap 1.00"),
    ],
)
def test_each_part_that_is_paid_off_is_named(part: str, zh: str, en: str) -> None:
    basic = layer(("1.00", "0%"), deductible=per_stay("1.00"), bands=bands(("1.00", "0%")))
    aid = burden((None, "100%"), base=[part], pays_off=[part])
    own = {f"self_pay_{part}": "1.00"} if "." not in part else {}
    told = tell(policy(basic, aid), claim("a", "3.00" if own else "2.00", **own))
    for language, text in (("zh", zh), ("en", en)):
        [line] = [one for one in told.explanation(0, language) if ".pays_off." in one.rule]
        assert (line.text, line.rule) == (text, f"inpatient.serious.pays_off.{part}")


def test_a_person_who_opens_with_stays_is_told_the_number_of_this_one() -> None:
    told = tell(WHOLE, claim("a", "1.00"), state={"counters": {"stays": 2}})
    assert told.explanation(0, "en")[0].text == "visit number 3 of the insurance year"


def test_counters_are_in_the_trace_with_what_they_held_and_gained() -> None:
    told = tell(WHOLE, claim("a", "900.00"), state={"counters": {"stays": 2, "burden": "5.00"}})
    slots = told.book.infos[0].slots
    feeds = [step for step in decode(told.trace(0)) if step.code == Step.FEED]
    found = {slots[step.index]: (step.basis // 10**6, step.amount // 10**6) for step in feeds}
    # 900 - 400 of deductible = 500 at 85 %: co-pay 75, burden 475.
    assert found == {"stays": (2, 1), "burden": (500, 47_500), "account_balance": (0, 0)}


def test_a_table_of_many_bands_is_told_band_by_band() -> None:
    table = [(f"{k}.00", "50%") for k in range(1, 41)]
    told = tell(policy(layer(*table)), claim("a", "40.00"))
    rules = [line.rule for line in told.explanation(0) if ".bands." in line.rule]
    assert rules == [f"inpatient.basic.bands.{k}" for k in range(1, 41)]


def test_a_step_key_holds_the_widest_index() -> None:
    aid = burden((None, "50%"))
    told = tell(policy(layer((None, "50%")), aid), claim("a", "10.00"))
    [step] = [step for step in decode(told.trace(0)) if step.code == Step.PAYS_OFF]
    assert (step.layer, step.index) == (1, 16)
    assert step.index < PARTS_COUNT


def test_a_trace_is_long_enough_for_every_step() -> None:
    told = whole()
    assert told.settled.trace_first[-1] == len(told.settled.trace)


def test_steps_are_noted_in_fen_and_only_parts_of_a_fen_in_ufen() -> None:
    # The cap consumes 117.647059 fen of 300, which is noted in ufen; all else are whole fen.
    told = tell(policy(layer((None, "85%"), caps=capped("1.00"))), claim("a", "3.00"))
    keys = told.trace(0)[::3]
    noted = {
        step.code: int(key) >= STEP_UFEN
        for step, key in zip(decode(told.trace(0)), keys, strict=True)
    }
    assert [code for code, in_ufen in noted.items() if in_ufen] == [Step.COST_LIMIT]
    [limit] = [step for step in decode(told.trace(0)) if step.code == Step.COST_LIMIT]
    assert (limit.basis, limit.amount) == (300_000_000, 117_647_059)


def test_a_basis_below_a_fen_is_noted_exactly() -> None:
    # 2 - 1.176471 = 0.823529 fen reach the second layer.
    rest = layer((None, "100%"), name="rest", fund="other", base=["over_cap.basic"])
    told = tell(policy(layer((None, "85%"), caps=capped("0.01")), rest), claim("a", "0.02"))
    steps = [step for step in decode(told.trace(0)) if step.code == Step.PAYMENT]
    assert [(step.basis, step.amount) for step in steps] == [(2_000_000, 1_000_000), (823_529, 0)]
