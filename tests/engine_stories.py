"""What the engine makes of many stories at once, told record by record as the oracle tells it."""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from engine.claims.amounts import amounts_of
from engine.claims.columns import (
    COUNTER_ID,
    COUNTER_YEAR,
    NONE,
    UFEN,
    Event,
    EventKind,
    Ints,
    Result,
    State,
    Status,
    Step,
)
from engine.claims.keys import content_key
from engine.policy.book import PolicyBook, parse_scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.settlement.case import Story as CaseStory
from engine.settlement.case import read_story
from engine.settlement.case_form import read_form
from engine.settlement.case_lines import CaseBill
from engine.settlement.explanation import decode
from engine.settlement.settle import Settled, settle
from tests.strategies import Story

Record = dict[str, Any]


STEPPED = 4
"""Of so many stories one is compared step by step, the others by what each layer has paid."""


ACCOUNTS = {"account_balance", *(f"family_{number}" for number in range(1, 5))}


@lru_cache(maxsize=4)
def book_of(policy_text: str) -> CompiledBook:
    return compile_book(PolicyBook([parse_scheme(policy_text, "policy")]))


def engine_results(policy_text: str, stories: list[Story]) -> list[list[Record]]:
    book = book_of(policy_text)
    told = [read_story(read_form({"policy": {}, **as_case(story)}), book, 0) for story in stories]
    firsts = np.cumsum([0, *(len(one.events) for one in told)])
    settled = settle_all(book, told, firsts)
    position = np.empty(len(settled.results), dtype=np.int64)
    position[settled.results[:, Result.EVENT]] = np.arange(len(settled.results))
    answers = []
    for number, (one, first) in enumerate(zip(told, firsts, strict=False)):
        mine = position[first : first + len(one.events)]
        stepped = number % STEPPED == 0
        records = [
            record_of(book, one.case.events[k].id, settled, int(at), stepped=stepped)
            for k, at in enumerate(mine)
        ]
        closing = settled.closing[settled.closing[:, State.PERSON] == number]
        records[-1]["counters"] = counters_of(book, one, closing)
        answers.append(records)
    return answers


def as_case(story: Story) -> Record:
    case: Record = {"person": story.person, "events": story.events}
    return case | ({"state": story.state} if story.state else {})


def settle_all(book: CompiledBook, told: list[CaseStory], firsts: Ints) -> Settled:
    merged = CaseBill(events=int(firsts[-1]))
    events, opening = [], []
    for number, (one, first) in enumerate(zip(told, firsts, strict=False)):
        mine = one.events.copy()
        mine[:, Event.PERSON] = number
        mine[mine[:, Event.KIND] == EventKind.REVERSAL, Event.REF] += first
        state = one.opening.copy()
        state[:, State.PERSON] = number
        events.append(mine)
        opening.append(state)
        items = len(merged.rows)
        groups = [merged.group_at(names) for names in one.bill.group_sets]
        merged.rows += [(*row[:3], groups[row[3]], *row[4:]) for row in one.bill.rows]
        merged.lines += [
            line | {"claim": line["claim"] + int(first), "item": line["item"] + items}
            for line in one.bill.lines
        ]
    return settle(book, np.vstack(events), np.vstack(opening), bills=merged.bills())


def record_of(
    book: CompiledBook, name: str | None, settled: Settled, at: int, *, stepped: bool
) -> Record:
    result = settled.results[at]
    status = Status(int(result[Result.STATUS]))
    record: Record = {"event": name, "status": status.name.lower()}
    if status != Status.SETTLED:
        return record
    undone = int(result[Result.ORIGINAL])
    of = at if undone == NONE else undone
    layers = paid_by_layer(book, result)
    if stepped:
        trace = settled.trace[settled.trace_first[of] : settled.trace_first[of + 1]]
        steps = layers_of(book, settled.results[of], trace)
        layers = [
            {**(step if undone == NONE else taken_back(step)), **paid}
            for step, paid in zip(steps, layers, strict=True)
        ]
    return record | amounts_of(result) | {"layers": layers}


def paid_by_layer(book: CompiledBook, result: Ints) -> list[Record]:
    if result[Result.POLICY_ROW] < 0:
        return []
    terms = book.infos[int(result[Result.POLICY_ROW])].row.terms
    assert terms is not None
    return [
        {"name": layer.name, "paid": int(result[Result.LAYER_PAID + k])}
        for k, layer in enumerate(terms.layers)
    ]


def taken_back(step: Record) -> Record:
    amounts = {"deductible": -step["deductible"], "consumed": -step["consumed"]}
    return {"cap_left": None, **amounts}


def layers_of(book: CompiledBook, result: Ints, trace: Ints) -> list[Record]:
    if result[Result.POLICY_ROW] < 0:
        return []
    terms = book.infos[int(result[Result.POLICY_ROW])].row.terms
    assert terms is not None
    layers: list[Record] = []
    for k, layer in enumerate(terms.layers):
        left = int(result[Result.CAP_LEFT + k])
        layers.append(
            {
                "name": layer.name,
                "cap_left": None if left == NONE else left,
                "deductible": Fraction(0),
            }
        )
    for step in decode(trace):
        layer_record = layers[step.layer]
        if step.code == Step.DEDUCTIBLE:
            layer_record["deductible"] = Fraction(step.amount, UFEN)
        elif step.code == Step.COST_LIMIT:
            layer_record["consumed"] = Fraction(step.amount, UFEN)
        elif step.code == Step.PAYMENT:
            layer_record.setdefault("consumed", Fraction(step.basis, UFEN))
    return layers


def counters_of(book: CompiledBook, one: CaseStory, closing: Ints) -> dict[Any, Any]:
    """Return (name, period, scope) -> value, zeros and the engine's own counters left out."""
    names = [text for event in one.case.events for text in names_in(event)]
    scopes = {content_key(text): text for text in [*names, *one.scheme.file.levels]}
    found = {}
    for row in closing:
        key, scope, value = (int(row[k]) for k in (State.COUNTER, State.SCOPE, State.VALUE))
        _, name = book.counter_names[key // COUNTER_ID]
        year, month = key % COUNTER_ID // COUNTER_YEAR, key % COUNTER_YEAR
        if value and (name in one.scheme.file.counters or name in ACCOUNTS):
            found[name, period(year, month), scopes.get(scope, "")] = value
    return found


def period(year: int, month: int) -> int:
    return year * 100 + month if month else year


def names_in(event: Any) -> list[str]:
    return [text for text in (event.disease, event.institution) if text]
