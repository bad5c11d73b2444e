"""An overpayment in full: the fact, the settlements anew, the debt of each fund, the notice."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.cases.corrected_fact import GROUNDS, CorrectedFact, FactKind
from engine.codes.enums import Fund
from engine.errors import CaseError
from engine.ledger.postings import Purse
from engine.money import PPM, format_yuan, parse_rate_ppm
from engine.periods import date_of_day
from engine.policy.book import SHIPPED, known_sources
from engine.settlement.explanation import FUNDS
from engine.storage.cases import Officer
from engine.storage.recoveries import propose
from engine.storage.resettled import NOBODY, Again, Payers, Resettled, resettle
from pipelines.desk import compiled, opened
from pipelines.files.cases import read_form


class _Form(BaseModel):
    """A file that records a fact; docs/claims-by-hand.md says what its keys mean."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    fact: Literal[
        "death", "not_covered", "double_benefit", "work_injury", "third_party", "wrong_class"
    ]
    person: str
    region: str
    scheme: str
    begins: str = Field(alias="from")
    ends: str | None = Field(default=None, alias="until")
    document: str
    settlements: list[str] = []
    person_class: str | None = None
    liable: str | None = None
    debtor: str | None = None


def assess(lake: Path, policies: Path | None, file: Path) -> dict[str, Any]:
    """Return what a recorded fact makes of what was paid, from the fact to the debt of each fund.

    Raises:
        CaseError: `fact_form`, or as `resettle` does.

    Source: 经办条例 art. 46, 52
    """
    form = read_form(file, _Form)
    fact = _fact(form)
    with opened(lake) as ledger, ledger.database.reading() as connection:
        found = resettle(connection, compiled(policies), fact)
    return {
        "fact": form.model_dump(by_alias=True, exclude_none=True),
        "ground": GROUNDS[fact.kind].zh,
        "articles": [_article(name, number) for name, number in GROUNDS[fact.kind].articles],
        "settlements": [_told(again) for again in found.again],
        "spanning": list(found.spanning),
        **_sums(found),
    }


def propose_recovery(lake: Path, answer: Mapping[str, Any], by: Officer) -> str:
    """Open the recovery of an assessment, the fact and its arithmetic with it; return its name.

    Account money is owed by an institution alone: nobody owes an account of their own.

    Raises:
        CaseError: `nothing_overpaid`.
    """
    fact = answer["fact"]
    debtor = fact.get("debtor", fact["person"])
    owed = {Purse[fund].name: one["debt_fen"] for fund, one in answer["funds"].items()}
    if debtor != fact["person"]:
        owed["ACCOUNT"] = max(answer["account"]["net_fen"], 0)
    owed = {purse: fen for purse, fen in owed.items() if fen}
    if not owed:
        raise CaseError(
            "nothing_overpaid",
            "按更正后的事实没有基金多付，不立追回",
            "with the fact no fund has paid too much, so there is nothing to recover",
        )
    said = {
        "person": fact["person"],
        "region": fact["region"],
        "debtor": debtor,
        "reason": f"{answer['ground']}：{fact['document']}",
        "owed": owed,
        "assessment": dict(answer),
    }
    with opened(lake) as ledger:
        return propose(ledger.database, by, said).case_id


def _fact(form: _Form) -> CorrectedFact:
    try:
        begins = date.fromisoformat(form.begins)
        ends = None if form.ends is None else date.fromisoformat(form.ends)
    except ValueError as error:
        raise CaseError(
            "fact_form",
            f"日期 {form.begins}、{form.ends} 不合格式；请写 yyyy-MM-dd",
            f"the dates {form.begins}, {form.ends} are not of the form yyyy-MM-dd",
        ) from error
    kind = FactKind(form.fact)
    if kind is FactKind.DEATH:  # Who has died was entitled on the day itself.
        begins += timedelta(days=1)
    return CorrectedFact(
        kind=kind,
        person=form.person,
        region=form.region,
        scheme=form.scheme,
        begins=begins,
        ends=ends,
        document=form.document,
        settlements=tuple(form.settlements),
        person_class=form.person_class,
        liable_ppm=PPM if form.liable is None else parse_rate_ppm(form.liable),
    )


def _article(name: str, number: int) -> str:
    source = known_sources(SHIPPED)[name]
    return f"{source['short']}第{number}条"


def _told(again: Again) -> dict[str, Any]:
    return {
        "settlement_id": again.settlement_id,
        "institution_id": again.institution_id,
        "begins": date_of_day(again.first_day).isoformat(),
        "concerned": again.concerned,
        "paid": _by_payer(again.paid),
        "right": _by_payer(again.right),
        "difference": _by_payer(again.paid.less(again.right)),
        "paid_steps": list(again.paid_steps),
        "right_steps": list(again.right_steps),
    }


def _by_payer(payers: Payers) -> dict[str, Any]:
    funds = {fund.name: payers.funds[fund] for fund in Fund if payers.funds[fund]}
    return {"funds": funds, "account_fen": payers.account_fen, "cash_fen": payers.cash_fen}


def _sums(found: Resettled) -> dict[str, Any]:
    """Return, payer by payer, what the settlements concerned cost too much, and the later ones."""
    own = _total(one for one in found.again if one.concerned)
    later = _total(one for one in found.again if not one.concerned)
    funds = {
        fund.name: _parts(own.funds[fund], later.funds[fund])
        for fund in Fund
        if own.funds[fund] or later.funds[fund]
    }
    return {
        "funds": {
            name: one
            | {"debt_fen": max(one["net_fen"], 0), "to_be_paid_fen": max(-one["net_fen"], 0)}
            for name, one in funds.items()
        },
        "account": _parts(own.account_fen, later.account_fen),
        "cash": _parts(own.cash_fen, later.cash_fen),
    }


def _total(those: Iterable[Again]) -> Payers:
    total = NOBODY
    for one in those:
        # Less what is less: the sum of differences, payer by payer.
        total = total.less(one.right.less(one.paid))
    return total


def _parts(own_fen: int, later_fen: int) -> dict[str, int]:
    return {"own_fen": own_fen, "later_fen": later_fen, "net_fen": own_fen + later_fen}


def notice(answer: Mapping[str, Any]) -> list[str]:
    """Return an assessment as the lines of a notice, in Chinese."""
    fact = answer["fact"]
    until = f"至 {fact['until']} 前" if "until" in fact else "起"
    lines = [
        "多享受待遇核定（拟，须告知并由他人决定）",
        f"一、事实：{answer['ground']}（{fact['from']} {until}），依据 {fact['document']}",
        f"    参保人 {fact['person']}  统筹区 {fact['region']}  险种 {fact['scheme']}",
        f"    法律依据：{'、'.join(answer['articles'])}",
        "二、重新结算（基金、账户、现金分列，不相加）",
    ]
    for one in answer["settlements"]:
        lines += _settlement_lines(one)
    lines += [f"    {name}：就诊跨越事实之日，未计入，请人工核实" for name in answer["spanning"]]
    lines.append("三、各基金应退 = 所涉结算 + 其后结算的变化")
    for name, one in answer["funds"].items():
        own, later, net = (format_yuan(one[key]) for key in ("own_fen", "later_fen", "net_fen"))
        fate = "应退" if one["net_fen"] >= 0 else "应补付"
        lines.append(f"    {FUNDS[Fund[name]][0]}：{own} + ({later}) = {net} 元，{fate}")
    for key, label in (("account", "个人账户"), ("cash", "个人现金（由机构退还本人）")):
        one = answer[key]
        own, later = format_yuan(one["own_fen"]), format_yuan(one["later_fen"])
        lines.append(f"    {label}：{own} + ({later}) = {format_yuan(one['net_fen'])} 元")
    told = (
        "四、告知：多享受的待遇应当退还，可以一次退还、约定分期，或从其后的待遇、账户中抵扣"
        "（经办条例第46条）；有异议的可以陈述，并可申请复议或提起诉讼（经办条例第52条）"
    )
    return [*lines, told]


def _settlement_lines(one: Mapping[str, Any]) -> list[str]:
    about = "所涉" if one["concerned"] else "其后"
    lines = [
        f"  【{about}】结算 {one['settlement_id']}（{one['begins']}，{one['institution_id']}）"
    ]
    for key, label in (("paid", "原结算"), ("right", "重新结算"), ("difference", "差额")):
        lines.append(f"    {label}：{_amounts(one[key])}")
        lines += [f"      · {step}" for step in one.get(f"{key}_steps", ())]
    return lines


def _amounts(payers: Mapping[str, Any]) -> str:
    funds = [f"{FUNDS[Fund[name]][0]} {format_yuan(fen)}" for name, fen in payers["funds"].items()]
    rest = [
        f"账户 {format_yuan(payers['account_fen'])}",
        f"现金 {format_yuan(payers['cash_fen'])}",
    ]
    return "；".join([*(funds or ["基金 0.00"]), *rest])
