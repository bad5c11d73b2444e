"""Grants the allowances of a case: from an event's facts to amounts, steps and the list."""

import datetime
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import Status
from engine.codes.enums import Fund
from engine.errors import ClaimError
from engine.money import PPM, format_scaled, format_yuan, parse_fen, parse_scaled
from engine.periods import day_number
from engine.policy.allowance_terms import MONTH_PLACES, AllowanceEntry
from engine.policy.book import Scheme
from engine.settlement.allowances import Facts, Grant, entry_on, grants
from engine.settlement.case_form import CaseEvent, CaseFile
from engine.settlement.explanation import FUNDS, ExplainedStep, Language

WAGE_PLACES = 8
METHODS = {
    "fixed": ("定额 {amount} 元", "fixed sum {amount}"),
    "per_day": ("{amount} 元 × {days} 天", "{amount} x {days} days"),
    "wage_by_days": ("{wage} 元 × {days} 天 ÷ {divisor}", "{wage} x {days} days / {divisor}"),
    "wage_by_months": ("{wage} 元 × {months} 个月", "{wage} x {months} months"),
}
NOT_GRANTED = {"registration": Status.NOT_REGISTERED, "recognition": Status.NOT_RECOGNISED}


@dataclass(frozen=True)
class Granted:
    """What an event of kind `allowance` came to; no grants where the status is a refusal."""

    event: str
    allowance: str
    status: Status
    grants: tuple[Grant, ...] = ()


def grant_events(form: CaseFile, scheme: Scheme) -> dict[int, Granted]:
    """Return what the allowance events of a story come to, by position.

    An allowance is granted once for one occasion, which is its day.

    Raises:
        ClaimError: `unknown_member`, the scheme has no such allowance or case.
    """
    found: dict[int, Granted] = {}
    paid: set[tuple[str | None, datetime.date | None]] = set()
    for at, event in enumerate(form.events):
        if event.kind != "allowance":
            continue
        granted = grant_event(form, scheme, at)
        occasion = (event.allowance, event.on)
        if granted.status == Status.SETTLED and occasion in paid:
            granted = Granted(granted.event, granted.allowance, Status.APPLIED_ALREADY)
        if granted.status == Status.SETTLED:
            paid.add(occasion)
        found[at] = granted
    return found


def grant_event(form: CaseFile, scheme: Scheme, at: int) -> Granted:
    """Return what the allowance event at a position of the story comes to, by itself.

    Raises:
        ClaimError: `unknown_member`, the scheme has no such allowance or case.
    """
    event = form.events[at]
    name, on = event.allowance or "", event.on or datetime.date.min
    entries = scheme.allowances.get(name)
    if entries is None:
        raise _unknown(("待遇", "allowance"), name, list(scheme.allowances))
    entry = entry_on(entries, day_number(on))
    if isinstance(entry, Status):
        return Granted(str(event.id), name, entry)
    _check_case(entry, event)
    refusal = _registration_refusal(form, scheme, at, entry)
    found = refusal or grants(entry, _facts(event, scheme, on))
    if isinstance(found, Status):
        return Granted(str(event.id), name, found)
    return Granted(str(event.id), name, Status.SETTLED, found)


def _unknown(what: tuple[str, str], name: str, known: list[str]) -> ClaimError:
    return ClaimError(
        "unknown_member",
        f"没有{what[0]} {name}；须是 {known} 之一",
        f"there is no {what[1]} {name}; there are {known}",
    )


def _check_case(entry: AllowanceEntry, event: CaseEvent) -> None:
    if event.case not in entry.items and event.case is not None:
        known = [case for case in entry.items if case is not None]
        raise _unknown(("情形", "case"), event.case, known)


def _registration_refusal(
    form: CaseFile, scheme: Scheme, at: int, entry: AllowanceEntry
) -> Status | None:
    on = form.events[at].on
    records = [
        earlier
        for earlier in form.events[:at]
        if earlier.kind == "registration" and earlier.registration == entry.requires
    ]
    if entry.requires is None or on is None or (records and records[-1].holds_on(on)):
        return None
    return NOT_GRANTED[scheme.file.registrations[entry.requires].kind]


def _facts(event: CaseEvent, scheme: Scheme, on: datetime.date) -> Facts:
    wages = {
        name: parse_fen(values[-1].amount)
        for name, declared in scheme.file.bases.items()
        if (values := [value for value in declared if value.begins <= on])
    }
    stated = {"own": event.wage, "employer": event.employer_wage}
    wages |= {name: parse_fen(text) for name, text in stated.items() if text is not None}
    _check_not_negative(wages)
    return Facts(
        case=event.case,
        wages_fen=wages,
        days=event.days,
        months_e4=None if event.months is None else parse_scaled(event.months, MONTH_PLACES),
        children=event.children,
        years_to_retirement=event.years_to_retirement,
    )


def _check_not_negative(wages: dict[str, int]) -> None:
    if any(fen < 0 for fen in wages.values()):
        raise ClaimError("negative_wage", "工资为负，请核对", "a wage is negative; check it")


def settlement_of(granted: Granted, language: Language) -> dict[str, Any]:
    """Return an allowance as one of the settlements: paid by funds, in cash to the person."""
    answer: dict[str, Any] = {"event": granted.event}
    if granted.status != Status.SETTLED:
        return answer | {"status": "rejected", "code": granted.status.name.lower()}
    amounts = dict.fromkeys(AMOUNT_COLUMNS, 0)
    for grant in granted.grants:
        if grant.payer is not None:
            amounts[f"{grant.payer.name.lower()}_paid_fen"] += grant.amount_fen
            amounts["fund_total_fen"] += grant.amount_fen
    amounts["cash_paid_fen"] = amounts["person_total_fen"] = -amounts["fund_total_fen"]
    steps = [asdict(_step(granted.allowance, grant, language)) for grant in granted.grants]
    return answer | {"status": "settled", **amounts, "steps": steps}


def listed(granted: Granted) -> list[dict[str, Any]]:
    """Return every item of an allowance as the list of allowances prints it."""
    return [
        {
            "event": granted.event,
            "kind": grant.name,
            "allowance": granted.allowance,
            "payer": "employer" if grant.payer is None else grant.payer.name.lower(),
            "amount_fen": grant.amount_fen,
        }
        for grant in granted.grants
    ]


def _step(allowance: str, grant: Grant, language: Language) -> ExplainedStep:
    column = 0 if language == "zh" else 1
    terms = grant.terms
    text = METHODS[terms.method][column].format(
        amount=format_yuan(terms.amount_fen),
        wage=_wage_text(grant.wage_fen),
        days=grant.days,
        divisor=terms.divisor,
        months=_trimmed(format_scaled(grant.months_e4 or 0, MONTH_PLACES)),
    )
    for ppm in (terms.share_ppm, grant.kept_ppm):
        text += "" if ppm == PPM else f" × {_trimmed(format_scaled(ppm, 4))}%"
    if terms.less:
        text += (" − {} 元", " - {}")[column].format(format_yuan(grant.taken_off_fen))
    payer = ("用人单位", "employer")[column] if grant.payer is None else _fund(grant.payer, column)
    amount = format_yuan(grant.amount_fen)
    sentence = ("{}支付：{}，计 {} 元", "{} pays {}: {}")[column].format(payer, text, amount)
    return ExplainedStep(sentence, f"{allowance}.{grant.name}", terms.source, grant.amount_fen)


def _fund(fund: Fund, column: int) -> str:
    return FUNDS[fund][column]


def _wage_text(wage_fen: Fraction | None) -> str:
    if wage_fen is None:
        return ""
    # A share in parts per million of whole fen has no more than eight places in yuan.
    return _trimmed(format_scaled(int(wage_fen * 10 ** (WAGE_PLACES - 2)), WAGE_PLACES))


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
