"""Clearing between regions: the month is stated by care and confirmed by insurance, then paid."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from engine.cases.life_cycle import CaseEvent, check_follows
from engine.errors import CaseError, ClaimError
from engine.ledger.clearing import (
    Balance,
    Difference,
    Item,
    ItemKind,
    Role,
    check_deduction,
    deduction_posting,
    differences,
    due_of,
    payment_posting,
    prepayment_posting,
)
from engine.ledger.postings import Authority, Heading, Ledger, Purse
from engine.periods import day_number
from engine.storage.care_rows import read_claim, read_unknown
from engine.storage.case_tables import CASES
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
from engine.storage.clearing_items import (
    Pair,
    add_items,
    is_stated,
    items_of,
    open_items,
    sort_items,
    take_into,
)
from engine.storage.crossregion_tables import CLEARING_ITEMS
from engine.storage.database import Database

MONTH, DISPUTE, PREPAYMENT = "clearing_month", "clearing_dispute", "prepayment"
DEDUCTED = "cross_deducted"
"""Ending of the posting of a contested amount."""


def state_month(database: Database, pair: Pair, month: date, officer: Officer) -> str:
    """State, as the region of care, what a month brought a pair; return the statement's name.

    Args:
        database: of the region of care.
        pair: whose role is CARE.
        month: its first day. What earlier months left out comes with it.
        officer: who states it, after the month is over.

    Raises:
        CaseError: `month_open`, it is not over; `claims_open`, the outcome of claims is unknown.
        StorageError: `case_exists`, it is stated already.

    Source: 经办条例 art. 23
    """
    after = _after(month)
    if officer.on < after:
        raise CaseError(
            "month_open",
            f"{month:%Y-%m} 尚未结束，不能申报；请在 {after} 起申报",
            f"{month:%Y-%m} is not over; state it from {after} on",
        )
    with database.transaction() as connection:
        _check_known(connection, pair, after)
        sort_items(connection, day_number(officer.on))
        return _close(connection, pair, month, "stated", officer)


def confirm(
    database: Database, pair: Pair, month: date, claimed: list[Item], officer: Officer
) -> tuple[str, list[Difference]]:
    """Compare, as the region of insurance, a statement with the own ledger, and confirm it.

    Where an item differs nothing is confirmed, and the differences are returned with no name.
    Deductions are taken over from the statement: the region of care reviews its institutions.

    Raises:
        CaseError: `deduction_too_much`, more is deducted than was owed.
        StorageError: `case_exists`, the month is confirmed already.

    Source: 经办条例 art. 23
    """
    after = day_number(_after(month))
    with database.transaction() as connection:
        sort_items(connection, day_number(officer.on))
        deducted = [item for item in claimed if item.kind is ItemKind.DEDUCTION]
        others = [item for item in claimed if item.kind is not ItemKind.DEDUCTION]
        found = differences(others, open_items(connection, pair, after))
        if found:
            return "", found
        for item in deducted:
            _take_over(connection, pair, item, officer)
        return _close(connection, pair, month, "confirmed", officer), []


def step(database: Database, name: str, event: str, officer: Officer) -> CaseEvent:
    """Take a step of a month: `confirmed` or `rejected` by the other side, or `paid`.

    Returns:
        The month's first event, with pair and amounts.

    Raises:
        CaseError: `event_order`, it may not follow.
        StorageError: `unknown_case`.
    """
    key = CaseKey(MONTH, name)
    with database.transaction() as connection:
        events = read_events(connection, key)
        check_follows(MONTH, events[-1].event, event)
        add_event(connection, key, CaseEvent(event, officer.on, officer.name, {}), officer.at)
        said = events[0].content
        if event == "paid":
            pair = Pair(said["region"], Role(said["role"]), said["person"])
            due = {Purse[purse]: told["due_fen"] for purse, told in said["purses"].items()}
            heading = _heading(pair, f"{name}:paid", officer.on, name)
            write_postings(connection, [payment_posting(heading, pair.role, pair.other, due)])
        return events[0]


def read_month(database: Database, name: str) -> list[CaseEvent]:
    """Return what happened to a month's statement.

    Raises:
        StorageError: `unknown_case`.
    """
    with database.transaction() as connection:
        return read_events(connection, CaseKey(MONTH, name))


def dispute(
    database: Database,
    claim_id: str,
    deducted: Mapping[Purse, int],
    reason: str,
    officer: Officer,
) -> str:
    """Deduct, as the region of care, a contested amount of a stated claim; return its name.

    The deduction goes into the statement of the month in which it is made.

    Raises:
        CaseError: `deduction_too_much`; `claim_not_stated`, the claim is in no statement yet, so
            its institution can still cancel it.
        ClaimError: `no_claim`.

    Source: 经办条例 art. 23
    """
    with database.transaction() as connection:
        claim = read_claim(connection, claim_id)
        if claim is None:
            raise _no_claim(claim_id)
        pair = Pair(claim.region, Role.CARE, claim.home_region)
        if not is_stated(connection, pair, claim_id):
            raise CaseError(
                "claim_not_stated",
                f"申请 {claim_id} 尚未列入月度申报；请由医院撤销重结，不必扣减",
                f"the claim {claim_id} is in no statement yet; have the institution cancel it",
            )
        check_deduction(claim_id, _owed(connection, pair, claim_id), deducted)
        told = {purse.name: fen for purse, fen in deducted.items()}
        content = {
            "person": claim.ask.institution_id,
            "region": claim.region,
            "claim": claim_id,
            "purses": told,
            "reason": reason,
        }
        event = CaseEvent("deducted", officer.on, officer.name, content)
        name = open_case(connection, DISPUTE, "D", event, officer.at).case_id
        item_id = f"{claim.region}.{name}"
        purses = {purse: -fen for purse, fen in deducted.items()}
        day = day_number(officer.on)
        item = Item(item_id, claim_id, ItemKind.DEDUCTION, day, purses)
        _deduct(connection, pair, item, (claim.ask.institution_id, officer.on))
        return name


def prepay(database: Database, pair: Pair, amount_fen: int, officer: Officer) -> str:
    """Record that a prepayment, or more of it, went from insurance to care; return its name."""
    with database.transaction() as connection:
        content = {"person": pair.other, "region": pair.region, "role": pair.role.value}
        event = CaseEvent("prepaid", officer.on, officer.name, content | {"amount_fen": amount_fen})
        name = open_case(connection, PREPAYMENT, "Y", event, officer.at).case_id
        heading = _heading(pair, f"{name}:prepaid", officer.on, name)
        posting = prepayment_posting(heading, pair.role, pair.other, amount_fen)
        write_postings(connection, [posting])
        return name


def balances(database: Database, on: date) -> list[tuple[str, Balance]]:
    """Return where each pair stands on a day: the ledger's region, and what is lent and due.

    What is due is what the ledger says less the statements that are paid.
    """
    i, c = CLEARING_ITEMS.c, CASES.c
    paid = sa.select(c.case_id).where(c.kind == MONTH, c.last == "paid")
    unpaid = sa.or_(i.statement.is_(None), i.statement.not_in(paid))
    query = (
        sa.select(i.region, i.role, i.other, sa.func.sum(i.amount_fen))
        .where(unpaid)
        .group_by(i.region, i.role, i.other)
    )
    with database.transaction() as connection:
        sort_items(connection, day_number(on))
        lent = _lent(connection)
        due = {Pair(row[0], Role(row[1]), row[2]): int(row[3]) for row in connection.execute(query)}
    return [
        (pair.region, Balance(pair.role, pair.other, lent.get(pair, 0), due.get(pair, 0)))
        for pair in sorted({*due, *lent}, key=lambda one: (one.role, one.region, one.other))
    ]


def _lent(connection: sa.Connection) -> dict[Pair, int]:
    """Return what was prepaid in all, pair by pair."""
    sums: dict[Pair, int] = {}
    for row in list_cases(connection, PREPAYMENT):
        said = read_events(connection, row.key)[0].content
        pair = Pair(said["region"], Role(said["role"]), said["person"])
        sums[pair] = sums.get(pair, 0) + said["amount_fen"]
    return sums


def _check_known(connection: sa.Connection, pair: Pair, after: date) -> None:
    """Let no month be stated while claims dated in it may still turn out settled."""
    unknown = [
        claim.ask.claim_id
        for claim in read_unknown(connection)
        if (claim.region, claim.home_region) == (pair.region, pair.other)
        and claim.ask.settled_at.date() < after
    ]
    if unknown:
        raise CaseError(
            "claims_open",
            f"有 {len(unknown)} 笔异地申请结果未明（如 {unknown[0]}），不能申报；请先运行 "
            "jiesuan clearing resume，仍未明的请医院重发或冲正",
            f"the outcome of {len(unknown)} claims is not known (such as {unknown[0]}); run "
            "`jiesuan clearing resume`, then have the institutions send or reverse the rest",
        )


def _close(connection: sa.Connection, pair: Pair, month: date, event: str, officer: Officer) -> str:
    """Write a month's first event with all that is open, and return its name."""
    before = day_number(_after(month))
    due = due_of(open_items(connection, pair, before))
    name = f"{pair.role.value}-{pair.region}-{pair.other}-{month:%Y%m}"
    content: dict[str, Any] = {
        "person": pair.other,
        "region": pair.region,
        "role": pair.role.value,
        "month": month.isoformat(),
        "purses": {purse.name: amounts for purse, amounts in due.items()},
    }
    begun = CaseEvent(event, officer.on, officer.name, content)
    check_follows(MONTH, None, event)
    name_case(connection, CaseKey(MONTH, name), begun, officer.at)
    take_into(connection, pair, before, name)
    return name


def _take_over(connection: sa.Connection, pair: Pair, item: Item, officer: Officer) -> None:
    """Let a deduction of the region of care count here as well."""
    wanted = {purse: -fen for purse, fen in item.purses.items()}
    check_deduction(item.claim_id, _owed(connection, pair, item.claim_id), wanted)
    _deduct(connection, pair, item, ("", officer.on))


def _deduct(connection: sa.Connection, pair: Pair, item: Item, who: tuple[str, date]) -> None:
    institution, on = who
    add_items(connection, pair, [item])
    heading = _heading(pair, f"{item.item_id}:{DEDUCTED}", on, item.claim_id)
    wanted = {purse: -fen for purse, fen in item.purses.items()}
    parties = (pair.other, institution)
    write_postings(connection, [deduction_posting(heading, pair.role, parties, wanted)])


def _owed(connection: sa.Connection, pair: Pair, claim_id: str) -> dict[Purse, int]:
    """Return what is owed for a claim, less its reversal and what was deducted."""
    due = due_of(items_of(connection, pair, claim_id))
    return {purse: amounts["due_fen"] for purse, amounts in due.items()}


def _heading(pair: Pair, name: str, on: date, cause: str) -> Heading:
    return Heading(Ledger(Authority.MEDICAL, pair.region), name, on, cause)


def _after(month: date) -> date:
    """Return the first day after a month."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def _no_claim(claim_id: str) -> ClaimError:
    return ClaimError(
        "no_claim",
        f"没有异地申请 {claim_id}；请核对编号",
        f"there is no claim {claim_id} on another region; check its id",
    )
