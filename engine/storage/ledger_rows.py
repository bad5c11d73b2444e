"""The rows that a batch writes, gathered as it goes along and written at its end."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from engine.claims.columns import NONE, EventKind, Result
from engine.claims.keys import content_key
from engine.codes.enums import Fund
from engine.ledger.benefits import Benefit, to_person, to_provider, to_region
from engine.ledger.postings import Authority, Heading, Ledger, Posting
from engine.policy.book import cell_text
from engine.policy.compiler import CompiledBook
from engine.policy.packer import ACCOUNTS
from engine.settlement.facts import (
    care_region,
    facts_of,
    lines_of,
    paid_to_person,
    with_care_region,
    with_lines,
    with_place,
)
from engine.storage import ledger_tables as t
from engine.storage.account_order import moved_by
from engine.storage.audit import Change, append, canonical
from engine.storage.folding import Outcome
from engine.storage.ledger_state import (
    OUTLASTING,
    CounterKey,
    LedgerState,
    Posted,
    Row,
    outlasting,
    unpacked,
    upsert,
)
from engine.storage.messages import EPOCH, VOID, Message
from engine.storage.undoing import Variance

ID_LENGTH = 30
"""As long as the national field for it is."""

FAMILY = "family:"
"""What stands before a person's name where linked accounts have paid for that person."""


def settlement_id(message: Message, number: int) -> str:
    """Return the id of what a message settles: the one it brings, else one made of its key."""
    if message.settlement_id and number == 0:
        return message.settlement_id
    return named_settlement(message.key, number)


def named_settlement(key: tuple[str, str], number: int) -> str:
    """Return the id made of a message's key, for one of the things that the message does."""
    name = "\0".join((*key, str(number)))
    return hashlib.sha256(name.encode()).hexdigest()[:ID_LENGTH]


def row_hash(row: Mapping[str, Any]) -> str:
    """Return the hash of a settlement's row that the audit chain holds."""
    told = {**row, "trace": row["trace"].hex()}
    return hashlib.sha256(canonical(told).encode()).hexdigest()


def billed(message: Message, outcome: Outcome) -> str:
    """Return the hash of the lines that an outcome settles; anew, of those that were billed."""
    of = outcome.entry.of
    return message.lines if of is None else lines_of(of.facts)


class LedgerRows:
    """The rows of one batch.

    Args:
        now: when it is posted, in seconds of local time.
    """

    def __init__(self, book: CompiledBook, now: int) -> None:
        self._book = book
        self._now = now
        self._settlements: list[Row] = []
        self._contributions: list[Row] = []
        self._legs: list[Row] = []
        self._variances: list[Row] = []
        self._messages: list[Row] = []
        self._changes: list[Change] = []
        self._told: dict[str, str] = {}
        self._no_more: list[str] = []
        self._live: dict[str, Row] = {}
        self._counters: Counter[CounterKey] = Counter()
        self._schemes: dict[CounterKey, Posted] = {}

    def facts(self, message: Message, outcome: Outcome) -> str:
        """Return what is kept of an event; settled anew it is owed to whom it was owed before."""
        of = outcome.entry.of
        region = message.care_region if of is None else care_region(of.facts)
        facts, lines = facts_of(outcome.event, self._book), billed(message, outcome)
        facts = with_lines(facts, lines) if lines else facts
        place = outcome.entry.place
        facts = with_place(facts, place) if place.order else facts
        return with_care_region(facts, region) if region else facts

    def add(self, message: Message, outcome: Outcome, posted: Posted, state: LedgerState) -> None:
        """Add a settlement, to the rows and to the state that the next messages meet."""
        row = self._settlement(message, outcome, posted, state)
        self._settlements.append(row)
        self._told[posted.settlement_id] = row_hash(row)
        undone = outcome.entry.of if posted.reverses is not None else None
        facts = posted.facts if undone is None else undone.facts
        heading = self._heading(message, posted)
        self._legs += _legs(posted, heading, facts)
        self._add_feeds(posted, state)
        state.known[posted.settlement_id] = posted
        if posted.reverses is not None:
            self._end(posted, state)
        elif posted.visit is not None or posted.kind is EventKind.APPLICATION:
            self._begin(posted, state)
        elif posted.kind is EventKind.COVER_CHANGE:
            state.barred[outlasting(posted.year)] = posted

    def add_message(self, message: Message, answer: bytes) -> None:
        """Add a message that was carried out, after all that it settled."""
        told, self._told = self._told, {}
        self._changes.append(
            Change(
                action=message.verb.value,
                subject=f"message {message.sender_id} {message.message_id}",
                actor=message.sender_id,
                content={"body": message.body_hash, "settlements": told},
            )
        )
        self._messages.append(
            {
                "sender_id": message.sender_id,
                "message_id": message.message_id,
                "verb": message.verb.value,
                "person_id": message.person_id,
                "body_hash": message.body_hash,
                "answer": answer,
                "posted_at": self._now,
            }
        )

    def add_void(self, message: Message) -> None:
        """Add that what a reversal names and has never come is not carried out if it comes late."""
        sender, name = message.sender_id, message.original
        self._changes.append(
            Change(VOID, f"message {sender} {name}", sender, {"by": message.message_id})
        )
        self._messages.append(
            {
                "sender_id": sender,
                "message_id": name,
                "verb": VOID,
                "person_id": message.person_id,
                "body_hash": VOID,
                "answer": None,
                "posted_at": self._now,
            }
        )

    def add_variances(self, cause: str, variances: tuple[Variance, ...]) -> None:
        """Add what later settlements would have come to."""
        self._variances += [
            {
                "settlement_id": one.settlement_id,
                "cause": cause,
                "amount": one.amount,
                "paid_fen": one.paid_fen,
                "would_be_fen": one.would_be_fen,
            }
            for one in variances
        ]

    def write(self, connection: sa.Connection, state: LedgerState) -> None:
        """Write all rows: legs before their settlements, whose trigger adds them up."""
        for table, rows in (
            (t.LEGS, self._legs),
            (t.SETTLEMENTS, self._settlements),
            (t.CONTRIBUTIONS, self._contributions),
            (t.VARIANCES, self._variances),
            (t.MESSAGES, self._messages),
        ):
            if rows:
                connection.execute(_INSERTS[table.name], rows)
        if self._no_more:
            c = t.LIVE.c.settlement_id
            connection.execute(sa.delete(t.LIVE).where(c.in_(self._no_more)))
        if self._live:
            connection.execute(_INSERTS[t.LIVE.name], list(self._live.values()))
        self._write_state(connection, state)
        append(connection, self._changes, self._now)

    def _write_state(self, connection: sa.Connection, state: LedgerState) -> None:
        if self._settlements:
            years = {
                (row["person_id"], row["region"], row["scheme"], year)
                for row in self._settlements
                for year in (row["year"], OUTLASTING)
            }
            versions = [
                {**year._asdict(), "version": version}
                for year, version in state.versions.items()
                if tuple(year) in years
            ]
            connection.execute(_set_versions(connection.dialect.name), versions)
        if self._counters:
            rows = [self._counter(key, state) for key in sorted(self._counters)]
            connection.execute(_set_counters(connection.dialect.name), rows)

    def _counter(self, key: CounterKey, state: LedgerState) -> Row:
        year = self._schemes[key].year
        name, in_year, month = unpacked(key[1], self._book)
        return {
            "person_id": year.person_id,
            "region": year.region,
            "scheme": year.scheme,
            "counter": name,
            "year": in_year,
            "month": month,
            "scope": key[2],
            "value": state.counters[key],
            "version": self._counters[key],
        }

    def _settlement(
        self, message: Message, outcome: Outcome, posted: Posted, state: LedgerState
    ) -> Row:
        result = outcome.result
        state.versions[posted.year] = posted.version
        state.versions[outlasting(posted.year)] = posted.version
        institution, visit, segment = posted.visit or (message.institution_id, None, None)
        columns = (t.AMOUNTS, t.LAYER_PAID, t.CAP_LEFT)
        return {
            "settlement_id": posted.settlement_id,
            "institution_id": institution,
            "sender_id": message.sender_id,
            "message_id": message.message_id,
            "number": outcome.entry.number,
            "kind": int(posted.kind),
            **posted.year._asdict(),
            "version": posted.version,
            "visit_id": visit,
            "segment": segment,
            "reverses": posted.reverses,
            "cause": outcome.entry.cause,
            "settled_at": message.settled_at,
            "posted_at": self._now,
            "policy_hash": self._book.book.hash,
            **self._terms(NONE if posted.reverses else int(result[Result.POLICY_ROW])),
            "ordinal": int(result[Result.ORDINAL]),
            **{name: int(result[at]) for group in columns for name, at in group.items()},
            "facts": posted.facts,
            "trace": _trace(outcome, posted),
        }

    def _terms(self, number: int) -> dict[str, Any]:
        if number < 0:
            return {"benefit": None, "begins_day": None, "cell": None}
        info = self._book.infos[number]
        entry, cell = info.entry, cell_text(info.row.cell)
        return {"benefit": entry.benefit, "begins_day": entry.begins, "cell": cell}

    def _add_feeds(self, posted: Posted, state: LedgerState) -> None:
        person = content_key(posted.year.person_id)
        for fed in posted.feeds:
            key = (person, fed.counter, fed.scope)
            state.counters[key] = fed.before + fed.gain
            self._counters[key] += 1
            self._schemes[key] = posted
            name, year, month = unpacked(fed.counter, self._book)
            if name in ACCOUNTS:
                moved = state.moved.setdefault(outlasting(posted.year), [])
                moved.append(moved_by(posted, name, fed.gain))
            self._contributions.append(
                {
                    "settlement_id": posted.settlement_id,
                    "counter": name,
                    "year": year,
                    "month": month,
                    "scope": fed.scope,
                    "before": fed.before,
                    "gain": fed.gain,
                }
            )

    def _begin(self, posted: Posted, state: LedgerState) -> None:
        # An application bills no visit: it is live under its own name.
        place = posted.visit or (posted.message[0], f"application {posted.settlement_id}", 0)
        institution, visit, segment = place
        self._live[posted.settlement_id] = {
            "institution_id": institution,
            "visit_id": visit,
            "segment": segment,
            "settlement_id": posted.settlement_id,
        }
        state.billed[place] = posted.settlement_id
        if posted.year in state.live:
            state.live[posted.year].append(posted)

    def _end(self, posted: Posted, state: LedgerState) -> None:
        undone = posted.reverses or ""
        if self._live.pop(undone, None) is None:
            self._no_more.append(undone)
        if posted.visit is not None:
            state.billed.pop(posted.visit, None)
        live = state.live.get(posted.year, [])
        state.live[posted.year] = [one for one in live if one.settlement_id != undone]

    def _heading(self, message: Message, posted: Posted) -> Heading:
        injury = int(posted.result[Result.FUND + Fund.INJURY]) != 0
        authority = Authority.INJURY if injury else Authority.MEDICAL
        night = (EPOCH + timedelta(seconds=message.settled_at)).date()
        name = posted.settlement_id
        return Heading(Ledger(authority, posted.year.region), name, night, name)


# Statements are made once: to make one and to find it compiled takes longer than to carry it out.
_INSERTS = {
    table.name: sa.insert(table)
    for table in (t.LEGS, t.SETTLEMENTS, t.CONTRIBUTIONS, t.VARIANCES, t.MESSAGES, t.LIVE)
}


@cache
def _set_versions(dialect: str) -> sa.Insert:
    insert = upsert(dialect, t.PERSON_YEARS)
    key = [column.name for column in t.PERSON_YEARS.primary_key]
    return insert.on_conflict_do_update(
        index_elements=key, set_={"version": insert.excluded.version}
    )


@cache
def _set_counters(dialect: str) -> sa.Insert:
    insert = upsert(dialect, t.COUNTERS)
    changed: dict[str, Any] = {
        "value": insert.excluded.value,
        "version": t.COUNTERS.c.version + insert.excluded.version,
    }
    key = [column.name for column in t.COUNTERS.primary_key]
    return insert.on_conflict_do_update(index_elements=key, set_=changed)


def _trace(outcome: Outcome, posted: Posted) -> bytes:
    trace = outcome.trace.astype("<i8")
    if posted.reverses is not None:
        trace[1] = NONE  # It notes where in the fold its original stood, which tells nobody.
    return trace.tobytes()


def _legs(posted: Posted, heading: Heading, facts: str | None) -> list[Row]:
    """Return the double entry of a settlement; that of its reversal is the exact opposite.

    Args:
        facts: those of the settlement, for a reversal those of what it undoes.
    """
    if posted.kind not in (EventKind.CLAIM, EventKind.REVERSAL, EventKind.APPLICATION):
        return []
    posting = posting_of(posted, heading, facts)
    return [
        {
            "settlement_id": posted.settlement_id,
            "number": k,
            "account": int(leg.account.kind),
            "purse": int(leg.account.purse),
            "party": leg.account.party,
            "amount_fen": leg.amount_fen,
        }
        for k, leg in enumerate(posting.legs)
    ]


def posting_of(posted: Posted, heading: Heading, facts: str | None) -> Posting:
    """Return the double entry of a settlement.

    Args:
        facts: those of the settlement, for a reversal those of what it undoes.
    """
    result, person = posted.result, posted.year.person_id
    family = int(result[Result.FAMILY])
    accounts = {person: int(result[Result.ACCOUNT]) - family, FAMILY + person: family}
    benefit = Benefit(
        {fund: int(result[Result.FUND + fund]) for fund in Fund if result[Result.FUND + fund]},
        {holder: paid for holder, paid in accounts.items() if paid},
    )
    region = care_region(facts)
    if region:
        return to_region(heading, benefit, region)
    if posted.visit is None or paid_to_person(facts):
        return to_person(heading, benefit, person)
    return to_provider(heading, benefit, posted.visit[0])
