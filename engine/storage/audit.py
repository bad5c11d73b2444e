"""The audit chain: every change leaves a record that holds the hash of the one before it.

Records are written in the transaction of the change. There are `CHAINS` chains, so that changes
of different persons need not wait for each other; a record's sequence number names both its chain
(the remainder) and its place in it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.claims.keys import content_key
from engine.errors import StorageError
from engine.storage.metadata import METADATA

CHAINS = 16
BEGINNING = "0" * 64
"""What stands before the first record of a chain."""

AUDIT_RECORDS = sa.Table(
    "audit_records",
    METADATA,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(128), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

AUDIT_HEADS = sa.Table(
    "audit_heads",
    METADATA,
    sa.Column("chain", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
"""Where each chain stands. All its rows are there from the beginning, at chain - CHAINS."""


# Statements are made once: to make one and to find it compiled takes longer than to carry it out.
_AT_CHAIN = AUDIT_HEADS.c.chain == sa.bindparam("at_chain")
_HEAD_LOCKED = (
    sa.select(AUDIT_HEADS.c.sequence, AUDIT_HEADS.c.hash).where(_AT_CHAIN).with_for_update()
)
_INSERT_RECORDS = sa.insert(AUDIT_RECORDS)
_MOVE_HEAD = (
    sa.update(AUDIT_HEADS)
    .where(_AT_CHAIN)
    .values(sequence=sa.bindparam("sequence"), hash=sa.bindparam("hash"))
)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of state, as it is recorded.

    Attributes:
        action: what was done, in snake case.
        subject: what it was done to, such as `settlement S1`; it picks the chain.
        actor: the officer, institution or program that did it.
        content: what the change says; plain values, no names and no identity numbers.
    """

    action: str
    subject: str
    actor: str
    content: Mapping[str, Any]

    @property
    def chain(self) -> int:
        """The number of its chain, from 0."""
        return content_key(self.subject) % CHAINS


@dataclass(frozen=True, slots=True)
class Head:
    """The last record of a chain; a chain without records has the sequence of none."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found.

    Attributes:
        records: how many records were read.
        first_bad: the first sequence number at which a chain is broken, None where none is.
        reason: what is wrong there, in snake case; empty where nothing is.
    """

    records: int
    first_bad: int | None = None
    reason: str = ""


def append(connection: sa.Connection, changes: Iterable[Change], at: int) -> None:
    """Record changes in the caller's transaction, as its last statements.

    Chains are locked in ascending order, so that two transactions never wait for each other.

    Args:
        connection: of the transaction that makes the changes.
        changes: in order.
        at: when, in seconds of local time from 1970-01-01.
    """
    by_chain: dict[int, list[Change]] = {}
    for change in changes:
        by_chain.setdefault(change.chain, []).append(change)
    for chain in sorted(by_chain):
        _append(connection, chain, by_chain[chain], at)


def _append(connection: sa.Connection, chain: int, changes: Iterable[Change], at: int) -> None:
    head = connection.execute(_HEAD_LOCKED, {"at_chain": chain}).one()
    sequence, digest = head.sequence, head.hash
    records = []
    for change in changes:
        sequence += CHAINS
        record = {
            "sequence": sequence,
            "at": at,
            "actor": change.actor,
            "action": change.action,
            "subject": change.subject,
            "content": canonical(change.content),
            "previous": digest,
        }
        digest = _hash(record)
        records.append({**record, "hash": digest})
    connection.execute(_INSERT_RECORDS, records)
    connection.execute(_MOVE_HEAD, {"at_chain": chain, "sequence": sequence, "hash": digest})


def canonical(content: Mapping[str, Any]) -> str:
    """Return a mapping as the one text that its hash is taken of."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _hash(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(record).encode()).hexdigest()


def heads(connection: sa.Connection) -> list[Head]:
    """Return where every chain stands that has records."""
    query = sa.select(AUDIT_HEADS.c.sequence, AUDIT_HEADS.c.hash).order_by(AUDIT_HEADS.c.chain)
    return [Head(*row) for row in connection.execute(query) if row.sequence >= 0]


def verify(connection: sa.Connection, exported: Iterable[Head] = ()) -> Verified:
    """Return whether every record stands as it was written, and none is missing.

    Edits, deletions and reorderings break a chain. A tail that was cut off, or a chain that was
    written anew, agrees with itself: only heads that were exported before can tell.

    Args:
        connection: of the database.
        exported: heads as they were on earlier days, kept where nobody writes the database.
    """
    known = {head.sequence: head.hash for head in exported}
    ends = {chain: Head(chain - CHAINS, BEGINNING) for chain in range(CHAINS)}
    count = 0
    bad: list[tuple[int, str]] = []
    for record in _records(connection):
        sequence, chain = record["sequence"], record["sequence"] % CHAINS
        digest = record.pop("hash")
        before = ends[chain]
        ends[chain] = Head(sequence, digest)
        count += 1
        if sequence != before.sequence + CHAINS:
            bad.append((before.sequence + CHAINS, "missing"))
        elif record["previous"] != before.hash or digest != _hash(record):
            bad.append((sequence, "changed"))
        elif known.get(sequence, digest) != digest:
            bad.append((sequence, "not_as_exported"))
    bad += _short(connection, ends, known)
    return Verified(count, *min(bad)) if bad else Verified(count)


def _records(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    query = sa.select(AUDIT_RECORDS).order_by(AUDIT_RECORDS.c.sequence)
    for row in connection.execute(query).yield_per(10_000).mappings():
        yield dict(row)


def _short(
    connection: sa.Connection, ends: Mapping[int, Head], known: Mapping[int, str]
) -> Iterator[tuple[int, str]]:
    """Yield chains that end before the head that is kept, or before one that was exported."""
    for row in connection.execute(sa.select(AUDIT_HEADS)):
        end = ends[row.chain]
        if end != Head(row.sequence, row.hash):
            yield min(end.sequence, row.sequence) + CHAINS, "cut_off"
    for sequence in known:
        end = ends[sequence % CHAINS]
        if sequence > end.sequence:
            yield end.sequence + CHAINS, "cut_off"


def export(connection: sa.Connection, night: str) -> str:
    """Return the heads as a text to be kept elsewhere, one line of JSON."""
    stand = [[head.sequence, head.hash] for head in heads(connection)]
    return canonical({"night": night, "heads": stand}) + "\n"


def exported_heads(text: str, name: str) -> list[Head]:
    """Return the heads of an exported text.

    Raises:
        StorageError: `audit_heads`, the file is not of the form.
    """
    try:
        return [Head(int(sequence), str(digest)) for sequence, digest in json.loads(text)["heads"]]
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(
            "audit_heads",
            f"审计链头文件 {name} 读不出；请换成当夜导出的原件",
            f"the exported heads {name} cannot be read; use the file as it was exported",
            name=name,
        ) from error
