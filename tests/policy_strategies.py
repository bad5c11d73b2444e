"""Seeded policies of the policy language: valid, small, and mixing its shapes freely."""

from datetime import date, timedelta
from typing import Any, TypeAlias

from tests.policy_dice import CLASSES, Dice
from tests.policy_layers import LayerMaker

Record: TypeAlias = dict[str, Any]

SOURCE = {"title": "drawn at random", "url": "https://example.org/drawn"}
FROM = date(2022, 6, 1)
REVIEWED_UNTIL = date(2025, 12, 31)


class PolicyMaker:
    """Draws one policy from a seed."""

    def __init__(self, seed: int | str) -> None:
        self.dice = Dice(seed)
        self.random = self.dice.random

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
            "levels": self.dice.levels,
            "person_classes": CLASSES,
            **self.dice.optional,
            "counters": self.dice.counters,
            "lines": [self._lines()],
            "benefits": benefits,
        }

    def _benefit(self, visits: list[str]) -> Record:
        ordinal = self.dice.counter("stays") if self.dice.chance(0.6) else None
        turn = date(2023, 1, 1) + timedelta(days=self.random.randint(1, 700))
        first = {"from": FROM, "reviewed_until": turn - timedelta(days=1)}
        second = {"from": turn, "reviewed_until": REVIEWED_UNTIL}
        whole = {"from": FROM, "reviewed_until": REVIEWED_UNTIL}
        spans = [first, second] if self.dice.chance(0.4) else [whole]
        return {"visits": visits, "history": [span | self._entry(ordinal) for span in spans]}

    def _entry(self, ordinal: str | None) -> Record:
        maker = LayerMaker(self.dice, numbered=ordinal is not None)
        entry: Record = {"source": SOURCE, "layers": maker.layers()}
        if ordinal is not None:
            entry["ordinal"] = ordinal
        if self.dice.chance(0.7):
            entry["account"] = {"pays": self.dice.some(maker.parts)}
        return entry

    def _lines(self) -> Record:
        levels = self.dice.levels
        return {
            "from": FROM,
            "reviewed_until": REVIEWED_UNTIL,
            "source": SOURCE,
            "unknown_item": "self_pay",
            "class_b_first_share": self.random.choice(("4%", "12.5%")),
            "ceilings": {"bed": {level: f"{self.random.randint(1, 60)}.50" for level in levels}},
        }
