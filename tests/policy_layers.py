"""Draws the layers of a benefit: valid, small, and mixing the language's shapes freely."""

from collections.abc import Callable
from typing import Any, TypeAlias

from tests.policy_dice import Dice, yuan

Record: TypeAlias = dict[str, Any]

BURDEN_FUNDS = {"serious": "serious_illness", "civil": "civil_servant", "aid": "assistance"}


class LayerMaker:
    """Draws the layers of one dated entry; `parts` are those that its claims then lie in."""

    def __init__(self, dice: Dice, *, numbered: bool) -> None:
        self.dice = dice
        self.random = dice.random
        self.numbered = numbered
        self.parts = ["off_list", "first_share"]

    def layers(self) -> list[Record]:
        layers = [self._cost("basic", "pool", ["covered"])]
        over = "over_cap.basic"
        if self.dice.chance(0.5):
            layers.append(self._cost("large", "large_amount", [over]))
            over = "over_cap.large"
        self.parts.append(over)
        for name, fund in BURDEN_FUNDS.items():
            if self.dice.chance(0.4):
                layers.append(self._burden(name, fund))
        return layers

    def _cost(self, name: str, fund: str, base: list[str]) -> Record:
        layer = self._layer(name, fund, base, with_list=self.numbered and name == "basic")
        self.parts += [f"deductible.{name}", f"copay.{name}"]
        return layer

    def _burden(self, name: str, fund: str) -> Record:
        base = self.dice.some(self.parts)
        layer = self._layer(name, fund, base, with_list=False)
        return layer | {"takes": "burden", "pays_off": self.dice.some(base)}

    def _layer(self, name: str, fund: str, base: list[str], *, with_list: bool) -> Record:
        incremental = self.dice.chance(0.25)
        layer: Record = {
            "name": name,
            "fund": fund,
            "base": base,
            "takes": "cost",
            "mode": "incremental" if incremental else "per_claim",
            "deductible": self._deductible(incremental=incremental, with_list=with_list),
            "bands": self._bands(incremental=incremental),
            "adjust": self._adjust(),
            "rounding": self.random.choice(("layer", "layer", "band")),
        }
        if incremental:
            layer["total"] = self.dice.counter(f"base_{name}")
            if name in BURDEN_FUNDS:
                layer["caps"] = self._caps(("payment",))
        else:
            layer["caps"] = self._caps(("payment", "payment", "cost", "cost_above_deductible"))
        if self.dice.chance(0.3):
            measure = self.random.choice(("payment", "cost", "deductible", "base"))
            layer["feeds"] = {self.dice.counter(measure): measure}
        return layer

    def _deductible(self, *, incremental: bool, with_list: bool) -> Record:
        if self.dice.chance(0.25):
            return {"method": "none"}
        if incremental:
            return {"method": "annual", "amount": self._by_member(self.dice.amount)}
        if self.dice.chance(0.3):
            counter = self.dice.counter("deductible")
            amount = self._by_member(self.dice.amount)
            return {"method": "annual", "amount": amount, "counter": counter}
        leaf = self._list if with_list and self.dice.chance(0.6) else self.dice.amount
        deductible: Record = {"method": "per_stay", "amount": self._by_member(leaf)}
        if self.dice.chance(0.3):
            deductible["yearly_maximum"] = self._by_member(self.dice.amount)
            deductible["counter"] = self.dice.counter("deductible")
        return deductible

    def _by_member(self, leaf: Callable[[], Any]) -> Any:
        return self.dice.by_member(leaf)

    def _list(self) -> list[str]:
        return [self.dice.amount() for _ in range(self.random.randint(1, 4))]

    def _bands(self, *, incremental: bool) -> Record:
        inside = self.dice.chance(0.5)
        position = "claim"
        if not incremental and self.dice.chance(0.4):
            position = self.dice.counter("cost" if inside else "cost_above_deductible")
        if self.dice.chance(0.5):
            table = self._table(lambda: self._by_member(self.dice.rate))
        else:
            table = self._by_member(lambda: self._table(self.dice.rate))
        return {"position": position, "deductible_inside": inside, "table": table}

    def _table(self, rate: Callable[[], Any]) -> list[Record]:
        known = (1, 100, 2_000, 10_000, 30_000, 40_000, 100_000)
        bounds: list[str | None] = [
            yuan(bound) for bound in sorted(self.random.sample(known, self.random.randint(0, 3)))
        ]
        if not bounds or self.dice.chance(0.7):
            bounds.append(None)
        return [
            {"to": bound, self.random.choice(("rate", "rate", "personal")): rate()}
            for bound in bounds
        ]

    def _adjust(self) -> list[Record]:
        changes = ({"points": "2%"}, {"points": "-5%"}, {"personal_times": "60%"})
        chosen: tuple[Record, ...] = ({}, {"for": {"person_class": ["retired"]}})
        return [
            {**self.random.choice(changes), **self.random.choice(chosen)}
            for _ in range(self.random.choice((0, 0, 0, 1, 2)))
        ]

    def _caps(self, kinds: tuple[str, ...]) -> list[Record]:
        caps = []
        for _ in range(self.random.choice((0, 1, 1, 1, 2))):
            on = self.random.choice(kinds)
            cap = {"on": on, "amount": self._by_member(self.dice.amount)}
            if self.dice.chance(0.7):
                cap["counter"] = self.dice.counter(on)
            caps.append(cap)
        return caps
