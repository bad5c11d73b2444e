"""Settles one person's story written as a case file: docs/case-files.md is its form."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.claims.amounts import amounts_of
from engine.claims.columns import (
    COUNTER_ID,
    COUNTER_YEAR,
    EVENT_WIDTH,
    NONE,
    UFEN,
    Ints,
    Result,
    State,
    Status,
)
from engine.codes.enums import Fund
from engine.errors import ClaimError, PolicyError
from engine.money import parse_fen
from engine.periods import day_number, insurance_year
from engine.policy.book import SHIPPED, PolicyBook, Scheme, dump_scheme, load_book, parse_scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.policy.packer import BALANCE, FAMILY, counter_id
from engine.policy.reader import Document
from engine.settlement import case_events
from engine.settlement.case_allowances import Granted, grant_events, listed, settlement_of
from engine.settlement.case_form import CaseFile, read_form
from engine.settlement.case_lines import CaseBill
from engine.settlement.explanation import Language, explanation
from engine.settlement.settle import Settled, settle

PERSON = 1
MAX_COUNT = 10**6


@dataclass(frozen=True)
class Story:
    """A case made ready to settle: one person's events and the state before them."""

    case: CaseFile
    scheme: Scheme
    events: Ints
    opening: Ints
    bill: CaseBill


@dataclass(frozen=True)
class SettledStory:
    """A story, what its events came to, and what its allowances did, by position of the event."""

    book: CompiledBook
    story: Story
    settled: Settled
    granted: Mapping[int, Granted]

    def answer(self, language: Language = "zh") -> dict[str, Any]:
        """Return the settlements as `jiesuan settle --json` prints them; nothing is settled."""
        settlements = [
            settlement_of(self.granted[at], language)
            if (at := int(self.settled.results[k, Result.EVENT])) in self.granted
            else _answer(self.book, self.story, self.settled, k, language)
            for k in self.in_order()
        ]
        applied = [line for one in settlements for line in paid_on_application(self.story, one)]
        granted = [line for one in self.granted.values() for line in listed(one)]
        return {
            "policy_hash": self.book.book.hash,
            "settlements": settlements,
            "allowances": [*applied, *granted],
        }

    def in_order(self) -> list[int]:
        """Return the places of the results in the order of their events."""
        return [int(k) for k in np.argsort(self.settled.results[:, Result.EVENT], kind="stable")]


def settle_case(
    case: Mapping[str, Any],
    policies: Path | None = None,
    document: Document | None = None,
    language: Language = "zh",
) -> dict[str, Any]:
    """Return the settlements of a case, as `jiesuan settle --json` prints them.

    Args and errors are those of `settle_story`; `language` is that of the steps' texts.
    """
    return settle_story(case, policies, document).answer(language)


def settle_story(
    case: Mapping[str, Any], policies: Path | None = None, document: Document | None = None
) -> SettledStory:
    """Return a case with all its events settled.

    Args:
        case: the case file's mapping.
        policies: folder of policy files, or one file; None for the shipped ones.
        document: the case as read, so that errors of an inline policy name their lines.

    Raises:
        PolicyError: the policy is refused or there is none for region and scheme.
        ClaimError: `case_format`, the case is not of the form.
    """
    form = read_form(case)
    book, at = _book_of(form, policies, document)
    story = read_story(form, book, at)
    granted = grant_events(form, story.scheme)
    settled = settle(book, story.events, story.opening, bills=story.bill.bills())
    return SettledStory(book, story, settled, granted)


def paid_on_application(story: Story, settled: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a settlement adds to the list of allowances: the payment of an application."""
    if "benefit_year" not in settled:
        return []
    benefit = next(event.benefit for event in story.case.events if event.id == settled["event"])
    years = {name: settled[name] for name in ("benefit_year", "fund_year")}
    return [
        {
            "event": settled["event"],
            "kind": benefit,
            "payer": fund.name.lower(),
            "amount_fen": settled[f"{fund.name.lower()}_paid_fen"],
            **years,
        }
        for fund in Fund
        if settled[f"{fund.name.lower()}_paid_fen"] != 0
    ]


def read_story(form: CaseFile, book: CompiledBook, at: int) -> Story:
    """Return a case's events for the scheme at a position of the book.

    Raises:
        ClaimError: the case speaks of a level, class, visit, counter or event that is not there.
    """
    scheme = book.book.schemes[at]
    events = np.full((len(form.events), EVENT_WIDTH), NONE, dtype=np.int64)
    bill = case_events.write_events(form, scheme, at, events)
    return Story(form, scheme, events, _opening(form, scheme), bill)


def _book_of(
    form: CaseFile, policies: Path | None, document: Document | None
) -> tuple[CompiledBook, int]:
    if form.policy is not None:
        inline = document.part("policy") if document is not None else None
        scheme = Scheme(inline) if inline else parse_scheme(dump_scheme(form.policy), "policy")
        return compile_book(PolicyBook([scheme])), 0
    book = compiled_book(policies or SHIPPED)
    at = book.book.index(form.region or "", form.scheme or "")
    if at is None:
        raise PolicyError(
            "no_policy",
            f"没有区划 {form.region} 险种 {form.scheme} 的政策；"
            "请核对 region 与 scheme，或用 policy 写明",
            f"there is no policy for region {form.region} and scheme {form.scheme}; check both, "
            "or write the policy inline",
        )
    return book, at


@lru_cache(maxsize=8)
def compiled_book(policies: Path) -> CompiledBook:
    """Return the policies of a folder compiled; a process reads them once."""
    return compile_book(load_book(policies))


def _opening(form: CaseFile, scheme: Scheme) -> Ints:
    if form.state is None:
        return np.zeros((0, len(State)), dtype=np.int64)
    periods = _periods(form, scheme)
    rows = [
        (PERSON, counter_id(*scheme.key, name) * COUNTER_ID + periods[time], 0, value)
        for name, time, value in _opening_counters(form, scheme, set(periods))
    ]
    balance = form.state.account_balance
    held = dict(zip(FAMILY, form.state.family_balances, strict=False))
    for name, amount in (held | ({} if balance is None else {BALANCE: balance})).items():
        key = counter_id(*scheme.key, name) * COUNTER_ID
        rows.append((PERSON, key, 0, parse_fen(amount) * UFEN))
    return np.array(rows, dtype=np.int64).reshape(-1, len(State))


def _opening_counters(
    form: CaseFile, scheme: Scheme, known: set[str]
) -> Iterator[tuple[str, str, int]]:
    for name, text in form.state.counters.items() if form.state else ():
        counter = scheme.file.counters.get(name)
        if counter is None or len(counter.scope) > 1 or counter.scope[0] not in known:
            raise ClaimError(
                "unknown_counter",
                f"期初状态不能给出累计 {name}：政策没有声明它，或它另按等级、病种、机构分列，"
                "或无从定其年月；"
                "请改用已声明的名称，写明 state.year、state.month，或以先前的事件代替",
                f"the counter {name} cannot be given as opening state: the policy does not declare "
                "it, keeps it apart by level, disease or institution, or nothing sets its period; "
                "use a declared name, give state.year and state.month, or tell earlier events",
                counter=name,
            )
        yield name, counter.scope[0], _opening_value(name, counter.counts, text)


def _opening_value(name: str, counts: str, given: str | int | datetime.date) -> int:
    if counts == "day" and isinstance(given, datetime.date):
        return day_number(given)
    if counts == "stays" and isinstance(given, int) and 0 <= given < MAX_COUNT:
        return given
    if counts == "money" and isinstance(given, str) and (fen := parse_fen(given)) >= 0:
        return fen * UFEN
    raise ClaimError(
        "counter_value",
        f"累计 {name} 的期初值 {given!r} 不成立："
        "次数写不带引号的整数，金额写带引号的元，均不为负，日期写 yyyy-MM-dd",
        f"the counter {name} cannot open at {given!r}: a count is a plain integer, money is quoted "
        "text in yuan, neither negative, and a day is yyyy-MM-dd",
        counter=name,
    )


def _periods(form: CaseFile, scheme: Scheme) -> dict[str, int]:
    """Return the part of a counter's key that its time scope sets, for the opening state."""
    first = next((event for event in form.events if event.kind == "claim"), None)
    on = None if first is None else first.claim_date(scheme.file.claim_date)
    year = form.state.year if form.state else None
    month = form.state.month if form.state else None
    if on is not None:
        year, month = year or insurance_year(on, scheme.year_starts), month or on.month
    periods = {"life": 0}
    if year is not None:
        periods["year"] = year * COUNTER_YEAR
    if year is not None and month is not None:
        # A month before the one in which the insurance year begins is of the next calendar year.
        calendar_year = year + (month < scheme.year_starts[0])
        periods["month"] = calendar_year * COUNTER_YEAR + month
    return periods


def _answer(
    book: CompiledBook, story: Story, settled: Settled, k: int, language: Language
) -> dict[str, Any]:
    event = story.case.events[int(settled.results[k, Result.EVENT])]
    answer = {"event": event.id} | settlement(book, settled, k, language)
    if event.kind != "application" or answer["status"] != "settled" or event.settled is None:
        return answer
    fund_year = insurance_year(event.settled, story.scheme.year_starts)
    return answer | {"benefit_year": event.year, "fund_year": fund_year}


def settlement(
    book: CompiledBook, settled: Settled, k: int, language: Language = "zh"
) -> dict[str, Any]:
    """Return one result by name: status, then code, or amounts in fen and steps."""
    result = settled.results[k]
    status = Status(int(result[Result.STATUS]))
    if status != Status.SETTLED:
        return {"status": "rejected", "code": status.name.lower()}
    trace = settled.trace[settled.trace_first[k] : settled.trace_first[k + 1]]
    row = int(result[Result.POLICY_ROW])
    lines = explanation(book, row, trace, language) if row >= 0 else []
    return {"status": "settled", **amounts_of(result), "steps": [asdict(line) for line in lines]}
