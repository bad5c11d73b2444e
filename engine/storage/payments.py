"""Money out to providers: a region's month is stated from the ledger, then paid order by order."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from engine.cases.life_cycle import CaseEvent
from engine.cases.provider_month import (
    HOLD,
    KIND,
    ProviderMonth,
    begun,
    fold,
    follow,
    hold_of,
    told,
)
from engine.errors import CaseError
from engine.ledger.orders import Hold, order_posting
from engine.ledger.payables import MonthOfFund, payables, statement
from engine.ledger.postings import AccountKind, Authority, Heading, Ledger, Purse
from engine.periods import day_number
from engine.storage.care_rows import CLAIMED, UNDONE
from engine.storage.case_tables import POSTING_LEGS, POSTINGS
from engine.storage.cases import (
    CaseKey,
    Officer,
    add_event,
    list_cases,
    name_case,
    open_case,
    read_events,
    write_postings,
)
from engine.storage.clearing import DEDUCTED
from engine.storage.closing_tables import LATE_SETTLEMENTS
from engine.storage.database import Database
from engine.storage.ledger_check import NIGHT
from engine.storage.ledger_tables import LEGS, SETTLEMENTS

DAY_SECONDS = 86_400
FROM_CASES = ("claimed", "owed", CLAIMED, UNDONE, DEDUCTED)
"""Endings of postings that change what is recognised, beside those of settlements and nights."""


@dataclass(frozen=True, slots=True)
class MonthTerms:
    """What a month's statement takes off, beside what the ledger says.

    Attributes:
        retention_ppm: share kept until the year is cleared.
        given: (institution, purse) -> deducted_fen, prepaid_fen, released_fen, those there are.
    """

    retention_ppm: int = 0
    given: Mapping[tuple[str, Purse], Mapping[str, int]] = field(default_factory=dict)


def state_month(
    database: Database, ledger: Ledger, month: date, terms: MonthTerms, officer: Officer
) -> list[str]:
    """State a month for every institution of a ledger, and return the names of the statements.

    What is recognised is all that was settled up to the month's end less what earlier statements
    have recognised: a late claim comes with the next.

    Args:
        month: its first day.

    Raises:
        CaseError: `month_stated`, this or a later month is stated already.

    Source: 经办条例 art. 20
    """
    after = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    with database.transaction() as connection:
        earlier = _statements(connection, ledger)
        if any(one.content["month"] >= month.isoformat() for one in earlier.values()):
            raise CaseError(
                "month_stated",
                f"{ledger.region} 的 {month:%Y-%m} 或其后的月份已出具结算单；迟到的费用并入下月",
                f"{month:%Y-%m} or a later month of {ledger.region} is stated; late claims come "
                "with the next",
            )
        due = _due(_recognised(connection, ledger, after), earlier.values(), terms)
        return [
            _state(connection, ledger, month, (institution, months), officer)
            for institution, months in sorted(due.items())
        ]


def read_month(database: Database, name: str) -> ProviderMonth:
    """Return where a statement stands.

    Raises:
        StorageError: `unknown_case`.
    """
    with database.transaction() as connection:
        return fold(name, read_events(connection, CaseKey(KIND, name)))


def months_of(
    database: Database, region: str, institution: str, month: date
) -> dict[str, ProviderMonth]:
    """Return an institution's statements of a month by name, one for each authority that has one.

    Raises:
        CaseError: `month_not_stated`, there is none.
    """
    with database.transaction() as connection:
        found = {
            row.key.case_id: fold(row.key.case_id, read_events(connection, row.key))
            for row in list_cases(connection, KIND)
            if (row.region, row.person_id) == (region, institution)
        }
    first = month.replace(day=1).isoformat()
    stated = {name: one for name, one in found.items() if one.stated.content["month"] == first}
    if not stated:
        raise CaseError(
            "month_not_stated",
            f"{region} 的 {month:%Y-%m} 没有 {institution} 的结算单；请先出具，或核对机构与月份",
            f"{month:%Y-%m} of {region} has no statement for {institution}; state it first, or "
            "check institution and month",
        )
    return stated


def step(database: Database, name: str, event: str, officer: Officer) -> ProviderMonth:
    """Take a step of a provider's month: order_sent, paid or order_returned, with its posting.

    Raises:
        CaseError: it may not follow; nothing is due; a sanction holds the order.
    """
    key = CaseKey(KIND, name)
    with database.transaction() as connection:
        month = fold(name, read_events(connection, key))
        done = CaseEvent(event, officer.on, officer.name, {})
        month = follow(name, month, done, _holds(connection))
        add_event(connection, key, done, officer.at)
        if month.order is not None:
            said = month.stated.content
            ledger = Ledger(Authority[said["authority"]], said["region"])
            posting_id = f"{month.order.order_id}:{event}"
            heading = Heading(ledger, posting_id, officer.on, name)
            write_postings(connection, [order_posting(month.order, heading)])
        return month


def hold(
    database: Database, institution: str, region: str, officer: Officer, said: Mapping[str, str]
) -> str:
    """Hold what is due to an institution from a day on, and return the name of the hold.

    Args:
        said: `decision`, and `heard`, the day by which the provider could state its case.

    Raises:
        CaseError: `hold_dates`.

    Source: 经办条例 art. 43
    """
    content = {"person": institution, "region": region, **said}
    event = CaseEvent("held", officer.on, officer.name, content)
    hold_of([event])
    with database.transaction() as connection:
        return open_case(connection, HOLD, "H", event, officer.at).case_id


def release(database: Database, name: str, officer: Officer) -> Hold:
    """End a hold: from this day on the institution is paid again."""
    key = CaseKey(HOLD, name)
    event = CaseEvent("released", officer.on, officer.name, {})
    with database.transaction() as connection:
        found = hold_of([*read_events(connection, key), event])
        add_event(connection, key, event, officer.at)
        return found


def _holds(connection: sa.Connection) -> list[Hold]:
    keys = [row.key for row in list_cases(connection, HOLD)]
    return [hold_of(read_events(connection, key)) for key in keys]


def _statements(connection: sa.Connection, ledger: Ledger) -> dict[str, CaseEvent]:
    """Return the first events of a ledger's statements by name, in order of their months."""
    names = [row.key for row in list_cases(connection, KIND) if row.region == ledger.region]
    found = {key.case_id: read_events(connection, key)[0] for key in names}
    return {
        name: event
        for name, event in sorted(found.items(), key=lambda one: one[1].content["month"])
        if event.content["authority"] == ledger.authority.name
    }


def _recognised(
    connection: sa.Connection, ledger: Ledger, after: date
) -> Counter[tuple[str, Purse]]:
    """Return what institutions are owed for all that was settled before a day."""
    sums: Counter[tuple[str, Purse]] = Counter()
    s, c, late = SETTLEMENTS.c, LEGS.c, LATE_SETTLEMENTS.c
    injury = ledger.authority is Authority.INJURY
    of_ledger = c.purse == Purse.INJURY if injury else c.purse != Purse.INJURY
    settled = (
        sa.select(c.party, c.purse, sa.func.sum(c.amount_fen))
        .join(SETTLEMENTS, s.settlement_id == c.settlement_id)
        .where(s.region == ledger.region, c.account == AccountKind.PROVIDER_PAYABLE, of_ledger)
        .outerjoin(LATE_SETTLEMENTS, late.settlement_id == s.settlement_id)
        .where(
            s.settled_at < day_number(after) * DAY_SECONDS,
            sa.or_(late.booked_on.is_(None), late.booked_on < after.isoformat()),
        )
        .group_by(c.party, c.purse)
    )
    p = POSTING_LEGS.c
    named = sa.and_(*(POSTINGS.c[key] == p[key] for key in ("authority", "region", "posting_id")))
    from_cases = (
        sa.select(p.party, p.purse, sa.func.sum(p.amount_fen))
        .join(POSTINGS, named)
        .where(p.authority == ledger.authority, p.region == ledger.region)
        .where(p.account == AccountKind.PROVIDER_PAYABLE, POSTINGS.c.night < after.isoformat())
        .where(
            sa.or_(
                p.posting_id.startswith(NIGHT),
                *(p.posting_id.endswith(f":{name}") for name in FROM_CASES),
            )
        )
        .group_by(p.party, p.purse)
    )
    for query in (settled, from_cases):
        for party, purse, fen in connection.execute(query):
            sums[party, Purse(purse)] -= int(fen)
    return sums


def _due(
    recognised: Counter[tuple[str, Purse]], earlier: Iterable[CaseEvent], terms: MonthTerms
) -> dict[str, dict[Purse, MonthOfFund]]:
    """Return what a month brought each institution, purse by purse."""
    carried: dict[tuple[str, Purse], int] = {}
    for event in earlier:
        for purse, amounts in event.content["purses"].items():
            key = event.content["institution"], Purse[purse]
            recognised[key] -= amounts["recognised_fen"]
            carried[key] = amounts["carried_fen"]
    due: dict[str, dict[Purse, MonthOfFund]] = {}
    for key in sorted({*recognised, *carried, *terms.given}):
        institution, purse = key
        due.setdefault(institution, {})[purse] = MonthOfFund(
            recognised_fen=recognised[key],
            retention_ppm=terms.retention_ppm,
            carried_fen=carried.get(key, 0),
            **terms.given.get(key, {}),
        )
    return due


def _state(
    connection: sa.Connection,
    ledger: Ledger,
    month: date,
    due: tuple[str, Mapping[Purse, MonthOfFund]],
    officer: Officer,
) -> str:
    institution, months = due
    stated = payables(months)
    name = f"{ledger.authority.name}-{ledger.region}-{month:%Y%m}-{institution}"
    content: dict[str, Any] = {
        "person": institution,
        "institution": institution,
        "region": ledger.region,
        "authority": ledger.authority.name,
        "month": month.isoformat(),
        "purses": told(stated),
    }
    event = CaseEvent("stated", officer.on, officer.name, content)
    begun(name, event)
    name_case(connection, CaseKey(KIND, name), event, officer.at)
    heading = Heading(ledger, f"{name}:stated", officer.on, name)
    write_postings(connection, [statement(heading, stated, institution)])
    return name
