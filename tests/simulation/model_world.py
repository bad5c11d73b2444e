"""The persons of the ledger's model, their policies, and how the oracle tells of them."""

from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.policy.book import PolicyBook, parse_scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.storage.messages import Message
from tests.oracle import Oracle
from tests.oracle import Story as Told
from tests.oracle_claim import BALANCE
from tests.oracle_terms import load_yaml
from tests.strategies import dump_yaml

Record = dict[str, Any]
POLICIES = ("hand-employee-stays", "hand-employee-account", "hand-employee-cancel")
FOLDER = Path(__file__).parents[1] / "golden/policies"


@lru_cache(maxsize=8)
def policy(name: str) -> Record:
    """Return a policy of the golden files, in a region of its own."""
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    return {**load_yaml(text), "region": region(name)}


def region(name: str) -> str:
    return f"00000{POLICIES.index(name) + 1}"


@lru_cache(maxsize=2)
def book(edition: int) -> CompiledBook:
    """Return the book; in its second edition schemes lie in another order, under another hash."""
    names = POLICIES if edition == 0 else POLICIES[::-1]
    return compile_book(PolicyBook([parse_scheme(dump_yaml(policy(name)), name) for name in names]))


@dataclass
class Account:
    """The book of a personal account: what each event that stands moved, in which place.

    Attributes:
        places: of every event, in the order in which they were first settled.
        moved: what those that stand have put in or drawn.
    """

    places: dict[str, int]
    moved: dict[str, int]

    def add(self, name: str, moved: int, place: int | None = None) -> None:
        """Enter an event at the end, or in the place of the one that it is instead of."""
        self.places[name] = len(self.places) if place is None else place
        self.moved[name] = moved

    def open_to(self, place: int) -> int:
        """Return what a claim can draw in a place, so that the account is never overdrawn after."""
        order = sorted(self.moved, key=lambda name: self.places[name])
        held = sum(self.moved[name] for name in order if self.places[name] < place)
        least = held
        for name in order:
            if self.places[name] > place:
                held += self.moved[name]
                least = min(least, held)
        return least


@dataclass
class Person:
    """One person: the story still to come, the oracle's telling, and how the ledger calls it."""

    name: str
    policy: str
    told: Told
    to_come: list[Record]
    person: Record
    visits: int = 0
    last: date = date.min
    called: dict[str, str] = field(default_factory=dict)
    claims: dict[str, Record] = field(default_factory=dict)
    account: Account = field(default_factory=lambda: Account({}, {}))

    @property
    def held(self) -> int:
        """What the personal account holds, in ufen."""
        return self.told.counters.get(BALANCE, 0)

    @property
    def live(self) -> list[str]:
        """The events whose settlements are live, in the order in which they were made."""
        return [name for name, one in self.told.settled.items() if one.live]


@dataclass
class Operation:
    """A message, and what the oracle says of it: a code, or the amounts of each settlement."""

    message: Message
    expected: str | list[Record]
    person: Person
    events: list[str]


class RefusedError(Exception):
    """The oracle turns something away: an answer, and no mistake."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def must(answer: Record) -> Record:
    if answer["status"] != "settled":
        raise RefusedError(answer["status"])
    return answer


def said(answer: Record) -> str | list[Record]:
    return [answer] if answer["status"] == "settled" else str(answer["status"])


def copied(told: Told) -> Told:
    other = copy(told)
    other.counters = dict(told.counters)
    other.settled = {name: replace(one) for name, one in told.settled.items()}
    return other


def copied_account(account: Account) -> Account:
    return Account(dict(account.places), dict(account.moved))


def claim_again(person: Person, event: Record, of_class: str, place: int | None = None) -> Record:
    """Tell the oracle a claim; in its old place it draws on what the account held there."""
    told, now, held = person.told, person.told.person_class, person.held
    account = held if place is None else max(0, person.account.open_to(place))
    told.person_class = of_class
    told.counters[BALANCE] = account
    answer = told.tell({key: value for key, value in event.items() if key != "class"})
    drawn = account - person.held
    told.counters[BALANCE] = held - drawn
    told.person_class = now
    person.account.add(event["id"], -drawn, place)
    person.claims[event["id"]] = event | {"class": of_class}
    return must(answer)


def half(claim: Record) -> Record:
    """Return a claim of some of what another bills."""
    if "lines" in claim:
        return claim | {"lines": claim["lines"][: max(1, len(claim["lines"]) // 2)]}
    return claim | {
        key: f"{cents // 200}.{cents // 2 % 100:02d}"
        for key, text in claim.items()
        if key == "total" or key.startswith("self_pay")
        if (cents := int(str(text).replace(".", ""))) >= 0
    }


@lru_cache(maxsize=8)
def oracle(name: str) -> Oracle:
    return Oracle(policy(name))


def of_a_message(name: str) -> bool:
    """Return whether an event was settled by a message of its own: no refund, no cascade."""
    return name[1:].isdigit()
