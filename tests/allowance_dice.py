"""Draws allowances, and stories of persons who ask for them."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.policy_dice import SOURCE, Record

FROM, TURN, UNTIL = date(2023, 1, 1), date(2023, 7, 1), date(2024, 12, 31)
CASES = ["normal", "difficult", "lost"]
REGISTRATIONS = {
    "work_injury": {"kind": "recognition", "per": "person"},
    "cover": {"kind": "registration", "per": "person"},
}
SHARES = ("90%", "75%", "33.3333%", "100%")
MONTHS = ("4.5", "9", "0.3333", "1")


class AllowanceDice:
    """Draws a policy with one allowance of two dated entries, and events under it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - repeatable, no secret
        self.cases: list[str] = []

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def policy(self) -> Record:
        wages = [(date(2023, 3, 1), "5000.37"), (date(2024, 1, 1), "6123.45")]
        spans = [(FROM, TURN - timedelta(days=1)), (TURN, UNTIL - timedelta(days=31))]
        self.cases = CASES if self.chance(0.5) else []
        return {
            "region": "999999",
            "name": "drawn",
            "scheme": "maternity",
            "status": "published",
            "claim_date": "end",
            "insurance_year": "01-01",
            "reversal": "last_first",
            "levels": ["L1"],
            "person_classes": {"active": ["active"]},
            "source": SOURCE,
            "bases": {"average": [{"from": day, "amount": amount} for day, amount in wages]},
            "registrations": REGISTRATIONS,
            "benefits": {},
            "allowances": {"it": {"history": [self._entry(*span) for span in spans]}},
        }

    def _entry(self, begins: date, until: date) -> Record:
        entry: Record = {"from": begins, "reviewed_until": until}
        if self.cases:
            entry["cases"] = self.cases
        if self.chance(0.3):
            entry["requires"] = self.random.choice(list(REGISTRATIONS))
        names = [f"item{k}" for k in range(self.random.randint(1, 4))]
        entry["items"] = [self._item(name, names[:k]) for k, name in enumerate(names)]
        return entry

    def _item(self, name: str, earlier: list[str]) -> Record:
        payer = self.random.choice(("maternity", "injury", "employer"))
        method = self.random.choice(("fixed", "per_day", "wage_by_days", "wage_by_months"))
        item: Record = {"name": name, "payer": payer, "method": method}
        if method in ("fixed", "per_day"):
            item["amount"] = self._by_case(lambda: f"{self.random.randint(0, 10**6)}.07")
        else:
            item |= self._wage()
        if method == "wage_by_months":
            item["months"] = self._by_case(lambda: self.random.choice((*MONTHS, "stated")))
        elif method != "fixed":
            days = self.random.choice((0, 1, 15, 98, 128))
            item["days"] = self._by_case(lambda: self.random.choice((days, "stated")))
            if self.chance(0.3):
                item["per_extra_child"] = 15
        if method == "wage_by_days":
            item["divisor"] = self.random.choice((1, 7, 30, 365))
        if earlier and self.chance(0.4):
            item["less"] = self.random.sample(earlier, 1)
        return item

    def _wage(self) -> Record:
        given: Record = {"wage": self.random.choice(("own", "employer", "average"))}
        given["rounding"] = self.random.choice(("half_up", "down"))
        if self.chance(0.4):
            given["bounds"] = {"floor": "60%", "ceiling": "299.9999%", "of": "average"}
        if self.chance(0.4):
            given["share"] = self._by_case(lambda: self.random.choice(SHARES))
        if self.chance(0.3):
            given["near_retirement"] = {"within_years": 5, "per_year": "20%", "at_most": "90%"}
        return given

    def _by_case(self, leaf: Callable[[], Any]) -> Any:
        if not self.cases or self.chance(0.5):
            return leaf()
        return {case: "unavailable" if self.chance(0.1) else leaf() for case in self.cases}

    def events(self, count: int) -> list[Record]:
        return [self._event(str(k)) for k in range(count)]

    def _event(self, name: str) -> Record:
        on = FROM + timedelta(days=self.random.randint(-20, 720))
        if self.chance(0.15):
            until = on + timedelta(days=self.random.randint(0, 400))
            record: Record = {"id": name, "kind": "registration", "from": on}
            record["registration"] = self.random.choice(list(REGISTRATIONS))
            return record | ({"until": until} if self.chance(0.7) else {})
        facts: Record = {
            "wage": f"{self.random.randint(0, 40_000)}.{self.random.randint(0, 99):02d}",
            "employer_wage": f"{self.random.randint(0, 40_000)}.50",
            "days": self.random.randint(0, 400),
            "months": self.random.choice(MONTHS),
            "children": self.random.randint(1, 3),
            "years_to_retirement": self.random.randint(0, 8),
        }
        known = {key: fact for key, fact in facts.items() if self.chance(0.9)}
        if self.cases and self.chance(0.9):
            known["case"] = self.random.choice(self.cases)
        return {"id": name, "kind": "allowance", "allowance": "it", "on": on} | known
