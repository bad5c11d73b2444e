"""Runs one claim through its layers for the oracle: docs/policy-language.md, sections 4 to 5a."""

from fractions import Fraction

from tests.oracle_deductible import Asked
from tests.oracle_layers import Bill, Measure, StayBefore, largest_cost, measured
from tests.oracle_terms import (
    BUCKETS,
    PPM,
    UFEN,
    Cap,
    CounterKey,
    Guaranteed,
    Layer,
    Record,
    Terms,
    rounded,
)

BALANCE: CounterKey = ("account_balance", 0, "")
ELSEWHERE = ("final_share", "separate", "excluded", "home_first_share")
"""The parts that most claims leave empty."""

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


class Claim:
    """One claim on its way through the layers of its terms."""

    def __init__(self, counters: dict[CounterKey, int], keys: dict[str, CounterKey]) -> None:
        self.counters = counters
        self.keys = keys
        self.gained: list[tuple[CounterKey, int]] = []
        self.parts: dict[str, int] = {}
        self.funds = dict.fromkeys(FUNDS, 0)
        self.layers: list[Record] = []
        self.measures: list[tuple[Layer, Measure]] = []
        self.before: StayBefore | None = None
        self.bill = Bill({})
        self.ordinal = 0
        self.account_fen = self.family_fen = self.home_fen = self.hospital_fen = 0

    def settle(self, terms: Terms, bill: Bill, before: StayBefore | None = None) -> Record:
        self.bill, self.before = bill, before
        self.parts = dict.fromkeys(ELSEWHERE, 0)
        self.parts |= {part: amount * UFEN for part, amount in bill.parts_fen.items()}
        self.read_ordinal(terms)
        self.take_home_share(terms)
        deductible = 0
        for layer in terms.layers:
            self.draw(terms, terms.account.before.get(layer.name, ()))
            deductible += self.run(layer)
        self.draw(terms, terms.account.pays)
        if terms.ordinal and before is None:
            self.gain(self.keys[terms.ordinal], 1)
        return self.amounts(rounded(deductible, UFEN))

    def settled_bill(self, bill: Bill) -> Record:
        """Return the amounts of a bill that nobody helps to pay."""
        self.bill = bill
        return self.amounts(0)

    def settle_applied(self, terms: Terms, covered: int) -> Record:
        """Return the amounts of an application for a burden in ufen: money for the person."""
        self.bill = Bill(dict.fromkeys(BUCKETS, 0))
        self.parts = {**dict.fromkeys(BUCKETS, 0), "covered": covered}
        deductible = sum(self.run(layer) for layer in terms.layers)
        self.gain(self.keys[terms.ordinal or ""], 1)
        return self.amounts(rounded(deductible, UFEN))

    def read_ordinal(self, terms: Terms) -> None:
        if self.before is not None:
            self.ordinal = self.before.number
        elif terms.ordinal:
            self.ordinal = self.read(terms.ordinal)

    def take_home_share(self, terms: Terms) -> None:
        if terms.home is None:
            return
        rates, counter = terms.home.rates, terms.home.counter
        numbered = counter is not None and counter == terms.ordinal
        number = 0 if counter is None else self.ordinal if numbered else self.read(counter)
        rate = rates[min(number, len(rates) - 1)]
        self.home_fen = rounded(self.bill.parts_fen["covered"] * rate, PPM)
        self.parts["covered"] -= self.home_fen * UFEN
        self.parts["home_first_share"] = self.home_fen * UFEN
        if counter is not None and not numbered:
            self.gain(self.keys[counter], 1)

    def draw(self, terms: Terms, parts: tuple[str, ...]) -> None:
        """Let the account, and then the linked ones, pay the parts."""
        if not self.bill.account_used or not parts:
            return
        accounts = [BALANCE, *((f"family_{n + 1}", 0, "") for n in range(terms.account.family))]
        for account in accounts:
            payable = sum(self.parts[part] for part in parts) // UFEN
            paid = min(self.counters.get(account, 0) // UFEN, payable)
            self.pay_in_order(parts, paid * UFEN)
            self.gain(account, -paid * UFEN)
            self.account_fen += paid
            self.family_fen += 0 if account is BALANCE else paid

    def pay_in_order(self, parts: tuple[str, ...], rest: int) -> None:
        for part in parts:
            paid = min(rest, self.parts[part])
            self.parts[part] -= paid
            rest -= paid

    def read(self, counter: str) -> int:
        return self.counters.get(self.keys[counter], 0)

    def gain(self, key: CounterKey, amount: int) -> None:
        self.counters[key] = self.counters.get(key, 0) + amount
        self.gained.append((key, amount))

    def left(self, cap: Cap) -> int | None:
        if cap.amount is None:
            return None
        return max(0, cap.amount - (self.read(cap.counter) if cap.counter else 0))

    def lefts(self, layer: Layer) -> list[tuple[str, int]]:
        found = [(cap.on, self.left(cap)) for cap in layer.caps]
        return [(on, left) for on, left in found if left is not None]

    def run(self, layer: Layer) -> int:
        """Pay one layer; return the deductible that it takes out of the cost."""
        base = sum(self.parts[part] for part in layer.base)
        lefts = self.lefts(layer)
        left = min((amount for on, amount in lefts if on == "payment"), default=None)
        limits = [(on, amount) for on, amount in lefts if on != "payment"]
        if not layer.bands:
            done = self.final_shares(base, limits, left)
        elif layer.total is not None:
            done = self.increment(layer, base, self.read(layer.total))
            done.paid_fen = done.paid_fen if left is None else min(done.paid_fen, left // UFEN)
        else:
            done = self.per_claim(layer, base, limits)
            self.cap_payment(layer, done, left)
        if layer.pays_off is None:
            self.take_apart(layer, done)
        else:
            self.pay_off(layer, done)
        self.funds[layer.fund] += done.paid_fen
        for counter, measure in layer.gains.items():
            self.gain(self.keys[counter], done.of(measure))
        self.measures.append((layer, done))
        self.layers.append(told(layer, done, left))
        return done.deductible if layer.pays_off is None else 0

    def per_claim(self, layer: Layer, base: int, limits: list[tuple[str, int]]) -> Measure:
        position = self.read(layer.position) if layer.position else 0
        if layer.position is None and self.before is not None:
            position = self.before.places.get(layer.name, 0)
        if layer.price is not None and self.bill.total_fen:
            self.parts = dict.fromkeys(self.parts, 0)
            self.hospital_fen = self.bill.total_fen - layer.price // UFEN
            return measured(layer, layer.price, 0, position, limits)
        asked = Asked(self, layer.deductible, layer.name)
        done = measured(layer, base, asked.due, position, limits)
        asked.settle(done.deductible)
        if layer.guaranteed is not None:
            self.guarantee(layer.guaranteed, done)
        return done

    def guarantee(self, floor: Guaranteed, done: Measure) -> None:
        of = sum(self.parts[part] for part in floor.of)
        of -= done.deductible if floor.after_deductible else 0
        least = rounded(max(0, of) * floor.rate, PPM * UFEN)
        done.paid_fen = min(max(done.paid_fen, least), done.of("cost_above_deductible") // UFEN)

    def final_shares(self, base: int, limits: list[tuple[str, int]], left: int | None) -> Measure:
        """Pay lines whose shares are final; fen x ppm of the fund's share is an amount in ufen."""
        lines = self.bill.final if base else []  # A price has emptied the parts of the bill.
        whole = sum(amount * (PPM - share) for amount, share in lines)
        consumed = min([base, *(amount for _, amount in limits)])
        exact = rounded(whole * consumed, base) if consumed < base else whole
        paid = rounded(exact, UFEN)
        if left is not None:
            paid = min(paid, left // UFEN)
            if exact > left:
                consumed = rounded(left * base, whole)
        return Measure(base, 0, consumed, paid)

    def increment(self, layer: Layer, base: int, total: int) -> Measure:
        before = measured(layer, total, layer.deductible.amounts[0], 0, [])
        now = measured(layer, total + base, layer.deductible.amounts[0], 0, [])
        deductible = now.deductible - before.deductible
        consumed = now.consumed - before.consumed
        if layer.paid is not None:
            rise = max(0, now.paid_fen - self.read(layer.paid) // UFEN)
            return Measure(base, deductible, consumed, rise)
        rise = max(0, now.paid_fen - before.paid_fen)
        return Measure(base, deductible, consumed, min(rise, (consumed - deductible) // UFEN))

    def cap_payment(self, layer: Layer, done: Measure, left: int | None) -> None:
        if left is None:
            return
        within = largest_cost(done.slices, left + layer.less)
        done.consumed = done.consumed if within is None else done.deductible + within
        done.paid_fen = min(done.paid_fen, left // UFEN)

    def take_apart(self, layer: Layer, done: Measure) -> None:
        self.parts.update(dict.fromkeys(layer.base, 0))
        self.parts[f"deductible.{layer.name}"] = done.deductible
        self.parts[f"over_cap.{layer.name}"] = done.base - done.consumed
        self.parts[f"copay.{layer.name}"] = done.of("cost_above_deductible") - done.of("payment")

    def pay_off(self, layer: Layer, done: Measure) -> None:
        parts = layer.pays_off or ()
        together = sum(self.parts[part] for part in parts)
        done.paid_fen = min(done.paid_fen, together // UFEN)
        if not layer.pro_rata:
            self.pay_in_order(parts, done.of("payment"))
        elif together:
            before = lowered = 0
            for part in parts:
                before += self.parts[part]
                share = rounded(done.of("payment") * before, together) - lowered
                self.parts[part] -= share
                lowered += share

    def amounts(self, deductible_fen: int) -> Record:
        """Return every amount key of the settlement."""
        parts = self.bill.parts_fen
        in_scope = sum(parts.get(part, 0) for part in ("covered", "final_share", "separate"))
        person = self.bill.total_fen - sum(self.funds.values()) - self.hospital_fen
        return {
            "total_fen": self.bill.total_fen,
            "self_pay_off_list_fen": parts["off_list"] + parts.get("excluded", 0),
            "self_pay_over_price_fen": parts["over_price"],
            "self_pay_first_share_fen": parts["first_share"] + self.home_fen,
            "covered_fen": in_scope - self.home_fen,
            "deductible_paid_fen": deductible_fen,
            **{f"{fund}_paid_fen": paid for fund, paid in self.funds.items()},
            "fund_total_fen": sum(self.funds.values()),
            "account_paid_fen": self.account_fen,
            "cash_paid_fen": person - self.account_fen,
            "person_total_fen": person,
            "hospital_part_fen": self.hospital_fen,
        }


def told(layer: Layer, done: Measure, left: int | None) -> Record:
    return {
        "name": layer.name,
        "deductible": Fraction(done.deductible, UFEN),
        "consumed": Fraction(done.consumed, UFEN),
        "paid": done.paid_fen,
        "cap_left": None if left is None else left // UFEN,
    }
