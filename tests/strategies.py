"""Seeded stories of one person under a policy, drawn to the edges where settlements differ.

The amounts that the policy names, sums of two of them, and a fen either side are drawn far more
often than chance would; so are ages at a threshold, days at which terms change, and cancels.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any, TypeAlias

import yaml

Record: TypeAlias = dict[str, Any]

LARGEST_FEN = 10**12 - 1
DAY = timedelta(days=1)
DISEASES = ("E11", "E119", "E05", "I10")
FILINGS = ("long_term", "transfer", "emergency", "temporary", "not_filed", "not_networked")
INSTITUTIONS = ("H1", "H2")
CATEGORIES = ("bed", "consumables", "examination", "western_drug")
LAST_SHARES = ("0%", "11.2%", "50%", "100%")
GROUPS = ("implant", "limited", "other")


@dataclass
class Story:
    """One person with what happened, in the form of a case file."""

    person: Record
    state: Record
    events: list[Record] = field(default_factory=list)

    def claims(self) -> int:
        return sum(event.get("kind", "claim") == "claim" for event in self.events)

    def case_yaml(self, terms: Record) -> str:
        """Return a case file ready to run; terms are region and scheme, or an inline policy."""
        told = {"person": self.person, "state": self.state, "events": self.events}
        return dump_yaml(terms | told)


class _CaseDumper(yaml.SafeDumper):
    """SafeDumper that writes a thing out again where it stands again: files know no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name is PyYAML's
        return True


def dump_yaml(tree: Record) -> str:
    """Return the text of a policy or a case file."""
    text: str = yaml.dump(tree, Dumper=_CaseDumper, allow_unicode=True, sort_keys=False)
    return text


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def texts(tree: Any) -> Iterator[str]:
    """Yield every text that stands as a value in a mapping or a list."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from texts(branch)


def first_day(policy: Record, year: int) -> date:
    month, day = map(int, policy["insurance_year"].split("-"))
    return date(year, month, day)


class StoryTeller:
    """Draws stories under one policy from a seed."""

    def __init__(self, policy: Record, seed: int | str) -> None:
        self.policy = policy
        self.random = Random(seed)  # noqa: S311 - repeatable, no secret
        self.entries = {
            visit: benefit["history"]
            for benefit in policy["benefits"].values()
            for visit in benefit.get("visits", ())
        }
        self.edges = self._edges()
        self.yearly = set(texts(policy["benefits"])) & {"age", "contribution_years"}
        self.turns = self._turns()
        self.near: list[date] = []
        self.segments: dict[tuple[str, str], int] = {}
        self.years = sorted({day.year for day in self.turns})
        self.classes = list(policy["person_classes"])
        lines = policy.get("lines")
        self.lines_from: date | None = lines[0]["from"] if lines else None

    def _edges(self) -> list[int]:
        """Return the amounts that the policy names, and sizes of daily life, in fen."""
        named = {
            int(text.replace(".", ""))
            for text in texts(self.policy["benefits"])
            if re.fullmatch(r"\d+\.\d\d", text)
        }
        return sorted(named | {0, 1, 2, 3, 99, 100_00, 3_000_00})

    def _turns(self) -> list[date]:
        """Return the days on which terms begin or were last reviewed."""
        history = [entry for entries in self.entries.values() for entry in entries]
        return sorted({entry[key] for entry in history for key in ("from", "reviewed_until")})

    def story(self) -> Story:
        """Return a new story of one to twelve events."""
        told = Story(self._person(), {})
        self.segments = {}
        year = self.random.randint(self.years[0], self.years[-1])
        day = self._day(year)
        closed = False
        for number in range(self.random.randint(1, 12)):
            if day > self.turns[-1] and self.random.random() < 0.95:
                day = self._day(self.years[0])
            elif self.random.random() < 0.15:
                year, day = year + 1, self._day(year + 1)
            elif self.random.random() < 0.9:
                day += timedelta(days=self.random.randint(0, 45))
            else:
                day = max(self.turns[0], day - timedelta(days=self.random.randint(0, 400)))
            told.events.append(self._event(told, f"e{number}", day, closed=closed))
            closed = closed or told.events[-1].get("kind") == "year_close"
        # Without a claim nothing would say of which year the opening counters are.
        if self.random.random() < 0.3 and told.claims():
            told.state = self._state()
        return told

    def _person(self) -> Record:
        """Return a person, and look out for the day on which an age group is reached."""
        self.near = [*self.turns]
        person: Record = {"class": self.random.choice(self.classes)}
        person |= self._facts()
        if self.policy.get("ages") or "age" in self.yearly:
            ages = self.policy.get("ages") or {"all": [0, None]}
            bounds = [bound for ends in ages.values() for bound in ends if bound]
            turn = self._day(self.random.randint(self.years[0], self.years[-1]))
            self.near += [turn] * 3
            age = self.random.choice([*bounds, *bounds, self.random.randint(5, 95)])
            birth = turn.replace(year=turn.year - age, day=min(turn.day, 28))
            # Nobody is treated before being born.
            person["birth_date"] = min(birth, self.turns[0] - timedelta(days=800))
        return person

    def _facts(self) -> Record:
        """Return the facts that the policy's dimensions ask for, seldom one too few."""
        drawn: Record = {
            "tiers": ("tier", self.random.choice(self.policy.get("tiers") or ["first"])),
            "sexes": ("sex", self.random.choice(("male", "female"))),
            "enrolled_months": ("enrolled_months", self.random.randint(0, 90)),
            "contribution_years": ("contribution_years", self.random.randint(0, 45)),
            "registered_diseases": ("registered_diseases", self.random.randint(0, 3)),
        }
        joined = self.random.choice(self.turns) - timedelta(days=self.random.randint(0, 400))
        drawn["entitlement"] = ("insured_from", joined)
        asked = [drawn[key] for key in drawn if key in self.policy or key in self.yearly]
        return {name: value for name, value in asked if self.random.random() < 0.98}

    def _day(self, year: int) -> date:
        opening = first_day(self.policy, year)
        if self.random.random() < 0.25:
            near = [*self.near, opening, first_day(self.policy, year + 1)]
            return self.random.choice(near) + self.random.choice((-DAY, 0 * DAY, DAY))
        return opening + timedelta(days=self.random.randint(0, 300))

    def _state(self) -> Record:
        unscoped = {
            name: counter
            for name, counter in (self.policy.get("counters") or {}).items()
            if not {"level", "disease", "institution"} & set(counter["scope"])
        }
        counters: Record = {}
        for name, counter in unscoped.items():
            if self.random.random() < 0.6:
                counters[name] = self._opening(counter["counts"])
        held = [yuan(self._edge()) for _ in range(self.random.randint(0, 4))]
        balance = yuan(self._edge())
        return {"counters": counters, "account_balance": balance, "family_balances": held}

    def _opening(self, counts: str) -> Any:
        if counts == "money":
            return yuan(self._edge())
        if counts == "stays":
            return self.random.randint(0, 4)
        return self._day(self.random.choice(self.years))

    def _event(self, told: Story, name: str, day: date, *, closed: bool) -> Record:
        drawn = self.random.random()
        claims = [event["id"] for event in told.events if "visit" in event or "benefit" in event]
        if drawn < 0.12 and claims:
            return {"id": name, "kind": "cancel", "of": self._cancelled(claims)}
        if drawn < 0.22:
            return {"id": name, **self._change(day)}
        if drawn < 0.23 and claims and not closed:
            return {"id": name, "kind": "year_close", "year": day.year}
        return self._claim(name, day)

    def _change(self, day: date) -> Record:
        """Return what changes the person's state without a claim."""
        changes: list[Record] = [
            {"kind": "account_credit", "amount": yuan(self._amount())},
            {"kind": "family_link", **self._linked()},
            {"kind": "class_change", "class": self.random.choice(self.classes)},
            {"kind": "cover_change", "on": day, **self._perhaps_class()},
        ]
        if self.policy.get("registrations"):
            changes += [self._registration(day)] * 2
        changes += [
            {"kind": "application", "benefit": name, **self._applied(day)}
            for name, benefit in self.policy["benefits"].items()
            if "application" in benefit
        ] * 2
        return self.random.choice(changes)

    def _perhaps_class(self) -> Record:
        return {"class": self.random.choice(self.classes)} if self.random.random() < 0.3 else {}

    def _registration(self, day: date) -> Record:
        name = self.random.choice(list(self.policy["registrations"]))
        per = self.policy["registrations"][name]["per"]
        begins = day - timedelta(days=self.random.randint(0, 60))
        found: Record = {"kind": "registration", "registration": name, "from": begins}
        if per != "person":
            found[per] = self.random.choice(DISEASES if per == "disease" else INSTITUTIONS)
        if self.random.random() < 0.5:
            found["until"] = day + timedelta(days=self.random.randint(0, 200))
        return found

    def _applied(self, day: date) -> Record:
        year = day.year - self.random.choice((0, 1, 1))
        return {"year": year, "settled": day + timedelta(days=self.random.randint(0, 90))}

    def _stay(self, institution: str) -> Record:
        """Return what a claim has to do with other claims."""
        found: Record = {"transfer": True} if self.random.random() < 0.15 else {}
        return found | (self._segment(institution) if self.random.random() < 0.2 else {})

    def _segment(self, institution: str) -> Record:
        """Return which part of a stay a claim bills, mostly the next one."""
        stay = self.random.choice(("S1", "S2"))
        number = self.segments.get((institution, stay), 0) + 1
        if self.random.random() < 0.1:
            number = self.random.randint(1, 4)
        self.segments[institution, stay] = number
        return {"stay": stay, "segment": number, "interim": self.random.random() < 0.8}

    def _linked(self) -> Record:
        return {"account": self.random.randint(1, 4), "amount": yuan(self._amount())}

    def _cancelled(self, claims: list[str]) -> str:
        if self.random.random() < 0.75:
            return claims[-1]
        return self.random.choice([*claims, "nobody"])

    def _claim(self, name: str, end: date) -> Record:
        stay = self.random.randint(0, 20)
        claim: Record = {
            "id": name,
            "visit": self.random.choice(list(self.entries)),
            "level": self.random.choice(self.policy["levels"]),
            "begin": end - timedelta(days=stay),
            "end": end,
            "institution": self.random.choice(INSTITUTIONS),
        }
        if self.random.random() < 0.97:
            claim["disease"] = self.random.choice(DISEASES)
        if self.random.random() < (0.3 if "filings" in self.policy else 0.01):
            claim["filing"] = self.random.choice(FILINGS)
        claim |= self._stay(claim["institution"])
        if self.random.random() < 0.1:
            claim |= {name: fact for name, fact in self._facts().items() if name != "sex"}
        if self.random.random() < 0.2:
            claim["settled"] = end + timedelta(days=self.random.randint(0, 40))
        if self.random.random() < 0.4:
            claim["account_used"] = True
        if self.lines_from is not None and end >= self.lines_from and self.random.random() < 0.15:
            return claim | {"lines": self._bill(end)}
        return claim | self._totals()

    def _totals(self) -> Record:
        covered = self._amount()
        if self.random.random() < 0.5:
            return {"total": yuan(covered)}
        parts = {
            f"self_pay_{part}": self._amount() // 8 if self.random.random() < 0.6 else 0
            for part in ("off_list", "over_price", "first_share")
        }
        total = covered + sum(parts.values())
        if self.random.random() < 0.01:
            total = max(0, sum(parts.values()) - 1)
        stated = {part: yuan(amount) for part, amount in parts.items() if amount}
        return {"total": yuan(min(total, LARGEST_FEN)), **stated}

    def _bill(self, end: date) -> list[Record]:
        """Return lines, some of which the last take back."""
        lines = [self._line(end) for _ in range(self.random.randint(1, 6))]
        back = self.random.sample(range(len(lines)), self.random.choice((0, 0, 0, 1, len(lines))))
        return lines + [{"refunds": number + 1} for number in back]

    def _line(self, end: date) -> Record:
        line: Record = {"class": self.random.choice("AABBBC")}
        quantity = self.random.choice(("1", "2", "0.5", "1.3333", "30"))
        price = self.random.randint(1, 10**9)
        if self.random.random() < 0.5:
            line["amount"] = yuan(self._amount() % 10**9)
        else:
            line |= {"price": f"{price // 10**6}.{price % 10**6:06d}", "quantity": quantity}
            if self.random.random() < 0.3:
                ceiling = self.random.randint(1, 2 * price)
                line["ceiling_price"] = f"{ceiling // 10**6}.{ceiling % 10**6:06d}"
        if line["class"] == "B" and self.random.random() < 0.5:
            line["first_share"] = self.random.choice(("3%", "10%", "12.5%", "20%", "100%"))
        return line | self._kind(end)

    def _kind(self, end: date) -> Record:
        """Return what makes the terms of some items hold for a line."""
        kind: Record = {}
        if self.random.random() < 0.6:
            kind["category"] = self.random.choice(CATEGORIES)
        if self.random.random() < 0.4:
            kind["groups"] = self.random.sample(GROUPS, self.random.randint(1, 2))
        if self.random.random() < 0.5:
            kind["approved"] = True
        if self.random.random() < 0.3:
            kind["day"] = end - timedelta(days=self.random.randint(0, 2))
        if self.random.random() < 0.1:
            kind["stream"] = self.random.choice(("ordinary", "separate", "excluded"))
            if self.random.random() < 0.4:
                kind |= {"stream": "final_share", "last_share": self.random.choice(LAST_SHARES)}
        return kind

    def _edge(self) -> int:
        edge = self.random.choice(self.edges)
        if self.random.random() < 0.3:
            edge += self.random.choice(self.edges)
        return max(0, edge + self.random.choice((-1, 0, 0, 1)))

    def _amount(self) -> int:
        drawn = self.random.random()
        if drawn < 0.45:
            return self._edge()
        if drawn < 0.97:
            return int(10 ** self.random.uniform(0, 8))
        if drawn < 0.999:
            return self.random.randint(10**8, 10**10)
        return LARGEST_FEN
