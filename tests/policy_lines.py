"""Draws the terms of bill lines."""

from typing import Any, TypeAlias

from tests.policy_dice import Dice

Record: TypeAlias = dict[str, Any]

CATEGORIES = ("bed", "consumables", "examination")
GROUPS = ("implant", "limited")
STREAMS = ("ordinary", "final_share", "separate", "excluded")
SHARES = ("0%", "4%", "12.5%", "30%", "100%")


class LineTermsMaker:
    """Draws one dated entry of line terms, without its dates and source."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.random = dice.random

    def terms(self) -> Record:
        terms: Record = {
            "unknown_item": "self_pay",
            "ceilings": {"bed": self.dice.by_member(self._price)},
            "items": [self._item() for _ in range(self.random.randint(0, 4))],
        }
        if self.dice.chance(0.8):
            terms["class_b_first_share"] = self.dice.by_member(self._share)
        return terms

    def _price(self) -> str:
        return f"{self.random.choice((0, 5, 60, 3000))}.{self.random.randint(0, 99):02d}"

    def _share(self) -> str:
        return self.random.choice(SHARES)

    def _item(self) -> Record:
        keys = {
            "category": self.dice.some(list(CATEGORIES)),
            "class": self.dice.some(["A", "B", "C"]),
            "group": self.dice.some(list(GROUPS)),
        }
        of = {key: keys[key] for key in self.dice.some(list(keys))}
        item: Record = {"of": of}
        if self.dice.chance(0.4):
            item["ceiling"] = self.dice.by_member(self._price)
            item["over_ceiling"] = self.dice.by_member(self._way)
        if self.dice.chance(0.3):
            item["first_share"] = self.dice.by_member(self._share)
        elif self.dice.chance(0.4):
            method = self.random.choice(("slices", "whole"))
            item["unit_price"] = {"method": method, "table": self.dice.by_member(self._table)}
        if self.dice.chance(0.2):
            item["day_limit"] = self.dice.by_member(self._price)
        if self.dice.chance(0.3):
            item["only"] = self._only()
        if self.dice.chance(0.3) or len(item) == 1:
            item |= self._stream()
        return item

    def _way(self) -> str:
        return self.random.choice(("excess", "whole_item", "after_share"))

    def _table(self) -> list[Record]:
        bounds = sorted(self.random.sample((1, 10, 100, 2000, 5000), self.random.randint(0, 3)))
        share = self.dice.by_member if self.dice.chance(0.3) else lambda draw: draw()
        table: list[Record] = [
            {"to": f"{bound}.00", "share": share(self._share)} for bound in bounds
        ]
        return [*table, {"to": None, "share": share(self._share)}]

    def _stream(self) -> Record:
        stream = self.random.choice(STREAMS)
        if stream != "final_share":
            return {"stream": stream}
        return {"stream": stream, "last_share": self.dice.by_member(self._share)}

    def _only(self) -> Record:
        limits: Record = {
            "visits": self.dice.some(["inpatient", "outpatient", "emergency"]),
            "levels": self.dice.some(self.dice.levels),
            "approved": True,
        }
        if "sexes" in self.dice.optional:
            limits["sexes"] = ["female"]
        if "ages" in self.dice.optional:
            limits["ages"] = self.random.choice(([0, 45], [18, None]))
        if "diseases" in self.dice.optional:
            limits["diseases"] = self.dice.some(list(self.dice.optional["diseases"]))
        return {key: limits[key] for key in self.dice.some(list(limits))}
