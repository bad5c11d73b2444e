"""Small policies and stories, and what the engine makes of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from engine.claims.amounts import amounts_of
from engine.claims.columns import (
    COUNTER_ID,
    STEP_WIDTH,
    UFEN,
    Event,
    Ints,
    Result,
    State,
    Status,
)
from engine.policy.book import PolicyBook, dump_scheme, parse_scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.settlement.case import read_story
from engine.settlement.case_form import read_form
from engine.settlement.explanation import ExplainedStep, explanation
from engine.settlement.settle import Settled, settle

Record: TypeAlias = dict[str, Any]

LEVELS = ["L1", "L3"]
NONE: Record = {"method": "none"}


def bands(*table: tuple[str | None, Any], position: str = "claim", inside: bool = True) -> Record:
    rows = [{"to": to, "rate": rate} for to, rate in table]
    return {"position": position, "deductible_inside": inside, "table": rows}


def layer(*table: tuple[str | None, Any], **changes: Any) -> Record:
    """Return a cost layer on the covered cost with these bands, changed as told."""
    return {
        "name": "basic",
        "fund": "pool",
        "base": ["covered"],
        "takes": "cost",
        "mode": "per_claim",
        "deductible": NONE,
        "bands": bands(*table),
        "rounding": "layer",
    } | changes


def burden(*table: tuple[str | None, Any], **changes: Any) -> Record:
    """Return a burden layer on deductible and co-pay of `basic`, the co-pay paid off first."""
    parts = {"base": ["deductible.basic", "copay.basic"]}
    pays_off = {"pays_off": ["copay.basic", "deductible.basic"]}
    named = {"name": "serious", "fund": "serious_illness", "takes": "burden"}
    return layer(*table, **(parts | pays_off | named | changes))


def per_stay(amount: Any, **more: Any) -> Record:
    return {"method": "per_stay", "amount": amount, **more}


def annual(amount: Any, counter: str | None = None) -> Record:
    return {"method": "annual", "amount": amount} | ({"counter": counter} if counter else {})


def capped(amount: Any, on: str = "payment", counter: str | None = None) -> list[Record]:
    return [{"on": on, "amount": amount} | ({"counter": counter} if counter else {})]


def policy(*layers: Record, counters: str = "", **entry: Any) -> Record:
    """Return a policy of one in-patient benefit; counters as `name` or `name:scope+scope`."""
    return {
        "region": "000000",
        "name": "试点市",
        "scheme": "employee",
        "status": "published",
        "claim_date": "end",
        "insurance_year": "01-01",
        "reversal": "last_first",
        "levels": LEVELS,
        "person_classes": {"active": ["active"], "retired": ["retired"]},
        "source": {"title": "made up"},
        "counters": dict(_counters(counters)),
        "benefits": {"inpatient": benefit(*layers, **entry)},
    }


def benefit(*layers: Record, visits: tuple[str, ...] = ("inpatient",), **entry: Any) -> Record:
    dated = {"from": date(2023, 1, 1), "reviewed_until": date(2024, 12, 31)}
    return {"visits": list(visits), "history": [dated | {"layers": list(layers)} | entry]}


def _counters(text: str) -> Iterator[tuple[str, Record]]:
    for word in text.split():
        name, _, scope = word.partition(":")
        counts = "stays" if name.startswith("stays") else "money"
        yield name, {"counts": counts, "scope": scope.split("+") if scope else ["year"]}


def claim(name: str, total: str = "0.00", on: str = "2023-03-10", **more: Any) -> Record:
    day = date.fromisoformat(on)
    stay = {"id": name, "visit": "inpatient", "level": "L3", "begin": day, "end": day}
    return stay | ({} if "lines" in more else {"total": total}) | more


def cancel(of: str, name: str = "undo") -> Record:
    return {"id": name, "kind": "cancel", "of": of}


def credit(amount: str, name: str = "credit") -> Record:
    return {"id": name, "kind": "account_credit", "amount": amount}


def class_change(to: str) -> Record:
    return {"id": "change", "kind": "class_change", "class": to}


def year_close(year: int) -> Record:
    return {"id": "close", "kind": "year_close", "year": year}


@dataclass(frozen=True)
class Told:
    """A story settled, its results in the order of its events."""

    book: CompiledBook
    settled: Settled

    def result(self, event: int) -> Ints:
        found: Ints = self.settled.results[event]
        return found

    def statuses(self) -> list[str]:
        return [Status(int(row[Result.STATUS])).name.lower() for row in self.settled.results]

    def fen(self, key: str) -> list[int]:
        return [amounts_of(row)[f"{key}_fen"] for row in self.settled.results]

    def paid(self, fund: str = "pool") -> list[int]:
        return self.fen(f"{fund}_paid")

    def trace(self, event: int) -> Ints:
        first = self.settled.trace_first
        found: Ints = self.settled.trace[first[event] : first[event + 1]]
        assert len(found) % STEP_WIDTH == 0
        return found

    def explanation(self, event: int, language: Any = "zh") -> list[ExplainedStep]:
        row = int(self.result(event)[Result.POLICY_ROW])
        return explanation(self.book, row, self.trace(event), language)

    def step(self, event: int, rule: str) -> int:
        [line] = [line for line in self.explanation(event) if line.rule == rule]
        return line.amount_fen

    def counters(self) -> Record:
        """Return what the counters hold by name: stays as counts, money in fen (exactly)."""
        found: Record = {}
        for row in self.settled.closing:
            _, name = self.book.counter_names[int(row[State.COUNTER]) // COUNTER_ID]
            value = int(row[State.VALUE])
            plain = name.startswith("stays") or name == "year_closed"
            found.setdefault(name, []).append(value if plain else value / UFEN)
        return {name: held[0] if len(held) == 1 else held for name, held in found.items()}

    def ufen(self, name: str) -> int:
        """Return what a counter holds, in 1e-6 fen."""
        [value] = [
            int(row[State.VALUE])
            for row in self.settled.closing
            if self.book.counter_names[int(row[State.COUNTER]) // COUNTER_ID][1] == name
        ]
        return value


def book_of(*policies: Record) -> CompiledBook:
    return compile_book(PolicyBook([parse_scheme(dump_scheme(one), "policy") for one in policies]))


def case_of(*events: Record, **case: Any) -> Record:
    return {"policy": {}, "person": {"class": "active"}, "events": list(events)} | case


def events_of(book: CompiledBook, *events: Record, **case: Any) -> tuple[Ints, Ints]:
    """Return a story's events and opening state as rows."""
    story = read_story(read_form(case_of(*events, **case)), book, 0)
    return story.events, story.opening


def tell(given: Record, *events: Record, **case: Any) -> Told:
    """Settle one person's story under a policy."""
    book = book_of(given)
    story = read_story(read_form(case_of(*events, **case)), book, 0)
    settled = settle(book, story.events, story.opening, bills=story.bill.bills())
    assert settled.results[:, Result.EVENT].tolist() == list(range(len(events)))
    return Told(book, settled)


def of_person(events: Ints, person: int, first: int = 0) -> Ints:
    """Return event rows as another person's, with references that begin at another row."""
    moved = events.copy()
    moved[:, Event.PERSON] = person
    moved[moved[:, Event.REF] >= 0, Event.REF] += first
    return moved
