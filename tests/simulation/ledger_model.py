"""A ledger beside the oracle: each operation is done to both, and both must say the same.

The oracle settles from the YAML of a policy alone (tests/oracle.py). What it lacks, undoing in the
three ways, is told here in its own terms: a cascade is cancellations from the newest back and
claims again from the oldest on, and to keep is to take back what one settlement had added.
"""

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import Event, EventKind
from engine.claims.keys import content_key
from engine.errors import ClaimError
from engine.settlement.case import read_story
from engine.settlement.case_form import read_form
from engine.settlement.settle import located
from engine.storage import ledger_tables as t
from engine.storage.audit import verify
from engine.storage.database import Database
from engine.storage.ledger_check import check_ledger
from engine.storage.ledger_rows import LedgerRows
from engine.storage.ledger_state import LedgerState
from engine.storage.messages import Message, Mode, Verb
from engine.storage.posting import Answer, post, preview
from tests.oracle import NOTHING
from tests.oracle import Story as Told
from tests.simulation.model_world import (
    POLICIES,
    Operation,
    Person,
    Record,
    RefusedError,
    book,
    claim_again,
    copied,
    copied_account,
    half,
    must,
    of_a_message,
    oracle,
    policy,
    region,
    said,
)
from tests.strategies import DISEASES, INSTITUTIONS, StoryTeller

MODES = tuple(Mode)
LEVELS = ("L1", "L2", "L3")


class LedgerModel:
    """A database and its oracle.

    Attributes:
        operations: how many have been compared.
        kinds: how many of them were carried out, by kind; `refused` counts those that were not.
    """

    def __init__(self, place: Path | str) -> None:
        self.place = place
        self.database = Database(place)
        self.edition = 0
        self.persons: list[Person] = []
        self.operations = 0
        self.kinds: Counter[str] = Counter()
        self.late: set[tuple[str, str]] = set()
        self.answers: dict[tuple[str, str], tuple[Message, Answer]] = {}
        self.numbers = 0

    def close(self) -> None:
        self.database.close()

    def reopen(self) -> None:
        """Close the database, and open it again as another process would."""
        self.database.close()
        self.database = Database(self.place)
        self.kinds["reopen"] += 1

    # --- operations

    def advance(self, seed: int, size: int, chunk: int) -> None:
        """Let stories go on by `size` events in all, posted in batches of `chunk`."""
        random = Random(seed)  # noqa: S311 - repeatable, no secret
        told: list[Operation] = []
        for _ in range(size):
            person = self._someone(random)
            event = person.to_come.pop(0)
            told.append(self._operation(person, event))
            if len(told) == chunk:
                self._post(told)
                told = []
        self._post(told)

    def undo(self, seed: int, size: int, mode: Mode, verb: Verb) -> None:
        """Undo live settlements, wherever they stand in their year; refund some in part."""
        random = Random(seed)  # noqa: S311 - repeatable, no secret
        undoes = of_a_message if verb is Verb.REVERSE_MESSAGE else bool
        concerned = [person for person in self.persons if any(map(undoes, person.live))]
        random.shuffle(concerned)
        if mode is Mode.CASCADE:
            self._credit(concerned[:size:2], random)
        told = [self._undo(person, mode, verb, random) for person in concerned[:size]]
        self._post(told)

    def _credit(self, persons: list[Person], random: Random) -> None:
        """Put money into accounts: what is settled anew after it was not to have it."""
        told = []
        for person in persons:
            self.numbers += 1
            amount = f"{random.randrange(1, 2000)}.{random.randrange(100):02d}"
            credit = {"id": f"c{self.numbers}", "kind": "account_credit", "amount": amount}
            told.append(self._operation(person, credit))
        self._post(told)

    def repeat(self, seed: int, size: int) -> None:
        """Send messages again, some with another body."""
        random = Random(seed)  # noqa: S311 - repeatable, no secret
        sent = random.sample(sorted(self.answers), min(size, len(self.answers)))
        before = self._count()
        changed = {key for key in sent if random.random() < 0.3}
        again = [
            replace(self.answers[key][0], body_hash="0" * 64)
            if key in changed
            else self.answers[key][0]
            for key in sent
        ]
        found = post(self.database, book(self.edition), again, 0)
        for key, answer in zip(sent, found, strict=True):
            if key in changed:
                assert isinstance(answer, ClaimError)
                assert answer.code == "message_differs"
            else:
                assert answer == self.answers[key][1]
        assert self._count() == before
        self.operations += len(sent)
        self.kinds["repeat"] += len(sent)

    def look_ahead(self, seed: int, size: int) -> None:
        """Preview claims; the oracle is told of them only where they are posted, right after."""
        random = Random(seed)  # noqa: S311 - repeatable, no secret
        told: dict[str, Operation] = {}
        for _ in range(size):
            person = self._someone(random)
            if person.name not in told:
                told[person.name] = self._operation(person, person.to_come.pop(0))
        before = self._count()
        messages = [one.message for one in told.values()]
        said = preview(self.database, book(self.edition), messages, 0)
        assert self._count() == before
        found = self._post(list(told.values()))
        for one, other in zip(said, found, strict=True):
            assert isinstance(one, bytes) == isinstance(other, bytes)
            assert not isinstance(one, bytes) or one == other
        self.operations += len(told)
        self.kinds["preview"] += len(told)

    def crash(self, seed: int, size: int) -> None:
        """Die in the middle of writing, open the database again, and send the same once more."""
        random = Random(seed)  # noqa: S311 - repeatable, no secret
        told = []
        for _ in range(size):
            person = self._someone(random)
            told.append(self._operation(person, person.to_come.pop(0)))
        before = self._count()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LedgerRows, "_write_state", _die)
            with pytest.raises(_Died):
                post(self.database, book(self.edition), [one.message for one in told], 0)
        self.kinds["crash"] += 1
        self.reopen()
        assert self._count() == before
        self._post(told)

    def reverse_before(self, seed: int, size: int) -> None:
        """Reverse messages before they come; late, they are not carried out, and change nothing."""
        random = Random(seed)  # noqa: S311 - repeatable, no secret
        for _ in range(size):
            person = self._someone(random)
            event = person.to_come[0]
            if event.get("kind") == "cancel":
                continue
            late = self._message(person, Verb.SETTLE, event=event)
            reversal = self._message(person, Verb.REVERSE_MESSAGE, original=late.message_id)
            pair = [(reversal, "message_unknown"), (late, "message_void")]
            self._post([Operation(one, code, person, []) for one, code in pair])
            self.kinds["reversed before it came"] += 1

    # --- what is compared at the end

    def check(self) -> None:
        """Compare every counter with the oracle's, and the ledger with itself."""
        with self.database.reading() as connection:
            counters = self._counters(connection)
            for person in self.persons:
                expected = {k: value for k, value in person.told.counters.items() if value}
                found = {
                    k: value
                    for k, value in counters.get(person.name, {}).items()
                    if value and k[0] != "year_closed"
                }
                assert found == expected, person.name
            check_ledger(connection)
            assert verify(connection).first_bad is None
            assert self._live(connection) == {
                person.called[event] for person in self.persons for event in person.live
            }

    def _counters(self, connection: sa.Connection) -> dict[str, dict[tuple[str, int, str], int]]:
        found: dict[str, dict[tuple[str, int, str], int]] = {}
        scopes = {content_key(text): text for text in (*LEVELS, *DISEASES, *INSTITUTIONS)}
        for row in connection.execute(sa.select(t.COUNTERS)):
            period = row.year * 100 + row.month if row.month else row.year
            key = (row.counter, period, scopes.get(row.scope, ""))
            found.setdefault(row.person_id, {})[key] = row.value
        return found

    def _live(self, connection: sa.Connection) -> set[str]:
        return set(connection.scalars(sa.select(t.LIVE.c.settlement_id)))

    def _count(self) -> list[int]:
        with self.database.reading() as connection:
            return [
                int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)
                for table in (t.SETTLEMENTS, t.MESSAGES, t.CONTRIBUTIONS, t.LIVE, t.VARIANCES)
            ]

    # --- both sides of one operation

    def _someone(self, random: Random) -> Person:
        waiting = [person for person in self.persons[-60:] if person.to_come]
        if waiting and random.random() < 0.8:
            return random.choice(waiting)
        name = random.choice(POLICIES)
        story = StoryTeller(policy(name), random.getrandbits(48)).story()
        events = [event for event in story.events if event.get("kind") != "family_link"]
        if not events:
            return self._someone(random)
        told = Told(oracle(name), story.person, {}, [])
        person = Person(f"P{len(self.persons)}", name, told, events, dict(story.person))
        self.persons.append(person)
        return person

    def _operation(self, person: Person, event: Record) -> Operation:
        kind = event.get("kind", "claim")
        if kind == "cancel":
            return self._undoing(person, event["of"], Mode.LAST_FIRST, None, Verb.CANCEL)
        if kind == "class_change":
            person.person["class"] = event["class"]
        held = person.held
        answer = person.told.tell(event)
        person.account.add(event["id"], person.held - held)
        message = self._message(person, Verb.SETTLE, event=event)
        person.called[event["id"]] = message.settlement_id
        if kind == "claim" and event["end"] < max([person.last, event["end"]]):
            self.late.add(message.key)
        person.last = max([person.last, event.get("end", person.last)])
        if kind == "claim":
            person.claims[event["id"]] = event | {"class": person.person["class"]}
        return Operation(message, said(answer), person, [event["id"]])

    def _undo(self, person: Person, mode: Mode, verb: Verb, random: Random) -> Operation:
        undoes = of_a_message if verb is Verb.REVERSE_MESSAGE else bool
        of = random.choice([name for name in person.live if undoes(name)])
        rest = None
        if verb is Verb.REFUND:
            rest = {key: value for key, value in person.claims[of].items() if key != "class"}
            rest = half(rest) | {"id": f"{of}r"}
        return self._undoing(person, of, mode, rest, verb)

    def _undoing(
        self, person: Person, of: str, mode: Mode, rest: Record | None, verb: Verb
    ) -> Operation:
        """Tell the oracle what undoing comes to; where anything is refused, nothing is done."""
        called = person.called.get(of, "unknown")
        message = self._message(person, verb, event=rest, mode=mode, original=called)
        if verb is Verb.REVERSE_MESSAGE:
            message = replace(message, original=called.removeprefix("S"))
        before, account = copied(person.told), copied_account(person.account)
        try:
            expected, events = self._told(person, of, mode, rest)
        except RefusedError as refused:
            person.told, person.account = before, account
            return Operation(message, refused.code, person, [])
        return Operation(message, expected, person, events)

    def _told(
        self, person: Person, of: str, mode: Mode, rest: Record | None
    ) -> tuple[list[Record], list[str]]:
        told = person.told
        undone = told.settled.get(of)
        later: list[str] = []
        if undone is not None and undone.live:
            names = [name for name in person.live if told.settled[name].year == undone.year]
            later = names[names.index(of) + 1 :]
        if mode is Mode.KEEP and undone is not None and undone.live and later:
            return self._kept(person, of, rest)
        follows = later if mode is Mode.CASCADE else []
        expected, events = [], []
        for name in [*reversed(follows), of]:
            expected.append(must(told.tell({"id": "", "kind": "cancel", "of": name})))
            person.account.moved.pop(name)
            events.append("")
        steps = ([] if rest is None else [(rest, person.person["class"], of)]) + [
            (person.claims[name] | {"id": f"{name}'"}, person.claims[name]["class"], name)
            for name in follows
        ]
        for event, of_class, instead in steps:
            place = person.account.places[instead] if follows else None
            expected.append(claim_again(person, event, of_class, place))
            events.append(event["id"])
        return expected, events

    def _kept(self, person: Person, of: str, rest: Record | None) -> tuple[list[Record], list[str]]:
        undone = person.told.settled[of]
        undone.live = False
        for key, amount in undone.gained:
            person.told.counters[key] -= amount
        person.account.moved.pop(of)
        expected = [{key: -undone.result[key] for key in NOTHING}]
        if rest is None:
            return expected, [""]
        expected.append(claim_again(person, rest, person.person["class"]))
        return expected, ["", rest["id"]]

    def _message(
        self,
        person: Person,
        verb: Verb,
        event: Record | None = None,
        mode: Mode | None = None,
        original: str = "",
    ) -> Message:
        self.numbers += 1
        name = f"M{self.numbers}"
        row, visit = None, ""
        if event is not None:
            at = book(self.edition).book.index(region(person.policy), "employee")
            assert at is not None
            given = {**event, "institution": event.get("institution", "H1")}
            if event.get("kind", "claim") != "claim":
                given.pop("institution")
            form = read_form({"policy": {}, "person": person.person, "events": [given]})
            story = read_story(form, book(self.edition), at)
            row = located(book(self.edition), story.events, story.bill.bills())[0]
            row[Event.PERSON] = content_key(person.name)
            visit = f"{person.name}:{event['id']}" if "visit" in event else ""
        body = hashlib.sha256(name.encode()).hexdigest()
        return Message(
            "H1", name, verb, person.name, body, 0, row, "H1", visit, original, mode, f"S{name}"
        )

    def _post(self, told: list[Operation]) -> list[Answer]:
        if not told:
            return []
        answers = post(self.database, book(self.edition), [one.message for one in told], 0)
        for one, answer in zip(told, answers, strict=True):
            self._compare(one, answer)
        self.operations += len(told)
        return answers

    def _compare(self, told: Operation, answer: Answer) -> None:
        if isinstance(answer, ClaimError):
            assert told.expected == answer.code, (told.message.key, told.expected, answer.code)
            self.kinds["refused"] += 1
            return
        self.kinds[self._kind(told.message)] += 1
        self.answers[told.message.key] = (told.message, answer)
        found = json.loads(answer)["settlements"]
        assert not isinstance(told.expected, str), (told.message.key, told.expected)
        for one, expected in zip(found, told.expected, strict=True):
            ours = {key: one[key] for key in AMOUNT_COLUMNS}
            assert ours == {key: expected[key] for key in AMOUNT_COLUMNS}, told.message.key
        for name, one in zip(told.events, found, strict=True):
            if name:
                told.person.called[name] = one["settlement_id"]

    def _kind(self, message: Message) -> str:
        if message.verb is not Verb.SETTLE or message.event is None:
            return f"{message.verb} {message.mode}"
        if message.key in self.late:
            return "late claim"
        return EventKind(int(message.event[Event.KIND])).name.lower()


class _Died(Exception):  # noqa: N818 - what a kill does is no error of ours
    pass


def _die(_rows: LedgerRows, _connection: sa.Connection, _state: LedgerState) -> None:
    raise _Died
