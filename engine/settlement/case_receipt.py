"""The receipt of a case: of the whole story, and of each settlement that it came to."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from engine.claims.columns import COUNTER_ID, NONE, Event, EventKind, Result, State, Status
from engine.money import parse_fen
from engine.settlement.canonical import hash_of
from engine.settlement.case import SettledStory
from engine.settlement.case_allowances import Granted, listed
from engine.settlement.case_form import CaseEvent
from engine.settlement.case_lines import CaseBill
from engine.settlement.facts import named_facts
from engine.settlement.receipt import ENGINE_VERSION, WITH_RECEIPT, kept_of, receipt_of

FORM = 2
"""Which edition of docs/receipts.md the hashes follow."""

PRIVATE = {"event", "input_hash"}
"""Keys of an outcome that are no result: a story told with other names comes to the same."""

WAGES = ("wage", "employer_wage")
ALLOWANCE_FACTS = ("allowance", "case", "days", "months", "children", "years_to_retirement")
ROW_NAMES = ("class", "first_ppm", "category", "groups", "ceiling_e6")
"""What a line's row of the catalogue says, in the order of `CaseBill.rows`."""


def receipt_of_case(told: SettledStory) -> dict[str, Any]:
    """Return the receipt of a settled story: hashes of the whole, and of each settlement."""
    outcomes = list(_outcomes(told))
    results = [{key: one[key] for key in one if key not in PRIVATE} for one in outcomes]
    return {
        "form": FORM,
        "policy_hash": told.book.book.hash,
        "engine_version": ENGINE_VERSION,
        "input_hash": hash_of(_story(told)),
        "result_hash": hash_of({"events": results}),
        "settlements": [
            {key: one[key] for key in ("event", "input_hash", "result_hash")}
            for one in outcomes
            if "result_hash" in one
        ],
    }


def _outcomes(told: SettledStory) -> Iterator[dict[str, Any]]:
    for k in told.in_order():
        result = told.settled.results[k]
        at = int(result[Result.EVENT])
        kind = EventKind(int(result[Result.KIND]))
        status = told.granted[at].status if at in told.granted else Status(result[Result.STATUS])
        outcome = {"event": told.story.case.events[at].id, "status": status.name.lower()}
        if status == Status.SETTLED and (at in told.granted or kind in WITH_RECEIPT):
            outcome |= _hashes(told, k, at)
        yield outcome


def _hashes(told: SettledStory, k: int, at: int) -> dict[str, str]:
    if at in told.granted:
        return _allowance_hashes(told, at)
    first = told.settled.trace_first
    trace = told.settled.trace[first[k] : first[k + 1]]
    event, result = told.story.events[at], told.settled.results[k]
    lines = told.story.bill.lines_hash(at)
    kept = kept_of(told.story.scheme.key, event, result, trace, lines)
    found = asdict(receipt_of(told.book, kept))
    return {name: found[name] for name in ("input_hash", "result_hash")}


def _allowance_hashes(told: SettledStory, at: int) -> dict[str, str]:
    region, scheme = told.story.scheme.key
    facts = {"kind": "allowance", "region": region, "scheme": scheme}
    facts |= _allowance_facts(told.story.case.events[at])
    return {"input_hash": hash_of(facts), "result_hash": hash_of(_items(told.granted[at]))}


def _items(granted: Granted) -> dict[str, Any]:
    items = listed(granted)
    return {"items": [{key: item[key] for key in item if key != "event"} for item in items]}


def _story(told: SettledStory) -> dict[str, Any]:
    """Return what the engine saw of a story: its opening state, events and bill lines."""
    region, scheme = told.story.scheme.key
    lines = _lines_by_event(told.story.bill)
    opening = [
        [
            told.book.counter_names[int(row[State.COUNTER]) // COUNTER_ID][1],
            int(row[State.COUNTER]) % COUNTER_ID,
            int(row[State.VALUE]),
        ]
        for row in told.story.opening
    ]
    events = [
        _event(told, k) | {"lines": lines.get(k, [])} for k in range(len(told.story.case.events))
    ]
    return {"region": region, "scheme": scheme, "opening": sorted(opening), "events": events}


def _event(told: SettledStory, k: int) -> dict[str, Any]:
    row, event = told.story.events[k], told.story.case.events[k]
    facts = named_facts(row, told.book)
    if row[Event.REF] != NONE:
        facts["undoes"] = int(row[Event.REF])
    return facts | (_allowance_facts(event) if event.kind == "allowance" else {})


def _allowance_facts(event: CaseEvent) -> dict[str, Any]:
    wages = {name: text for name in WAGES if (text := getattr(event, name)) is not None}
    stated = {name: fact for name in ALLOWANCE_FACTS if (fact := getattr(event, name)) is not None}
    return {
        "on": event.on.isoformat() if event.on else "",
        **{f"{name}_fen": parse_fen(text) for name, text in wages.items()},
        **stated,
    }


def _lines_by_event(bill: CaseBill) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for line, code in zip(bill.lines, bill.codes, strict=True):
        row = dict(zip(ROW_NAMES, bill.rows[line["item"]], strict=True))
        numbers = {name: line[name] for name in line if name not in {"claim", "item"}}
        groups = sorted(bill.group_sets[row["groups"]])
        found.setdefault(line["claim"], []).append(
            {**numbers, **row, "groups": groups, "code": code}
        )
    return found


def differences(kept: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """Return what of a receipt does not hold against the one made anew; empty: all does.

    Settlements are named `settlements.<event>`; events are compared by their place in the story.
    """
    whole = ("form", "policy_hash", "engine_version", "input_hash", "result_hash")
    found = [name for name in whole if kept.get(name) != made[name]]
    pairs: Iterable[tuple[dict[str, Any], dict[str, Any]]] = itertools.zip_longest(
        kept["settlements"], made["settlements"], fillvalue={}
    )
    for was, now in pairs:
        if any(was.get(name) != now.get(name) for name in ("input_hash", "result_hash")):
            found.append(f"settlements.{now.get('event', was.get('event'))}")
    return found
