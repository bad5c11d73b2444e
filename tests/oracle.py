"""Settles one person's story again, plainly and from the YAML of a policy alone.

It shares no code with the engine: docs/policy-language.md and docs/case-files.md are all it knows.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeAlias

from tests.oracle_claim import BALANCE, Claim
from tests.oracle_entries import read_terms
from tests.oracle_layers import Bill, StayBefore
from tests.oracle_lines import price_bill, stated_buckets
from tests.oracle_terms import (
    BUCKETS,
    PPM,
    UFEN,
    CounterKey,
    Facts,
    Finder,
    Record,
    RefusalError,
    Terms,
    depends_on,
    fen,
    full_years,
    half_up,
    in_force,
    insurance_year,
    ppm,
    texts_of,
)
from tests.oracle_waiting import check_waiting

StayKey: TypeAlias = tuple[str | None, str | None]

NOTHING: Record = Claim({}, {}).settled_bill(Bill(dict.fromkeys(BUCKETS, 0)))
"""The amounts of an event that settles no money."""

PERSONAL = ("sex", "tier", "enrolled_months", "contribution_years", "registered_diseases")


def settle_story(
    policy: Record, person: Record, state: Record, events: list[Record]
) -> list[Record]:
    """Return what becomes of each event: status, amounts in fen, layers, counters after it."""
    return Oracle(policy).settle(person, state, events)


@dataclass
class Segment:
    """A segment of a stay that has been settled: its number, and what it took by layer."""

    number: int
    deductibles: dict[str, int]
    places: dict[str, int]


@dataclass
class Stay:
    """A stay billed in parts: the number that it has among stays, and its segments."""

    ordinal: int
    segments: list[Segment] = field(default_factory=list)

    def so_far(self, *, waived: bool) -> StayBefore:
        def summed(name: str) -> dict[str, int]:
            found: dict[str, int] = {}
            for segment in self.segments:
                for layer, amount in getattr(segment, name).items():
                    found[layer] = found.get(layer, 0) + amount
            return found

        return StayBefore(self.ordinal, waived, summed("deductibles"), summed("places"))


@dataclass
class Settled:
    """What a cancel needs of the settlement that it undoes."""

    year: int
    result: Record
    gained: list[tuple[CounterKey, int]]
    stay: Stay | None = None
    segment: int = 0
    visit: StayKey | None = None  # of a claim that bills a part of a stay
    live: bool = True
    held: bool = False  # by a later change of cover


class Oracle:
    """One policy, read once; keeps the terms that it has found."""

    def __init__(self, policy: Record) -> None:
        self.policy = policy
        self.counters: Record = policy.get("counters") or {}
        self.benefits: dict[str, tuple[str, Record]] = {
            visit: (name, benefit)
            for name, benefit in policy["benefits"].items()
            for visit in benefit.get("visits", ())
        }
        self.dated_bases = sorted(
            entry["from"] for history in (policy.get("bases") or {}).values() for entry in history
        )
        self.yearly = "per" in texts_of(policy["benefits"])
        self.found: dict[tuple[Any, ...], Terms | str] = {}
        self.asked: dict[tuple[str, date], set[str]] = {}

    def settle(self, person: Record, state: Record, events: list[Record]) -> list[Record]:
        """Return what becomes of each event of one person, in order."""
        story = Story(self, person, state, events)
        return [story.tell(event) for event in events]

    def day(self, event: Record) -> date:
        end: date = event["end"]
        settled: date = event.get("settled") or end
        return settled if self.policy["claim_date"] == "settlement" else end

    def benefit(self, visit: str) -> tuple[str, Record]:
        if visit not in self.benefits:
            raise RefusalError(code="no_policy")
        return self.benefits[visit]

    def terms(self, name: str, entry: Record, finder: Finder) -> Terms:
        facts = finder.facts
        bases = sum(first <= facts.day for first in self.dated_bases)
        yearly = (facts.age, facts.contribution_years) if self.yearly else ()
        key = (name, entry["from"], bases, *yearly, *sorted(finder.members.items()))
        if key not in self.found:
            finder.known(self.dimensions(name, entry))
            try:
                self.found[key] = read_terms(entry, finder)
            except RefusalError as refusal:
                self.found[key] = refusal.code
        found = self.found[key]
        if isinstance(found, str):
            raise RefusalError(code=found)
        return found

    def dimensions(self, name: str, entry: Record) -> set[str]:
        """Return the dimensions on which a dated entry depends."""
        key = (name, entry.get("from", date.min))
        if key not in self.asked:
            self.asked[key] = depends_on(self.policy, entry)
        return self.asked[key]

    def bill(self, event: Record, finder: Finder) -> Bill:
        if "lines" in event:
            lines = self.policy.get("lines")
            entry = in_force(lines, finder.facts.day) if lines else {}
            finder.known(self.dimensions("lines", entry))
            bill = price_bill(event, entry, finder)
        else:
            bill = Bill(stated_buckets(event))
        bill.begins, bill.ends = day_number(event["begin"]), day_number(event["end"])
        bill.transfer = event.get("transfer", False)
        bill.account_used = event.get("account_used", False)
        return bill

    def counter_keys(self, event: Record, day: date) -> dict[str, CounterKey]:
        periods = self.periods(day)
        keys = {}
        for name, counter in self.counters.items():
            period = next(periods[scope] for scope in counter["scope"] if scope in periods)
            by = next((event.get(scope) for scope in counter["scope"] if scope not in periods), "")
            keys[name] = (name, period, str(by or ""))
        return keys

    def periods(self, day: date) -> dict[str, int]:
        year = insurance_year(self.policy, day)
        return {"year": year, "month": day.year * 100 + day.month, "life": 0}


class Story:
    """The state of one person between events."""

    def __init__(self, oracle: Oracle, person: Record, state: Record, events: list[Record]) -> None:
        self.oracle = oracle
        self.person = person
        self.person_class = person["class"]
        self.birth: date | None = person.get("birth_date")
        self.settled: dict[str, Settled] = {}
        self.closed: set[int] = set()
        self.registered: dict[tuple[str, str], tuple[date, date | None]] = {}
        self.stays: dict[StayKey, Stay] = {}
        self.counters: dict[CounterKey, int] = {
            BALANCE: fen(state.get("account_balance", "0")) * UFEN
        }
        for number, held in enumerate(state.get("family_balances") or [], start=1):
            self.counters[f"family_{number}", 0, ""] = fen(held) * UFEN
        first = next((event for event in events if event.get("kind", "claim") == "claim"), None)
        if first is not None:
            self.open(state, oracle.day(first))

    def open(self, state: Record, first: date) -> None:
        policy = self.oracle.policy
        year = state.get("year", insurance_year(policy, first))
        month = state.get("month", first.month)
        # A month before the one in which the insurance year begins is of the next calendar year.
        months_year = year + (month < int(policy["insurance_year"][:2]))
        periods = {"year": year, "month": months_year * 100 + month, "life": 0}
        for name, value in (state.get("counters") or {}).items():
            counter = policy["counters"][name]
            period = next(periods[scope] for scope in counter["scope"] if scope in periods)
            self.counters[name, period, ""] = opening(counter["counts"], value)

    def tell(self, event: Record) -> Record:
        told: Record = {"event": event["id"], "status": "settled", "layers": []}
        try:
            told.update(getattr(self, event.get("kind", "claim"))(event))
        except RefusalError as refusal:
            told["status"] = refusal.code
        told["counters"] = {key: value for key, value in self.counters.items() if value}
        return told

    def facts(self, day: date, event: Record, **others: Any) -> Facts:
        known: dict[str, Any] = {key: event.get(key, self.person.get(key)) for key in PERSONAL}
        age = None if self.birth is None else full_years(self.birth, day)
        return Facts(day=day, person_class=self.person_class, age=age, **known, **others)

    def claim(self, event: Record) -> Record:
        oracle, day = self.oracle, self.oracle.day(event)
        check_waiting(oracle.policy, self.person, self.person_class, event)
        name, benefit = oracle.benefit(event["visit"])
        entry = in_force(benefit["history"], day)
        care = {key: event[key] for key in ("level", "disease", "filing") if key in event}
        finder = Finder(oracle.policy, self.facts(day, event, **care))
        terms = oracle.terms(name, entry, finder)
        bill = oracle.bill(event, finder)
        year = insurance_year(oracle.policy, day)
        if year in self.closed:
            raise RefusalError(code="year_closed")
        self.check_registered(terms, event)
        stay, before = self.stay_of(terms, event)
        claim = Claim(self.counters, oracle.counter_keys(event, day))
        result = claim.settle(terms, bill, before)
        result["layers"] = claim.layers
        number = event.get("segment", 1)
        part = number > 1 or event.get("interim", False)
        visit = (event.get("institution"), event.get("stay")) if part else None
        settled = Settled(year, result, claim.gained, stay, number, visit)
        self.settled[event["id"]] = settled
        if stay is not None:
            self.add_segment(stay, settled, claim)
        return result

    def check_registered(self, terms: Terms, event: Record) -> None:
        if terms.requires is not None:
            self.check_record(terms.requires, event["begin"], event)

    def check_record(self, name: str, day: date, event: Record) -> None:
        declared = self.oracle.policy["registrations"][name]
        first, last = self.registered.get((name, scope_of(declared, event)), (date.max, None))
        if day < first or (last is not None and day > last):
            recognition = declared["kind"] == "recognition"
            raise RefusalError(code="not_recognised" if recognition else "not_registered")

    def stay_of(self, terms: Terms, event: Record) -> tuple[Stay | None, StayBefore | None]:
        """Return the stay of which the claim is a segment, and what its earlier ones leave."""
        number = event.get("segment", 1)
        if number == 1 and not event.get("interim", False):
            return None, None
        if terms.segments is None:
            raise RefusalError(code="not_supported")
        if terms.segments == "own_stays":
            return None, None
        key = (event.get("institution"), event.get("stay"))
        stay = self.stays.setdefault(key, Stay(0))
        if number != (stay.segments[-1].number if stay.segments else 0) + 1:
            raise RefusalError(code="segment_out_of_order")
        if number == 1:
            return stay, None
        return stay, stay.so_far(waived=terms.segments == "waived")

    def add_segment(self, stay: Stay, settled: Settled, claim: Claim) -> None:
        if not stay.segments:
            stay.ordinal = claim.ordinal
        measures = [(layer, done) for layer, done in claim.measures if layer.total is None]
        places = {
            layer.name: done.of("cost" if layer.inside else "cost_above_deductible")
            for layer, done in measures
        }
        deductibles = {layer.name: done.deductible for layer, done in measures}
        stay.segments.append(Segment(settled.segment, deductibles, places))

    def cancel(self, event: Record) -> Record:
        undone = self.settled.get(event["of"])
        if undone is None:
            raise RefusalError(code="reversal_unknown")
        if not undone.live:
            raise RefusalError(code="reversed_twice")
        live = [one for one in self.settled.values() if one.live and one.year == undone.year]
        same = [one for one in self.settled.values() if one.live and one.visit == undone.visit]
        followed = undone.visit is not None and same[-1] is not undone
        if live[-1] is not undone or undone.held or followed:
            raise RefusalError(code="reversal_not_last")
        undone.live = False
        if undone.stay is not None:
            undone.stay.segments.pop()
        for key, amount in undone.gained:
            self.counters[key] -= amount
        negated = {key: -undone.result[key] for key in NOTHING}
        return {**negated, "layers": [negative(layer) for layer in undone.result["layers"]]}

    def account_credit(self, event: Record) -> Record:
        self.counters[BALANCE] += fen(event["amount"]) * UFEN
        return NOTHING

    def family_link(self, event: Record) -> Record:
        key = (f"family_{event['account']}", 0, "")
        self.counters[key] = self.counters.get(key, 0) + fen(event["amount"]) * UFEN
        return NOTHING

    def class_change(self, event: Record) -> Record:
        self.person_class = event["class"]
        return NOTHING

    def cover_change(self, event: Record) -> Record:
        declared = self.oracle.counters
        if any("on_cover_change" not in counter for counter in declared.values()):
            raise RefusalError(code="no_terms")
        periods = self.oracle.periods(event["on"])
        for key, value in self.counters.items():
            counter = declared.get(key[0])
            if counter is None or key[1] not in {
                periods[s] for s in periods if s in counter["scope"]
            }:
                continue
            self.counters[key] = covered_anew(counter["on_cover_change"], value)
        self.person_class = event.get("class", self.person_class)
        for settled in self.settled.values():
            settled.held = True
        return NOTHING

    def registration(self, event: Record) -> Record:
        declared = self.oracle.policy["registrations"][event["registration"]]
        key = (event["registration"], scope_of(declared, event))
        self.registered[key] = (event["from"], event.get("until"))
        return NOTHING

    def application(self, event: Record) -> Record:
        oracle, year = self.oracle, event["year"]
        benefit = oracle.policy["benefits"][event["benefit"]]
        month, first = map(int, oracle.policy["insurance_year"].split("-"))
        last = date(year + 1, month, first) - timedelta(days=1)
        entry = in_force(benefit["history"], last)
        by_level = {name for name in oracle.counters if "level" in oracle.counters[name]["scope"]}
        if by_level & set(texts_of(entry)):
            raise RefusalError(code="no_terms")
        terms = oracle.terms(
            event["benefit"], entry, Finder(oracle.policy, self.facts(last, event))
        )
        applied = benefit["application"]
        if (
            applied["when"] == "after_year"
            and insurance_year(oracle.policy, event["settled"]) <= year
        ):
            raise RefusalError(code="application_too_early")
        claim = Claim(self.counters, oracle.counter_keys(event, last))
        if claim.read(terms.ordinal or ""):
            raise RefusalError(code="applied_already")
        base = sum(claim.read(name) for name in applied["base"])
        less = sum(claim.read(name) for name in applied.get("less", ()))
        result = claim.settle_applied(terms, max(0, base - less))
        result["layers"] = claim.layers
        self.settled[event["id"]] = Settled(year, result, claim.gained)
        return result

    def year_close(self, event: Record) -> Record:
        self.closed.add(event["year"])
        return NOTHING


def opening(counts: str, value: Any) -> int:
    if counts == "money":
        return fen(value) * UFEN
    return day_number(value) if counts == "day" else int(value)


def day_number(day: date) -> int:
    """Return the days since 1970, as counters of days hold them."""
    return (day - date(1970, 1, 1)).days


def covered_anew(how: Any, value: int) -> int:
    """Return what a change of cover leaves of a counter."""
    if how == "carry":
        return value
    return 0 if how == "reset" else half_up(value * ppm(how["convert"]) / PPM)


def scope_of(declared: Record, event: Record) -> str:
    """Return what a registration is kept apart by: disease, institution, or nothing."""
    return str(event.get(declared["per"], "")) if declared["per"] != "person" else ""


def negative(layer: Record) -> Record:
    numbers = {key: -layer[key] for key in ("deductible", "consumed", "paid")}
    return {"name": layer["name"], **numbers, "cap_left": None}
