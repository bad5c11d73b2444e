"""The one transaction that settles: lock, load, settle, write; for one message or for a night.

Whoever sends a message again gets the very bytes that answered it. A message that is refused has
changed nothing and is not remembered, but for one that was reversed before it came.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

import sqlalchemy as sa

from engine.claims.amounts import amounts_of
from engine.claims.codes import Code
from engine.claims.columns import Event, EventKind, Status
from engine.claims.keys import content_key
from engine.errors import ClaimError
from engine.policy.compiler import CompiledBook
from engine.settlement.receipt import WITH_RECEIPT, kept_of, receipt_of
from engine.storage import ledger_state as state_of
from engine.storage.account_order import read_moved
from engine.storage.attempts import in_one_transaction, unavailable
from engine.storage.database import Database
from engine.storage.entitled import Entitled, read_entitled
from engine.storage.folding import Entry, Outcome, fold_entries
from engine.storage.fund_details import of_result
from engine.storage.ledger_rows import LedgerRows, billed, settlement_id
from engine.storage.ledger_state import OUTLASTING, LedgerState, Posted, Visit, Year
from engine.storage.ledger_tables import MESSAGES, SETTLEMENTS
from engine.storage.messages import VOID, Message, Verb, fallen
from engine.storage.night_answers import answer_of_night
from engine.storage.recognition import SCHEME, recognised
from engine.storage.undoing import Plan, Undoing, refusal

# Statements are made once: to make one and to find it compiled takes longer than to carry it out.
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", expanding=True)
_STORED = sa.select(MESSAGES).where(
    sa.tuple_(MESSAGES.c.sender_id, MESSAGES.c.message_id).in_(_KEYS)
)
_BY_NIGHT = (
    sa.select(SETTLEMENTS)
    .where(sa.tuple_(SETTLEMENTS.c.sender_id, SETTLEMENTS.c.message_id).in_(_KEYS))
    .order_by(SETTLEMENTS.c.number)
)

Answer: TypeAlias = bytes | ClaimError
"""The bytes that answer a message, or why it was turned away."""


def post(
    database: Database, book: CompiledBook, messages: Sequence[Message], now: int
) -> list[Answer]:
    """Carry out messages in one transaction, in their order, and return their answers.

    Args:
        messages: of any persons; those of one person in the order in which they were settled.
        now: seconds from 1970-01-01 in local time, for the record alone.

    Raises:
        StorageError: `database_unavailable`. Whether the messages were carried out is then not
            known, and to send the very same again is safe.
        InvariantError: a bug of ours; nothing was written.

    Source: 经办条例 art. 20, 22, 35
    """
    return in_one_transaction(
        database, lambda connection: post_within(connection, book, messages, now)
    )


def post_within(
    connection: sa.Connection, book: CompiledBook, messages: Sequence[Message], now: int
) -> list[Answer]:
    """Carry out messages as `post` does, in the caller's own transaction beside its other work.

    A message that is refused has written nothing; the caller takes its own work back.
    """
    return _Batch(connection, book, messages, now).posted()


def preview(
    database: Database, book: CompiledBook, messages: Sequence[Message], now: int
) -> list[Answer]:
    """Return what `post` would answer, each message on its own, and change nothing."""
    try:
        with database.reading() as connection:
            return [preview_within(connection, book, message, now) for message in messages]
    except sa.exc.DBAPIError as error:
        raise unavailable() from error


def preview_within(
    connection: sa.Connection, book: CompiledBook, message: Message, now: int
) -> Answer:
    """Return what posting a message would answer, by what a connection reads."""
    return _Batch(connection, book, [message], now).previewed()


def forget_answers(database: Database, before: int) -> int:
    """Forget the answers to messages posted before an instant; return how many they were."""
    c = MESSAGES.c
    with database.transaction() as connection:
        forgotten = connection.execute(
            sa.update(MESSAGES)
            .where(c.posted_at < before, c.answer.is_not(None))
            .values(answer=None)
        )
        return int(forgotten.rowcount)


class _Batch:
    """One transaction's messages."""

    def __init__(
        self,
        connection: sa.Connection,
        book: CompiledBook,
        messages: Sequence[Message],
        now: int,
    ) -> None:
        self._connection = connection
        self._book = book
        self._messages = messages
        self._state = LedgerState()
        self._entitled = Entitled(None, {}, None)
        self._rows = LedgerRows(book, now)
        self._answers: dict[int, Answer] = {}
        self._taken: set[tuple[str, str]] = set()
        self._void: set[tuple[str, str]] = set()

    def posted(self) -> list[Answer]:
        """Carry all out and write; a message that was carried out before is answered as then."""
        years = self._load_named()
        self._state.versions = state_of.lock_years(self._connection, years)
        stored = self._stored()
        self._taken = set(stored)
        fresh = self._fresh(stored)
        self._load(years, fresh)
        for run in self._runs(fresh):
            self._settle(run)
        self._rows.write(self._connection, self._state)
        for at, message in enumerate(self._messages):
            if at not in self._answers:
                # Sent twice in one batch: the second is answered as the first.
                first = fresh[message.key]
                self._answers[at] = self._again(message, self._messages[first], first)
        return [self._answers[at] for at in range(len(self._messages))]

    def previewed(self) -> Answer:
        """Settle the only message from the state as it is, and write nothing."""
        years = self._load_named()
        fresh = {self._messages[0].key: 0}
        self._load(years, fresh)
        self._settle([0])
        return self._answers[0]

    def _load_named(self) -> set[Year]:
        """Read the settlements that messages name, and return the years that are concerned."""
        state = self._state
        ids = {m.original for m in self._messages if m.verb in (Verb.CANCEL, Verb.REFUND)}
        keys = {(m.sender_id, m.original) for m in self._messages if m.verb is Verb.REVERSE_MESSAGE}
        named = state_of.read_settlements(self._connection, ids, keys)
        undone = {one.reverses for one in named if one.reverses is not None}
        named += state_of.read_settlements(self._connection, undone, ())
        state.known = {one.settlement_id: one for one in named}
        years = {one.year for one in named}
        for message in self._messages:
            if message.event is not None:
                years.add(self._year_of(message))
        return years | {state_of.outlasting(year) for year in years}

    def _year_of(self, message: Message) -> Year:
        event = message.event
        if event is None or event[Event.SCHEME] < 0:
            return Year(message.person_id, "", "", OUTLASTING)
        region, scheme = self._book.book.schemes[event[Event.SCHEME]].key
        kind = event[Event.KIND]
        year = event[Event.ARG] if kind == EventKind.YEAR_CLOSE else event[Event.YEAR]
        return Year(message.person_id, region, scheme, max(OUTLASTING, int(year)))

    def _stored(self) -> dict[tuple[str, str], sa.Row[Any]]:
        keys = {message.key for message in self._messages}
        keys |= {_reversed(m) for m in self._messages if m.verb is Verb.REVERSE_MESSAGE}
        rows = self._connection.execute(_STORED, {"keys": list(keys)})
        return {(row.sender_id, row.message_id): row for row in rows}

    def _fresh(self, stored: dict[tuple[str, str], sa.Row[Any]]) -> dict[tuple[str, str], int]:
        """Answer what was carried out before; return where each other message stands first."""
        fresh: dict[tuple[str, str], int] = {}
        nightly = self._nightly(stored)
        for at, message in enumerate(self._messages):
            row = stored.get(message.key)
            if message.key in nightly:
                self._answers[at] = answer_of_night(message, nightly[message.key], self._book)
            elif row is None:
                fresh.setdefault(message.key, at)
            elif row.verb == VOID:
                self._answers[at] = refusal("message_void", message)
            elif row.body_hash != message.body_hash:
                self._answers[at] = refusal("message_differs", message)
            elif row.answer is None:
                self._answers[at] = refusal("answer_forgotten", message, settlement_id(message, 0))
            else:
                self._answers[at] = bytes(row.answer)
        return fresh

    def _nightly(
        self, stored: dict[tuple[str, str], sa.Row[Any]]
    ) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """Return what a night has settled under the key of a message, which kept no answer."""
        keys = list({message.key for message in self._messages} - stored.keys())
        found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in self._connection.execute(_BY_NIGHT, {"keys": keys}).mappings():
            found.setdefault((row["sender_id"], row["message_id"]), []).append(dict(row))
        return found

    def _again(self, message: Message, first: Message, at: int) -> Answer:
        if message.body_hash != first.body_hash:
            return refusal("message_differs", message)
        return self._answers[at]

    def _load(self, years: set[Year], fresh: dict[tuple[str, str], int]) -> None:
        state, connection = self._state, self._connection
        messages = [self._messages[at] for at in fresh.values()]
        state.counters = state_of.read_counters(connection, years)
        visits = {visit for m in messages if (visit := _visit_of(m)) is not None}
        visits |= {one.visit for one in state.known.values() if one.visit is not None}
        state.billed = state_of.read_billed(connection, visits)
        undoing = {m.person_id for m in messages if m.verb is not Verb.SETTLE}
        concerned = {year for year in years if year.person_id in undoing}
        state.live = state_of.read_live(connection, concerned)
        state.moved = read_moved(connection, concerned)
        state.barred = state_of.read_barred(connection, concerned)
        persons = {year.person_id for year in years}
        state.persons = {content_key(person): person for person in persons}
        claims = [m for m in messages if _is_claim(m)]
        if claims:
            whose = {m.person_id for m in claims}
            self._entitled = read_entitled(connection, whose, {m.institution_id for m in claims})

    def _runs(self, fresh: dict[tuple[str, str], int]) -> Iterator[list[int]]:
        """Yield positions of messages that can be settled together.

        Claims of one person go together, and persons with each other; what undoes, or is no claim,
        is alone for its person, and so is a second bill for a visit.
        """
        run: list[int] = []
        persons: dict[str, bool] = {}
        visits: set[Visit | None] = set()
        for at in fresh.values():
            message = self._messages[at]
            plain, visit = _is_claim(message), _visit_of(message)
            others = persons.get(message.person_id)
            if others is False or (others and not plain) or visit in visits - {None}:
                yield run
                run, persons, visits = [], {}, set()
            run.append(at)
            persons[message.person_id] = plain
            visits.add(visit)
        if run:
            yield run

    def _settle(self, run: Sequence[int]) -> None:
        """Settle a run and add it to the state and to the rows, or say why a message fell."""
        plans: dict[int, Plan] = {}
        for at in run:
            try:
                plans[at] = self._plan(at)
            except ClaimError as error:
                self._answers[at] = error
                self._remember(self._messages[at], error)
        entries = [entry for plan in plans.values() for entry in plan.entries]
        if not entries:
            return
        outcomes: dict[int, list[Outcome]] = {}
        for outcome in fold_entries(self._book, entries, self._state):
            outcomes.setdefault(outcome.entry.message, []).append(outcome)
        for at, plan in plans.items():
            self._keep(at, plan, outcomes[at])

    def _remember(self, message: Message, error: ClaimError) -> None:
        """Let a message that is reversed before it came not be carried out when it comes."""
        if error.code == "message_unknown" and _reversed(message) not in self._taken | self._void:
            self._void.add(_reversed(message))
            self._rows.add_void(message)

    def _plan(self, at: int) -> Plan:
        message = self._messages[at]
        if message.key in self._void:
            raise refusal("message_void", message)
        message = self._entitled.told(self._book, message)
        self._check_recognised(message)
        visit = _visit_of(message)
        billed = None if visit is None else self._state.billed.get(visit)
        if message.verb is not Verb.SETTLE:
            if billed is not None and billed != message.original:
                raise refusal("duplicate_visit", message, billed)
            first = settlement_id(message, 0)
            return Undoing(self._book, self._state, message, at, first).plan()
        if billed is not None:
            raise refusal("duplicate_visit", message, billed)
        return Plan((Entry(at, 0, message.event),))

    def _check_recognised(self, message: Message) -> None:
        """Let no claim on the injury fund through before a recognition is recorded."""
        event = message.event
        if event is None or event[Event.KIND] != EventKind.CLAIM or event[Event.SCHEME] < 0:
            return
        _, scheme = self._book.book.schemes[event[Event.SCHEME]].key
        begin = int(event[Event.BEGIN_DAY])
        if scheme == SCHEME and not recognised(self._connection, message.person_id, begin):
            raise fallen(Code.NOT_RECOGNISED, message)

    def _keep(self, at: int, plan: Plan, outcomes: Sequence[Outcome]) -> None:
        message = self._messages[at]
        for outcome in outcomes:
            if outcome.status != Status.SETTLED:
                self._answers[at] = fallen(Code(outcome.status.name.lower()), message)
                return
        told = []
        for outcome in outcomes:
            posted = self._posted(message, outcome)
            self._rows.add(message, outcome, posted, self._state)
            told.append(self._told(posted, outcome, billed(message, outcome)))
        self._rows.add_variances(settlement_id(message, 0), plan.variances)
        answer = {"status": "settled", "settlements": told}
        text = json.dumps(answer, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self._answers[at] = text.encode()
        self._rows.add_message(message, text.encode())

    def _told(self, posted: Posted, outcome: Outcome, lines: str) -> dict[str, Any]:
        told: dict[str, Any] = {
            "settlement_id": posted.settlement_id,
            "kind": posted.kind.name.lower(),
            **amounts_of(outcome.result),
            "funds": of_result(self._book, outcome.result),
        }
        if posted.kind in WITH_RECEIPT:
            scheme = posted.year.region, posted.year.scheme
            kept = kept_of(scheme, outcome.event, outcome.result, outcome.trace, lines)
            told["receipt"] = asdict(receipt_of(self._book, kept))
        if posted.reverses is not None:
            told["reverses"] = posted.reverses
        if outcome.entry.cause is not None:
            told["cause"] = outcome.entry.cause
        return told

    def _posted(self, message: Message, outcome: Outcome) -> Posted:
        entry = outcome.entry
        undoes = entry.of if entry.event is None else None
        year = entry.of.year if entry.of is not None else self._year_of(message)
        return Posted(
            settlement_id=settlement_id(message, entry.number),
            message=message.key,
            kind=EventKind(int(outcome.event[Event.KIND])),
            year=year,
            version=self._state.versions.get(state_of.outlasting(year), 0) + 1,
            visit=entry.of.visit if entry.of is not None else _visit_of(message),
            reverses=None if undoes is None else undoes.settlement_id,
            facts=None if undoes is not None else self._rows.facts(message, outcome),
            result=outcome.result,
            feeds=outcome.feeds,
        )


def _is_claim(message: Message) -> bool:
    event = message.event
    settles = message.verb is Verb.SETTLE and event is not None
    return settles and event is not None and bool(event[Event.KIND] == EventKind.CLAIM)


def _reversed(message: Message) -> tuple[str, str]:
    return message.sender_id, message.original


def _visit_of(message: Message) -> Visit | None:
    if message.event is None or not message.visit_id:
        return None
    return message.institution_id, message.visit_id, int(message.event[Event.SEGMENT])
