"""Seeded policies of the policy language: valid, small, and mixing its shapes freely."""

from datetime import date, timedelta
from typing import Any, TypeAlias

from tests.policy_dice import CLASSES, SOURCE, Dice
from tests.policy_layers import LayerMaker
from tests.policy_lines import LineTermsMaker

Record: TypeAlias = dict[str, Any]

FROM = date(2022, 6, 1)
REVIEWED_UNTIL = date(2025, 12, 31)
REGISTRATIONS: Record = {
    "chronic": {"kind": "registration", "per": "disease"},
    "hospital": {"kind": "registration", "per": "institution"},
    "work_injury": {"kind": "recognition", "per": "person"},
}
MONEY_OF_A_YEAR: Record = {"counts": "money", "scope": ["year"]}
OWN_STAYS = {"ordinal", "every_days", "waived", "transfer", "share"}
"""Keys of deductibles that do not know of segments."""


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
        if self.dice.chance(0.3):
            benefits["top_up"] = self._top_up()
        self._say_what_a_new_cover_leaves()
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
            **self.dice.bases(),
            **self.dice.entitlement(FROM, REVIEWED_UNTIL),
            "counters": self.dice.counters,
            "registrations": REGISTRATIONS,
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
        home = self._home_share(ordinal) if self.dice.chance(0.25) else {}
        maker = LayerMaker(self.dice, numbered=ordinal is not None, away=bool(home))
        entry: Record = {"source": SOURCE, "layers": maker.layers()}
        if ordinal is not None:
            entry["ordinal"] = ordinal
        if self.dice.chance(0.7):
            entry["account"] = self._account(maker, priced="price" in entry["layers"][0])
        if self.dice.chance(0.1):
            entry["requires"] = self.random.choice(list(REGISTRATIONS))
        if self.dice.chance(0.5):
            entry["segments"] = self._segments(entry["layers"])
        return entry | home

    def _segments(self, layers: list[Record]) -> str:
        alone = any(OWN_STAYS & layer["deductible"].keys() or "price" in layer for layer in layers)
        if alone:
            return "own_stays"
        return self.random.choice(("own_stays", "one_stay", "one_stay", "waived"))

    def _top_up(self) -> Record:
        """Return a benefit by application."""
        dice = self.dice
        yearly = [name for name, one in dice.counters.items() if one == MONEY_OF_A_YEAR]
        spare = dice.new_counter("burden", **MONEY_OF_A_YEAR)
        base = dice.some([*yearly, spare])
        application: Record = {"base": base, "when": self.random.choice(("after_year", "any_time"))}
        if dice.chance(0.4):
            application["less"] = dice.some([*yearly, spare])
        maker = LayerMaker(dice, numbered=False, away=False)
        layers = [maker.cost_per_claim("basic", "assistance")]
        if dice.chance(0.5):
            share = {"method": "share_of_counter", "share": dice.rate(), "of": dice.some(base)[0]}
            layers[0]["deductible"] = share
        ordinal = dice.new_counter("top_ups", "stays", ["year"])
        entry = {"source": SOURCE, "ordinal": ordinal, "layers": layers}
        span = {"from": FROM, "reviewed_until": REVIEWED_UNTIL}
        return {"application": application, "history": [span | entry]}

    def _say_what_a_new_cover_leaves(self) -> None:
        if self.dice.chance(0.3):
            return
        for counter in self.dice.counters.values():
            ways: list[Any] = ["carry", "reset"]
            if counter["counts"] == "money":
                ways.append({"convert": self.random.choice(("0%", "50%", "33.3%", "100%"))})
            counter["on_cover_change"] = self.random.choice(ways)

    def _account(self, maker: LayerMaker, *, priced: bool) -> Record:
        account: Record = {"pays": self.dice.some(maker.parts)}
        if self.dice.chance(0.3) and not priced:
            layers = self.dice.some(list(maker.before))
            account["before"] = {name: self.dice.some(maker.before[name]) for name in layers}
        if self.dice.chance(0.3):
            account["family"] = self.random.randint(1, 4)
        return account

    def _home_share(self, ordinal: str | None) -> Record:
        if self.dice.chance(0.6):
            return {"home_first_share": {"share": self.dice.by_member(self.dice.rate)}}
        share = self.dice.by_member(lambda: [self.dice.rate() for _ in "abc"])
        if ordinal is not None and self.dice.chance(0.3):
            return {"home_first_share": {"share": share, "counter": ordinal}}
        counter = self.dice.new_counter("outside", "stays", ["year"])
        return {"home_first_share": {"share": share, "counter": counter}}

    def _lines(self) -> Record:
        dated = {"from": FROM, "reviewed_until": REVIEWED_UNTIL, "source": SOURCE}
        return dated | LineTermsMaker(self.dice).terms()
