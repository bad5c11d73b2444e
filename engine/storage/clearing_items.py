"""Sorting: what the ledger says one region owes another, item by item, each taken in once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.ledger.clearing import Item, ItemKind, Role
from engine.ledger.postings import AccountKind, Authority, Purse
from engine.storage.care_rows import CLAIMED, UNDONE
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.crossregion_tables import CLEARING_ITEMS, CROSS_CLAIMS
from engine.storage.home_claims import AFTER_SENDERS, SENDER
from engine.storage.ledger_tables import LEGS, SETTLEMENTS

DAY_SECONDS = 86_400
COLUMNS = (
    "region", "role", "item_id", "purse", "other", "claim_id", "kind", "day", "amount_fen",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A region's ledger, the role that it has, and the other region."""

    region: str
    role: Role
    other: str


@dataclass(frozen=True, slots=True)
class DaySum:
    """What a day brought a pair in one purse."""

    pair: Pair
    purse: Purse
    claims: int
    reversals: int
    deductions: int
    amount_fen: int


def sort_items(connection: sa.Connection, day: int) -> None:
    """Take in what the ledger says up to a day and is not taken in yet.

    What became known late, as a claim of unknown outcome, comes with the next sorting, under the
    day on which it counts.

    Source: 经办条例 art. 23
    """
    queries = (_care_claims(), _care_reversals(), _home_claims(), _home_reversals())
    for query in queries:
        found = query.subquery()
        i, f = CLEARING_ITEMS.c, found.c
        taken = sa.exists().where(
            i.region == f.region,
            i.role == f.role,
            i.item_id == f.item_id,
            i.purse == f.purse,
        )
        fresh = sa.select(*(f[name] for name in COLUMNS)).where(
            f.day <= day, f.amount_fen != 0, ~taken
        )
        connection.execute(sa.insert(CLEARING_ITEMS).from_select(list(COLUMNS), fresh))


def _care_claims() -> sa.Select[Any]:
    c = CROSS_CLAIMS.c
    return _of_care(c.claim_id, CLAIMED, ItemKind.CLAIM, c.settled_day)


def _care_reversals() -> sa.Select[Any]:
    c = CROSS_CLAIMS.c
    return _of_care(c.reversal_id, UNDONE, ItemKind.REVERSAL, c.reversed_day)


def _of_care(
    item: sa.ColumnElement[Any], ending: str, kind: ItemKind, day: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    c, leg = CROSS_CLAIMS.c, POSTING_LEGS.c
    named = sa.and_(
        leg.authority == int(Authority.MEDICAL),
        leg.region == c.region,
        leg.posting_id == item + f":{ending}",
        leg.account == int(AccountKind.CLEARING),
    )
    return sa.select(
        c.region,
        sa.literal(Role.CARE.value).label("role"),
        item.label("item_id"),
        leg.purse,
        c.home_region.label("other"),
        c.claim_id,
        sa.literal(kind.value).label("kind"),
        day.label("day"),
        leg.amount_fen,
    ).join_from(CROSS_CLAIMS, POSTING_LEGS, named)


def _home_claims() -> sa.Select[Any]:
    s = SETTLEMENTS.c
    claim = (s.reverses.is_(None), s.sender_id >= SENDER, s.sender_id < AFTER_SENDERS)
    return _of_home(SETTLEMENTS, s.message_id, ItemKind.CLAIM).where(*claim)


def _home_reversals() -> sa.Select[Any]:
    first = SETTLEMENTS.alias("first")
    s, f = SETTLEMENTS.c, first.c
    both = SETTLEMENTS.join(first, s.reverses == f.settlement_id)
    claim = (f.sender_id >= SENDER, f.sender_id < AFTER_SENDERS)
    return _of_home(both, f.message_id, ItemKind.REVERSAL).where(*claim)


def _of_home(rows: Any, claim: sa.ColumnElement[Any], kind: ItemKind) -> sa.Select[Any]:
    s, leg = SETTLEMENTS.c, LEGS.c
    owed = sa.and_(leg.settlement_id == s.settlement_id, leg.account == int(AccountKind.CLEARING))
    return sa.select(
        s.region,
        sa.literal(Role.HOME.value).label("role"),
        s.message_id.label("item_id"),
        leg.purse,
        leg.party.label("other"),
        claim.label("claim_id"),
        sa.literal(kind.value).label("kind"),
        (s.settled_at // DAY_SECONDS).label("day"),
        (-leg.amount_fen).label("amount_fen"),
    ).select_from(rows.join(LEGS, owed))


def day_sums(connection: sa.Connection, day: int) -> list[DaySum]:
    """Return what counts on a day, by pair and purse."""
    i = CLEARING_ITEMS.c
    keys = (i.region, i.role, i.other, i.purse)
    counts = [sa.func.sum(sa.case((i.kind == kind.value, 1), else_=0)) for kind in ItemKind]
    query = (
        sa.select(*keys, *counts, sa.cast(sa.func.sum(i.amount_fen), sa.BigInteger))
        .where(i.day == day)
        .group_by(*keys)
        .order_by(*keys)
    )
    return [
        DaySum(Pair(row[0], Role(row[1]), row[2]), Purse(row[3]), *(int(one) for one in row[4:]))
        for row in connection.execute(query)
    ]


def open_items(connection: sa.Connection, pair: Pair, before: int) -> list[Item]:
    """Return the items of a pair that count before a day and are in no statement."""
    i = CLEARING_ITEMS.c
    return _items(connection, *_of(pair), i.day < before, i.statement.is_(None))


def items_of(connection: sa.Connection, pair: Pair, claim_id: str) -> list[Item]:
    """Return every item of a claim, in a statement or not."""
    return _items(connection, *_of(pair), CLEARING_ITEMS.c.claim_id == claim_id)


def stated_items(connection: sa.Connection, statement: str) -> list[Item]:
    """Return the items of a statement."""
    return _items(connection, CLEARING_ITEMS.c.statement == statement)


def is_stated(connection: sa.Connection, pair: Pair, claim_id: str) -> bool:
    """Return whether a claim went into a statement."""
    i = CLEARING_ITEMS.c
    query = sa.select(i.item_id).where(
        *_of(pair), i.claim_id == claim_id, i.kind == ItemKind.CLAIM, i.statement.is_not(None)
    )
    return connection.execute(query.limit(1)).first() is not None


def take_into(connection: sa.Connection, pair: Pair, before: int, statement: str) -> None:
    """Let a statement hold the items of a pair that count before a day and are in none."""
    i = CLEARING_ITEMS.c
    connection.execute(
        sa.update(CLEARING_ITEMS)
        .where(*_of(pair), i.day < before, i.statement.is_(None))
        .values(statement=statement)
    )


def add_items(connection: sa.Connection, pair: Pair, items: Iterable[Item]) -> None:
    """Take items in that no settlement makes."""
    rows = [
        {
            "region": pair.region,
            "role": pair.role.value,
            "item_id": item.item_id,
            "purse": int(purse),
            "other": pair.other,
            "claim_id": item.claim_id,
            "kind": item.kind.value,
            "day": item.day,
            "amount_fen": fen,
        }
        for item in items
        for purse, fen in item.purses.items()
    ]
    if rows:
        connection.execute(sa.insert(CLEARING_ITEMS), rows)


def _items(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> list[Item]:
    i = CLEARING_ITEMS.c
    query = sa.select(CLEARING_ITEMS).where(*which).order_by(i.day, i.item_id, i.purse)
    found: dict[str, Item] = {}
    for row in connection.execute(query):
        item = found.setdefault(
            row.item_id, Item(row.item_id, row.claim_id, ItemKind(row.kind), row.day, {})
        )
        found[row.item_id] = Item(
            item.item_id,
            item.claim_id,
            item.kind,
            item.day,
            {**item.purses, Purse(row.purse): row.amount_fen},
        )
    return list(found.values())


def _of(pair: Pair) -> tuple[sa.ColumnElement[bool], ...]:
    i = CLEARING_ITEMS.c
    return i.region == pair.region, i.role == pair.role.value, i.other == pair.other
