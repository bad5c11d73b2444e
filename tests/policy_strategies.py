"""Seeded policies of the policy language: valid, small, and mixing its shapes freely."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]

SOURCE = {"title": "drawn at random", "url": "https://example.org/drawn"}
FROM = date(2022, 6, 1)
REVIEWED_UNTIL = date(2025, 12, 31)
BURDEN_FUNDS = {"serious": "serious_illness", "civil": "civil_servant", "aid": "assistance"}


def yuan(whole: int) -> str:
    return f"{whole}.00"


class PolicyMaker:
    """Draws one policy from a seed."""

    def __init__(self, seed: int | str) -> None:
        self.random = Random(seed)  # noqa: S311 - repeatable, no secret
        self.counters: Record = {}
        self.by_measure: dict[str, list[str]] = {}
        self.levels = ["L1", "L2", "L3"][: self.random.randint(1, 3)]
        self.classes = {"active": ["active"], "retired": ["retired", "retired_cadre"]}
        self.ages = {"under_45": [0, 45], "from_45": [45, 70], "from_70": [70, None]}
        self.with_ages = self.chance(0.3)
        ages = (tuple(self.ages),) if self.with_ages else ()
        self.dimensions = (tuple(self.levels), tuple(self.classes), *ages)

    def policy(self) -> Record:
        """Return the policy, in the order in which a file states it."""
        benefits = {
            "inpatient": self._benefit(["inpatient", "day_surgery"]),
            "outpatient": self._benefit(["outpatient", "emergency"]),
        }
        return {
            "region": "000000",
            "name": "随机",
            "scheme": "employee",
            "status": "published",
            "claim_date": self.random.choice(("end", "settlement")),
            "insurance_year": self.random.choice(("01-01", "01-01", "07-01", "10-15")),
            "reversal": "last_first",
            "levels": self.levels,
            "person_classes": self.classes,
            **({"ages": self.ages} if self.with_ages else {}),
            "counters": self.counters,
            "lines": [self._lines()],
            "benefits": benefits,
        }

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _by_member(
        self, leaf: Callable[[], Any], free: tuple[tuple[str, ...], ...] | None = None
    ) -> Any:
        """Return a leaf, or leaves by the members of dimensions that no mapping above has taken."""
        free = self.dimensions if free is None else free
        if not free or not self.chance(0.3):
            return leaf()
        members = self.random.choice(free)
        rest = tuple(others for others in free if others is not members)
        tree = {member: self._by_member(leaf, rest) for member in members}
        if len(members) > 1 and self.chance(0.02):
            tree[self.random.choice(members)] = "unavailable"
        return tree

    def _counter(self, measure: str) -> str:
        """Return a counter of the measure: often a new one, else one that others share."""
        known = self.by_measure.setdefault(measure, [])
        if known and self.chance(0.3):
            return self.random.choice(known)
        name = f"{measure}_{len(known) + 1}"
        scope = [self.random.choice(("year", "year", "year", "month", "life"))]
        if self.chance(0.25):
            scope.append(self.random.choice(("level", "disease", "institution")))
        counts = "stays" if measure == "stays" else "money"
        self.counters[name] = {"counts": counts, "scope": scope}
        known.append(name)
        return name

    def _rate(self) -> str:
        whole = self.random.randint(1, 99)
        return self.random.choice(("0%", "50%", "100%", "100%", f"{whole}%", f"{whole}.5%"))

    def _amount(self) -> str:
        other = self.random.randint(1, 9999)
        return yuan(self.random.choice((0, 1, 100, 800, 1300, 20_000, other, other)))

    def _benefit(self, visits: list[str]) -> Record:
        ordinal = self._counter("stays") if self.chance(0.6) else None
        turn = date(2023, 1, 1) + timedelta(days=self.random.randint(1, 700))
        first = {"from": FROM, "reviewed_until": turn - timedelta(days=1)}
        second = {"from": turn, "reviewed_until": REVIEWED_UNTIL}
        whole = {"from": FROM, "reviewed_until": REVIEWED_UNTIL}
        spans = [first, second] if self.chance(0.4) else [whole]
        return {"visits": visits, "history": [span | self._entry(ordinal) for span in spans]}

    def _entry(self, ordinal: str | None) -> Record:
        layers = [self._layer("basic", "pool", ["covered"], with_list=ordinal is not None)]
        parts = ["off_list", "first_share", "deductible.basic", "copay.basic"]
        over = "over_cap.basic"
        if self.chance(0.5):
            layers.append(self._layer("large", "large_amount", [over], with_list=False))
            parts += ["deductible.large", "copay.large"]
            over = "over_cap.large"
        parts.append(over)
        for name, fund in BURDEN_FUNDS.items():
            if self.chance(0.4):
                layers.append(self._burden(name, fund, parts))
        entry = {"source": SOURCE, "layers": layers}
        if ordinal is not None:
            entry["ordinal"] = ordinal
        if self.chance(0.7):
            entry["account"] = {"pays": self._some(parts)}
        return entry

    def _some(self, parts: list[str]) -> list[str]:
        return self.random.sample(parts, self.random.randint(1, len(parts)))

    def _burden(self, name: str, fund: str, parts: list[str]) -> Record:
        base = self._some(parts)
        layer = self._layer(name, fund, base, with_list=False)
        return layer | {"takes": "burden", "pays_off": self._some(base)}

    def _layer(self, name: str, fund: str, base: list[str], *, with_list: bool) -> Record:
        incremental = self.chance(0.25)
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
            layer["total"] = self._counter(f"base_{name}")
            if name in BURDEN_FUNDS:
                layer["caps"] = self._caps(("payment",))
        else:
            layer["caps"] = self._caps(("payment", "payment", "cost", "cost_above_deductible"))
        if self.chance(0.3):
            measure = self.random.choice(("payment", "cost", "deductible", "base"))
            layer["feeds"] = {self._counter(measure): measure}
        return layer

    def _deductible(self, *, incremental: bool, with_list: bool) -> Record:
        if self.chance(0.25):
            return {"method": "none"}
        if incremental:
            return {"method": "annual", "amount": self._by_member(self._amount)}
        if self.chance(0.3):
            counter = self._counter("deductible")
            amount = self._by_member(self._amount)
            return {"method": "annual", "amount": amount, "counter": counter}
        leaf = self._list if with_list and self.chance(0.6) else self._amount
        deductible: Record = {"method": "per_stay", "amount": self._by_member(leaf)}
        if self.chance(0.3):
            deductible["yearly_maximum"] = self._by_member(self._amount)
            deductible["counter"] = self._counter("deductible")
        return deductible

    def _list(self) -> list[str]:
        return [self._amount() for _ in range(self.random.randint(1, 4))]

    def _bands(self, *, incremental: bool) -> Record:
        inside = self.chance(0.5)
        position = "claim"
        if not incremental and self.chance(0.4):
            position = self._counter("cost" if inside else "cost_above_deductible")
        if self.chance(0.5):
            table = self._table(lambda: self._by_member(self._rate))
        else:
            table = self._by_member(lambda: self._table(self._rate))
        return {"position": position, "deductible_inside": inside, "table": table}

    def _table(self, rate: Callable[[], Any]) -> list[Record]:
        known = (1, 100, 2_000, 10_000, 30_000, 40_000, 100_000)
        bounds: list[str | None] = [
            yuan(bound) for bound in sorted(self.random.sample(known, self.random.randint(0, 3)))
        ]
        if not bounds or self.chance(0.7):
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
            cap = {"on": on, "amount": self._by_member(self._amount)}
            if self.chance(0.7):
                cap["counter"] = self._counter(on)
            caps.append(cap)
        return caps

    def _lines(self) -> Record:
        return {
            "from": FROM,
            "reviewed_until": REVIEWED_UNTIL,
            "source": SOURCE,
            "unknown_item": "self_pay",
            "class_b_first_share": self.random.choice(("4%", "12.5%")),
            "ceilings": {
                "bed": {level: f"{self.random.randint(1, 60)}.50" for level in self.levels}
            },
        }
