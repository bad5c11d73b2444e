"""Draws the layers of a benefit: valid, small, and mixing the language's shapes freely."""

from collections.abc import Callable
from typing import Any, TypeAlias

from tests.policy_dice import Dice, yuan

Record: TypeAlias = dict[str, Any]

BURDEN_FUNDS = {"serious": "serious_illness", "civil": "civil_servant", "aid": "assistance"}


class LayerMaker:
    """Draws the layers of one dated entry; `parts` are those that its claims then lie in."""

    def __init__(self, dice: Dice, *, numbered: bool, away: bool) -> None:
        self.dice = dice
        self.random = dice.random
        self.numbered = numbered
        self.parts = ["off_list", "first_share", *(["home_first_share"] if away else [])]
        self.before: dict[str, list[str]] = {}
        """By layer, the parts that the account may pay before it."""

    def layers(self) -> list[Record]:
        layers = [self._cost("basic", "pool", ["covered"])]
        over = "over_cap.basic"
        if self.dice.chance(0.5):
            layers.append(self._cost("large", "large_amount", [over]))
            over = "over_cap.large"
        self.parts.append(over)
        if self.dice.chance(0.3):
            layers.append(self._final())
        if self.dice.chance(0.3):
            layers.append(self._cost("separate", "other", ["separate"]))
            self.parts.append("over_cap.separate")
        for name, fund in BURDEN_FUNDS.items():
            if self.dice.chance(0.4):
                layers.append(self._burden(name, fund))
        return layers

    def _final(self) -> Record:
        """Return the layer of lines whose shares are final."""
        self.before["final"] = list(self.parts)
        layer: Record = {
            "name": "final",
            "fund": "pool",
            "base": ["final_share"],
            "takes": "final_share",
            "mode": "per_claim",
            "deductible": {"method": "none"},
            "rounding": "layer",
            "caps": self._caps(("payment", "cost")),
        }
        self.parts += ["copay.final", "over_cap.final"]
        return layer

    def cost_per_claim(self, name: str, fund: str) -> Record:
        """Return a layer that looks at one claim, without a list by ordinal."""
        while True:
            layer = self._layer(name, fund, ["covered"], with_list=False)
            if layer["mode"] == "per_claim":
                return layer

    def _cost(self, name: str, fund: str, base: list[str]) -> Record:
        self.before[name] = [*self.parts, *base]
        layer = self._layer(name, fund, base, with_list=self.numbered and name == "basic")
        self.parts += [f"deductible.{name}", f"copay.{name}"]
        if name == "basic" and self.dice.chance(0.3) and self._may_be_priced(layer):
            layer["price"] = self._by_member(self._price)
        return layer

    def _price(self) -> Any:
        return self.dice.amount() if self.dice.chance(0.5) else "none"

    def _may_be_priced(self, layer: Record) -> bool:
        """Return whether nothing in the layer bounds the cost or guarantees a payment."""
        table = layer["bands"]["table"]
        endless = isinstance(table, list) and table[-1]["to"] is None
        paid = all(cap["on"] == "payment" for cap in layer.get("caps", []))
        return layer["mode"] == "per_claim" and endless and paid and "guaranteed" not in layer

    def _burden(self, name: str, fund: str) -> Record:
        self.before[name] = list(self.parts)
        base = self.dice.some(self.parts)
        layer = self._layer(name, fund, base, with_list=False)
        if layer["mode"] == "incremental" and self.dice.chance(0.4):
            scope = self.dice.counters[layer["total"]]["scope"]
            paid = self.dice.new_counter("retro", "money", list(scope))
            layer |= {"on_class_change": "retroactive", "paid": paid}
        parts = self.dice.some(base)
        off = {"pro_rata": parts} if len(parts) > 1 and self.dice.chance(0.3) else parts
        return layer | {"takes": "burden", "pays_off": off}

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
            "adjust": self._adjust(incremental=incremental),
            "rounding": self.random.choice(("layer", "layer", "band")),
        }
        if incremental:
            layer["total"] = self.dice.counter(f"base_{name}")
            if name in BURDEN_FUNDS:
                layer["caps"] = self._caps(("payment",))
        else:
            layer["caps"] = self._caps(("payment", "payment", "cost", "cost_above_deductible"))
            layer |= self._after_the_ratio(base)
        if self.dice.chance(0.3):
            measure = self.random.choice(("payment", "cost", "deductible", "base"))
            layer["feeds"] = {self.dice.counter(measure): measure}
        return layer

    def _after_the_ratio(self, base: list[str]) -> Record:
        terms: Record = {}
        if self.dice.chance(0.1):
            terms["less"] = self._by_member(lambda: yuan(self.random.choice((0, 10, 300))))
        if self.dice.chance(0.1):
            terms["guaranteed"] = {
                "rate": self._by_member(self.dice.rate),
                "of": self.dice.some(sorted({*base, *self.parts})),
                "after_deductible": self.dice.chance(0.5),
            }
        return terms

    def _deductible(self, *, incremental: bool, with_list: bool) -> Record:
        if self.dice.chance(0.25):
            return {"method": "none"}
        if incremental:
            return {"method": "annual", "amount": self._by_member(self.dice.amount)}
        if self.dice.chance(0.3):
            counter = self.dice.counter("deductible")
            amount = self._by_member(self.dice.amount)
            return {"method": "annual", "amount": amount, "counter": counter}
        if self.dice.chance(0.1):
            share = self._by_member(self.dice.rate)
            amount = self._by_member(self.dice.amount)
            return {"method": "share_of_bill", "share": share, "amount": amount}
        leaf = self._list if with_list and self.dice.chance(0.6) else self.dice.amount
        deductible: Record = {"method": "per_stay"}
        if self.dice.chance(0.35):
            deductible |= self._stays()
            leaf = self._list
        deductible["amount"] = self._by_member(leaf)
        if self.dice.chance(0.3):
            deductible["yearly_maximum"] = self._by_member(self.dice.amount)
            deductible["counter"] = self.dice.counter("deductible")
        return deductible

    def _stays(self) -> Record:
        """Return how a deductible numbers its stays, by counters of its own."""
        new = self.dice.new_counter
        scope = self.random.choice((["year"], ["year", "level"], ["life"]))
        found: Record = {"ordinal": new("own_stays", "stays", scope)}
        if self.dice.chance(0.3):
            found["every_days"] = self._by_member(lambda: self.random.choice((1, 7, 90)))
        if self.dice.chance(0.4):
            scope = self.random.choice((["year"], ["year", "disease"]))
            within = self.random.choice((0, 15, 40))
            found["waived"] = {"within_days": within, "counter": new("last_end", "day", scope)}
        if self.dice.chance(0.4):
            upward = self.random.choice(("difference", "none", "first_free"))
            transfer: Record = {"upward": upward, "asked": new("asked", "money", ["year"])}
            if upward == "difference":
                transfer["taken"] = new("taken", "money", ["year"])
            if upward == "first_free":
                transfer["moves"] = new("moves", "stays", ["year"])
            found["transfer"] = transfer
        return found

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

    def _adjust(self, *, incremental: bool) -> list[Record]:
        changes: tuple[Record, ...] = (
            {"points": "2%"},
            {"points": "-5%"},
            {"personal_times": "60%"},
            {"times": "90%"},
        )
        chosen: tuple[Record, ...] = ({}, {"for": {"person_class": ["retired"]}})
        entries = [
            {**self.random.choice(changes), **self.random.choice(chosen)}
            for _ in range(self.random.choice((0, 0, 0, 1, 2)))
        ]
        if not incremental and self.dice.chance(0.1):
            yearly: tuple[Record, ...] = (
                {"points": "0.2%", "per": "age", "from": 0, "to": self.random.choice((60, None))},
                {"points": "-3%", "per": "contribution_years", "below": 30},
            )
            entries.append({**self.random.choice(yearly), **self.random.choice(chosen)})
        return entries

    def _most(self) -> Any:
        return "unlimited" if self.dice.chance(0.1) else self.dice.amount()

    def _caps(self, kinds: tuple[str, ...]) -> list[Record]:
        caps = []
        for _ in range(self.random.choice((0, 1, 1, 1, 2))):
            on = self.random.choice(kinds)
            cap = {"on": on, "amount": self._by_member(self._most)}
            if self.dice.chance(0.7):
                cap["counter"] = self.dice.counter(on)
            caps.append(cap)
        return caps
