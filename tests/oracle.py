"""Settles one person's story again, plainly and from the YAML of a policy alone.

It shares no code with the engine: docs/policy-language.md and docs/case-files.md are all it knows.
Parts of a claim and counters of money are ints in ufen (1e-6 fen); payments are ints in fen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TypeAlias

from tests.oracle_terms import (
    PPM,
    UFEN,
    Bands,
    Cap,
    Finder,
    Layer,
    Record,
    RefusalError,
    Terms,
    age_group,
    bill_buckets,
    fen,
    half_up,
    in_force,
    insurance_year,
    stated_buckets,
)

CounterKey: TypeAlias = tuple[str, int, str]
"""Name; year, year x 100 + month, or 0 for life; level, disease or institution, or empty."""

BALANCE: CounterKey = ("account_balance", 0, "")
FUNDS = (
    "pool",
    "large_amount",
    "serious_illness",
    "civil_servant",
    "enterprise",
    "assistance",
    "injury",
    "maternity",
    "other",
)


def settle_story(
    policy: Record, person: Record, state: Record, events: list[Record]
) -> list[Record]:
    """Return what becomes of each event: status, amounts in fen, layers, counters after it."""
    return Oracle(policy).settle(person, state, events)


@dataclass
class Measure:
    """What a layer makes of a cost, or of an increment of it."""

    base: int
    deductible: int
    consumed: int
    paid_fen: int = 0
    slices: list[tuple[int, int]] = field(default_factory=list)  # ufen, ppm

    def of(self, measure: str) -> int:
        """Return what a counter of the measure gains, in ufen."""
        return {
            "payment": self.paid_fen * UFEN,
            "cost": self.consumed,
            "cost_above_deductible": self.consumed - self.deductible,
            "deductible": self.deductible,
            "base": self.base,
        }[measure]


def in_bands(bands: Bands, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield size and rate of the slice that lies from start to end in each band."""
    floor = 0
    for bound, rate in bands:
        top = end if bound is None else min(bound, end)
        if top > max(start, floor):
            yield top - max(start, floor), rate
        floor = top


def measured(
    layer: Layer, base: int, due: int, position: int, limits: list[tuple[str, int]]
) -> Measure:
    """Return steps 1 to 4; `limits` are the caps on cost with what is left of each."""
    deductible = min(due, base)
    consumed = base
    for kind, left in limits:
        consumed = min(consumed, left if kind == "cost" else deductible + left)
    last_bound = layer.bands[-1][0]
    if last_bound is not None:
        room = max(0, last_bound - position)
        consumed = min(consumed, room if layer.inside else deductible + room)
    deductible = min(deductible, consumed)
    above = consumed - deductible
    start = position + (deductible if layer.inside else 0)
    slices = list(in_bands(layer.bands, start, start + above))
    shares = [size * rate for size, rate in slices]
    unit = UFEN * PPM
    paid = sum(
        (2 * share + unit) // (2 * unit) for share in (shares if layer.by_band else [sum(shares)])
    )
    return Measure(base, deductible, consumed, min(paid, above // UFEN), slices)


def largest_cost(slices: list[tuple[int, int]], left: int) -> int | None:
    """Return the largest cost whose exact payment does not pass `left`; None if all of it is."""
    cost, room = 0, left * PPM
    for size, rate in slices:
        if size * rate > room:
            return cost + half_up(Fraction(room, rate))
        cost, room = cost + size, room - size * rate
    return None


class Claim:
    """One claim on its way through the layers of its terms."""

    def __init__(self, counters: dict[CounterKey, int], keys: dict[str, CounterKey]) -> None:
        self.counters = counters
        self.keys = keys
        self.gained: list[tuple[CounterKey, int]] = []
        self.parts: dict[str, int] = {}
        self.funds = dict.fromkeys(FUNDS, 0)
        self.layers: list[Record] = []

    def settle(self, terms: Terms, buckets_fen: dict[str, int], *, account_used: bool) -> Record:
        self.parts = {part: amount * UFEN for part, amount in buckets_fen.items()}
        ordinal = self.read(terms.ordinal) if terms.ordinal else 0
        deductible = sum(self.run(layer, ordinal) for layer in terms.layers)
        if terms.ordinal:
            self.gain(self.keys[terms.ordinal], 1)
        account = 0
        if account_used:
            payable = sum(self.parts[part] for part in terms.account_pays)
            account = min(self.counters.get(BALANCE, 0), payable) // UFEN
            self.gain(BALANCE, -account * UFEN)
        return amounts(buckets_fen, half_up(Fraction(deductible, UFEN)), self.funds, account)

    def read(self, counter: str) -> int:
        return self.counters.get(self.keys[counter], 0)

    def gain(self, key: CounterKey, amount: int) -> None:
        self.counters[key] = self.counters.get(key, 0) + amount
        self.gained.append((key, amount))

    def left(self, cap: Cap) -> int:
        return max(0, cap.amount - (self.read(cap.counter) if cap.counter else 0))

    def due(self, layer: Layer, ordinal: int) -> int:
        """Return the deductible before cost and limits bound it."""
        rule = layer.deductible
        amount = rule.amounts[min(ordinal, len(rule.amounts) - 1)]
        spent = self.read(rule.counter) if rule.counter else 0
        if rule.method == "annual":
            return max(0, amount - spent)
        if rule.yearly_maximum is not None:
            return min(amount, max(0, rule.yearly_maximum - spent))
        return amount

    def per_claim(self, layer: Layer, base: int, ordinal: int) -> Measure:
        limits = [(cap.on, self.left(cap)) for cap in layer.caps if cap.on != "payment"]
        position = self.read(layer.position) if layer.position else 0
        return measured(layer, base, self.due(layer, ordinal), position, limits)

    def increment(self, layer: Layer, base: int, total: int) -> Measure:
        before = measured(layer, total, layer.deductible.amounts[0], 0, [])
        now = measured(layer, total + base, layer.deductible.amounts[0], 0, [])
        deductible = now.deductible - before.deductible
        consumed = now.consumed - before.consumed
        rise = max(0, now.paid_fen - before.paid_fen)
        return Measure(base, deductible, consumed, min(rise, (consumed - deductible) // UFEN))

    def run(self, layer: Layer, ordinal: int) -> int:
        """Pay one layer; return the deductible that it takes out of the cost."""
        base = sum(self.parts[part] for part in layer.base)
        if layer.total is None:
            done = self.per_claim(layer, base, ordinal)
        else:
            done = self.increment(layer, base, self.read(layer.total))
        left = min((self.left(cap) for cap in layer.caps if cap.on == "payment"), default=None)
        if left is not None:
            within = largest_cost(done.slices, left)
            done.consumed = done.consumed if within is None else done.deductible + within
            done.paid_fen = min(done.paid_fen, left // UFEN)
        if layer.pays_off is None:
            self.take_apart(layer, done)
        else:
            self.pay_off(layer.pays_off, done)
        self.funds[layer.fund] += done.paid_fen
        for counter, measure in layer.gains.items():
            self.gain(self.keys[counter], done.of(measure))
        self.layers.append(
            {
                "name": layer.name,
                "deductible": Fraction(done.deductible, UFEN),
                "consumed": Fraction(done.consumed, UFEN),
                "paid": done.paid_fen,
                "cap_left": None if left is None else left // UFEN,
            }
        )
        return done.deductible if layer.pays_off is None else 0

    def take_apart(self, layer: Layer, done: Measure) -> None:
        self.parts.update(dict.fromkeys(layer.base, 0))
        self.parts[f"deductible.{layer.name}"] = done.deductible
        self.parts[f"over_cap.{layer.name}"] = done.base - done.consumed
        self.parts[f"copay.{layer.name}"] = done.of("cost_above_deductible") - done.of("payment")

    def pay_off(self, parts: tuple[str, ...], done: Measure) -> None:
        done.paid_fen = min(done.paid_fen, sum(self.parts[part] for part in parts) // UFEN)
        rest = done.of("payment")
        for part in parts:
            paid = min(rest, self.parts[part])
            self.parts[part] -= paid
            rest -= paid


def amounts(
    buckets_fen: dict[str, int], deductible_fen: int, funds_fen: dict[str, int], account_fen: int
) -> Record:
    """Return every amount key of a settlement."""
    total, funds = sum(buckets_fen.values()), sum(funds_fen.values())
    return {
        "total_fen": total,
        "self_pay_off_list_fen": buckets_fen["off_list"],
        "self_pay_over_price_fen": buckets_fen["over_price"],
        "self_pay_first_share_fen": buckets_fen["first_share"],
        "covered_fen": buckets_fen["covered"],
        "deductible_paid_fen": deductible_fen,
        **{f"{fund}_paid_fen": paid for fund, paid in funds_fen.items()},
        "fund_total_fen": funds,
        "account_paid_fen": account_fen,
        "cash_paid_fen": total - funds - account_fen,
        "person_total_fen": total - funds,
        "hospital_part_fen": 0,
    }


NOTHING = amounts(
    {"off_list": 0, "over_price": 0, "first_share": 0, "covered": 0}, 0, dict.fromkeys(FUNDS, 0), 0
)
"""The amounts of an event that settles no money."""


@dataclass
class Settled:
    """What a cancel needs of the settlement that it undoes."""

    year: int
    result: Record
    gained: list[tuple[CounterKey, int]]
    live: bool = True


class Oracle:
    """One policy, read once; keeps the terms that it has found."""

    def __init__(self, policy: Record) -> None:
        self.policy = policy
        self.benefits: dict[str, tuple[str, list[Record]]] = {
            visit: (name, benefit["history"])
            for name, benefit in policy["benefits"].items()
            for visit in benefit["visits"]
        }
        self.found: dict[tuple[str, ...], Terms] = {}

    def settle(self, person: Record, state: Record, events: list[Record]) -> list[Record]:
        """Return what becomes of each event of one person, in order."""
        story = Story(self, person, state, events)
        return [story.tell(event) for event in events]

    def day(self, event: Record) -> date:
        end: date = event["end"]
        settled: date = event.get("settled") or end
        return settled if self.policy["claim_date"] == "settlement" else end

    def terms(self, visit: str, day: date, finder: Finder) -> Terms:
        if visit not in self.benefits:
            raise RefusalError(code="no_policy")
        name, history = self.benefits[visit]
        entry = in_force(history, day)
        key = (name, entry["from"].isoformat(), *finder.members.values())
        if key not in self.found:
            self.found[key] = finder.terms(entry)
        return self.found[key]

    def buckets(self, event: Record, day: date, finder: Finder) -> dict[str, int]:
        if "lines" not in event:
            return stated_buckets(event)
        entry = in_force(self.policy["lines"], day) if self.policy.get("lines") else {}
        return bill_buckets(event["lines"], entry, finder)

    def counter_keys(self, event: Record, day: date) -> dict[str, CounterKey]:
        periods = {
            "year": insurance_year(self.policy, day),
            "month": day.year * 100 + day.month,
            "life": 0,
        }
        keys = {}
        for name, counter in (self.policy.get("counters") or {}).items():
            period = next(periods[scope] for scope in counter["scope"] if scope in periods)
            by = next((event[scope] for scope in counter["scope"] if scope not in periods), "")
            keys[name] = (name, period, str(by))
        return keys


class Story:
    """The state of one person between events."""

    def __init__(self, oracle: Oracle, person: Record, state: Record, events: list[Record]) -> None:
        self.oracle = oracle
        self.person_class = person["class"]
        self.birth: date | None = person.get("birth_date")
        self.settled: dict[str, Settled] = {}
        self.closed: set[int] = set()
        self.counters: dict[CounterKey, int] = {
            BALANCE: fen(state.get("account_balance", "0")) * UFEN
        }
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
            amount = fen(value) * UFEN if counter["counts"] == "money" else int(value)
            self.counters[name, period, ""] = amount

    def tell(self, event: Record) -> Record:
        told: Record = {"event": event["id"], "status": "settled", "layers": []}
        try:
            told.update(getattr(self, event.get("kind", "claim"))(event))
        except RefusalError as refusal:
            told["status"] = refusal.code
        told["counters"] = {key: value for key, value in self.counters.items() if value}
        return told

    def claim(self, event: Record) -> Record:
        oracle, day = self.oracle, self.oracle.day(event)
        members = {"level": event["level"], "person_class": self.person_class}
        if oracle.policy.get("ages") and self.birth is not None:
            members["age"] = age_group(oracle.policy, self.birth, day)
        finder = Finder(members)
        terms = oracle.terms(event["visit"], day, finder)
        buckets = oracle.buckets(event, day, finder)
        year = insurance_year(oracle.policy, day)
        if year in self.closed:
            raise RefusalError(code="year_closed")
        claim = Claim(self.counters, oracle.counter_keys(event, day))
        result = claim.settle(terms, buckets, account_used=event.get("account_used", False))
        result["layers"] = claim.layers
        self.settled[event["id"]] = Settled(year, result, claim.gained)
        return result

    def cancel(self, event: Record) -> Record:
        undone = self.settled.get(event["of"])
        if undone is None:
            raise RefusalError(code="reversal_unknown")
        if not undone.live:
            raise RefusalError(code="reversed_twice")
        live = [one for one in self.settled.values() if one.live and one.year == undone.year]
        if live[-1] is not undone:
            raise RefusalError(code="reversal_not_last")
        undone.live = False
        for key, amount in undone.gained:
            self.counters[key] -= amount
        negated = {key: -undone.result[key] for key in NOTHING}
        return {**negated, "layers": [negative(layer) for layer in undone.result["layers"]]}

    def account_credit(self, event: Record) -> Record:
        self.counters[BALANCE] += fen(event["amount"]) * UFEN
        return NOTHING

    def class_change(self, event: Record) -> Record:
        self.person_class = event["class"]
        return NOTHING

    def year_close(self, event: Record) -> Record:
        self.closed.add(event["year"])
        return NOTHING


def negative(layer: Record) -> Record:
    numbers = {key: -layer[key] for key in ("deductible", "consumed", "paid")}
    return {"name": layer["name"], **numbers, "cap_left": None}
