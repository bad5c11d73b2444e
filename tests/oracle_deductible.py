"""What a deductible asks of a claim, for the oracle: docs/policy-language.md, section 4, step 1."""

from typing import Protocol

from tests.oracle_layers import Bill, StayBefore
from tests.oracle_terms import PPM, UFEN, CounterKey, Deductible, half_up


class Claimed(Protocol):
    """What is known of the claim on its way through the layers."""

    bill: Bill
    before: StayBefore | None
    ordinal: int
    keys: dict[str, CounterKey]

    def read(self, counter: str) -> int: ...

    def gain(self, key: CounterKey, amount: int) -> None: ...


class Asked:
    """What a deductible asks of a claim, and how its counters move once it is paid."""

    def __init__(self, claim: Claimed, rule: Deductible, layer: str) -> None:
        self.claim = claim
        self.rule = rule
        move = rule.transfer
        self.last = claim.read(move.asked) if move else 0
        self.moved = claim.bill.transfer and self.last > 0
        days = max(1, claim.bill.ends - claim.bill.begins)
        self.stays = -(-days // rule.every_days) if rule.every_days else 1
        self.amount = self.asked()
        self.waived = rule.waived is not None and self.soon(*rule.waived)
        due = self.amount
        if rule.method == "per_stay":
            due = self.after_segments(due, layer)
            due = self.after_move(due) if self.moved else due
            due = 0 if self.waived else due
        if rule.yearly_maximum is not None and rule.counter is not None:
            due = min(due, max(0, rule.yearly_maximum - claim.read(rule.counter)))
        self.due = due

    def asked(self) -> int:
        rule, claim = self.rule, self.claim
        if rule.method == "annual":
            return max(0, rule.amounts[0] - (claim.read(rule.counter) if rule.counter else 0))
        if rule.method == "share_of_counter":
            return half_up(claim.read(rule.of or "") * rule.share / PPM)
        if rule.method == "share_of_bill":
            share = half_up(claim.bill.total_fen * rule.share / PPM) * UFEN
            return max(rule.amounts[0], share)
        number = claim.ordinal if rule.ordinal is None else claim.read(rule.ordinal)
        if self.moved and rule.ordinal is not None:
            number = max(0, number - 1)
        last = len(rule.amounts) - 1
        return sum(rule.amounts[min(number + n, last)] for n in range(self.stays))

    def soon(self, within: int, counter: str) -> bool:
        last = self.claim.read(counter)
        return last != 0 and 0 <= self.claim.bill.begins - last <= within

    def after_segments(self, due: int, layer: str) -> int:
        before = self.claim.before
        if before is None:
            return due
        return 0 if before.waived else max(0, due - before.deductibles.get(layer, 0))

    @property
    def upward(self) -> bool:
        return self.moved and self.amount > self.last

    def after_move(self, due: int) -> int:
        move = self.rule.transfer
        if move is None or not self.upward or move.upward == "none":
            return 0
        if move.taken is not None:
            return max(0, due - self.claim.read(move.taken))
        return due if move.moves is not None and self.claim.read(move.moves) else 0

    def settle(self, deductible: int) -> None:
        """Let the counters of the rule follow; `deductible` is what was paid of it."""
        claim, rule = self.claim, self.rule
        if rule.ordinal is not None and not self.moved and not self.waived:
            claim.gain(claim.keys[rule.ordinal], self.stays)
        if rule.waived is not None:
            self.hold(rule.waived[1], max(claim.read(rule.waived[1]), claim.bill.ends))
        move = rule.transfer
        if move is None:
            return
        self.hold(move.asked, max(self.amount, self.last) if self.moved else self.amount)
        if move.taken is not None:
            taken = claim.read(move.taken) if self.moved else 0
            self.hold(move.taken, taken + deductible)
        if move.moves is not None and self.upward:
            claim.gain(claim.keys[move.moves], 1)

    def hold(self, counter: str, value: int) -> None:
        self.claim.gain(self.claim.keys[counter], value - self.claim.read(counter))
