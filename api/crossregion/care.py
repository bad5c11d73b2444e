"""The region of care: a hospital's messages for patients whom another region insures.

The hospital speaks the national form as for anybody else. What it asks is answered by the region of
insurance, outside any database transaction; what is known then is written with the answer.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from api.national import answers, settling
from api.national.bill import bill_request, buckets_of, scheme_of
from api.national.desk import Desk, block, day_of, insurance_of, told
from api.national.envelope import Call, answer
from api.national.persons import entitlement_row
from api.national.steps import check_step
from engine.codes.enums import Fund, Insurance
from engine.errors import ClaimError
from engine.ledger.crossregion import UNKNOWN, Ask, Cover, Reversal, Split, check_split, named
from engine.periods import date_of_day
from engine.policy.insurances import SCHEME_OF
from engine.storage import care_claims, exchanges, visits
from engine.storage.care_rows import Claim, Sent, read_bills, read_claim, read_sent, read_undone
from engine.wire.translate import write_record

Told = dict[str, Any]
STAYS = frozenset({"2303", "2304"})
UNDOABLE = frozenset({"2207", "2304"})


def carried_out(call: Call, desk: Desk) -> bytes | None:
    """Return the answer to a message in which another region has a say; None for any other.

    Raises:
        ClaimError: it is refused, here or by the region of insurance; nothing is settled.
        StorageError: `outcome_unknown`; the very same message again finds out.
    """
    handler = HANDLERS.get(call.transaction) if desk.homes else None
    if handler is None:
        return None
    with desk.database.reading() as connection:
        before = exchanges.answered(connection, _key(call), call.body_hash)
    return before if before is not None else handler(call, desk)


def _register(call: Call, desk: Desk) -> bytes | None:
    """2201, 2401: the region of insurance is asked first; the visit is registered as any other."""
    asked = _registering(call)
    if call.home_region in desk.homes:
        reason = _not_insured(call, desk, asked)
        if reason is not None:
            raise ClaimError(
                "not_insured",
                f"参保地答复该人员不能享受待遇：{reason}",
                f"the region of insurance says that the person is not insured: {reason}",
            )
    return None


def _registering(call: Call) -> Told:
    needs = ("person_id", "insurance", "began_at")
    return told(block(call, "mdtrtinfo" if call.transaction == "2401" else "data"), needs, "claim")


def _entitlement(call: Call, desk: Desk) -> bytes | None:
    """2001: whether the region of insurance pays from a day on."""
    if call.home_region not in desk.homes:
        return None
    reason = _not_insured(call, desk, _registering(call))
    row = write_record(entitlement_row(reason), "entitlement")
    return answer(call, {"trtinfo": [row]})


def _not_insured(call: Call, desk: Desk, asked: Told) -> str | None:
    """Return why the region of insurance does not insure a person; None where it does."""
    insurance = insurance_of(desk, call, asked["insurance"])
    cover = Cover(
        person_id=asked["person_id"],
        scheme=SCHEME_OF.get(insurance, "none"),
        on=date_of_day(day_of(asked["began_at"])),
    )
    covered = desk.homes[call.home_region].check(cover)
    return None if covered.insured else covered.reason


def _show(call: Call, desk: Desk) -> bytes | None:
    """2206, 2303: what the region of insurance would make of the bill."""
    with desk.database.reading() as connection:
        order = _order(call, connection)
        if not desk.is_elsewhere(order.visit):
            return None
        claim = _claim(call, desk, order)
    shown = desk.homes[claim.home_region].preview(claim.ask)
    split = check_split(claim.ask, shown)
    return answer(call, _written(call, desk, claim, split))


def _settle(call: Call, desk: Desk) -> bytes | None:
    """2207, 2304: the bill is settled by the region of insurance and owed to the hospital."""
    with desk.database.reading() as connection:
        known = read_sent(connection, call.institution_id, call.message_id)
        order = None if known is not None else _order(call, connection)
        if order is not None and not desk.is_elsewhere(order.visit):
            return None
    claim = known if order is None else _claim(call, desk, order)
    if claim is None:
        return None
    sent = Sent(call.message_id, call.body_hash)

    def hold(connection: sa.Connection) -> None:
        again = _order(call, connection)
        settling.check_total(again.lines, order.asked["total_fen"] if order else 0)
        visits.bill_lines(connection, again.visit, again.lines, again.bill)
        if call.transaction in STAYS and not again.interim:
            visits.change_visit(connection, again.visit, final_segment=again.bill.segment)

    home = desk.homes[claim.home_region]
    asked = Claim(claim.ask, claim.region, claim.home_region, sent)
    done = care_claims.settle(desk.database, home, asked, hold, call.now)
    return _kept(call, desk, lambda: _written(call, desk, done, done.split, done.ask.claim_id))


def _cancel(call: Call, desk: Desk) -> bytes | None:
    """2208, 2305: undone by the region of insurance first, then here."""
    asked = told(block(call, "data"), ("settlement_id", "visit_id", "person_id"), "claim")
    with desk.database.reading() as connection:
        claim = read_claim(connection, asked["settlement_id"])
        if claim is None or not _own(call, claim, asked):
            return None
        visit = visits.open_visit(connection, call.institution_id, asked["visit_id"])
        check_step(connection, visit, call.transaction)
    done = _reversed(call, desk, claim)
    opposite = None if done.split is None else done.split.opposite()
    name = _reversal(call, claim).reversal_id
    return _kept(call, desk, lambda: _written(call, desk, done, opposite, name))


def _reverse(call: Call, desk: Desk) -> bytes | None:
    """2601: a claim is undone, whether its answer was ever read or not."""
    asked = told(block(call, "data"), ("person_id", "message_id", "transaction"), "reversed")
    with desk.database.reading() as connection:
        claim = read_sent(connection, call.institution_id, asked["message_id"])
        name = named(call.institution_id, asked["message_id"])
        undone = read_undone(connection, name)
    if undone is not None:
        raise ClaimError(
            "not_reversible",
            "异地就医的撤销不能冲正；请以新的报文号重新结算",
            "the cancellation of care in another region is not reversed; settle it anew",
        )
    if claim is None or not _own(call, claim, asked) or asked["transaction"] not in UNDOABLE:
        return None
    _reversed(call, desk, claim)
    return _kept(call, desk, dict)


def _query(call: Call, desk: Desk) -> bytes | None:
    """5203: a claim as the region of insurance knows it, asked there while it is unknown here."""
    asked = told(block(call, "data"), ("person_id",), "claim", "settlement")
    with desk.database.reading() as connection:
        claim = _asked_for(call, connection, asked)
    if claim is None or not _own(call, claim, asked):
        return None
    if claim.state in UNKNOWN:
        claim = care_claims.resolve(desk.database, desk.homes[claim.home_region], claim, call.now)
    if claim.state in UNKNOWN:
        raise care_claims.unknown_outcome()
    if claim.split is None:
        raise settling.no_settlement()
    return answer(call, _written(call, desk, claim, claim.split, claim.ask.claim_id))


def _asked_for(call: Call, connection: sa.Connection, asked: Told) -> Claim | None:
    """Return the claim that a query names: by its id, its message, or the visit's last."""
    if asked.get("settlement_id") is not None:
        return read_claim(connection, asked["settlement_id"])
    message = asked.get("institution_settlement_id")
    if message is not None:
        return read_sent(connection, call.institution_id, message)
    bills = read_bills(connection, call.institution_id, asked.get("visit_id") or "")
    return bills[-1] if bills else None


def _order(call: Call, connection: sa.Connection) -> settling.Order:
    if call.transaction in STAYS:
        return settling.segment_order(call, connection)
    return settling.batch_order(call, connection)


def _claim(call: Call, desk: Desk, order: settling.Order) -> Claim:
    """Return what is asked of the region of insurance: buckets by our catalogue, and no line."""
    visit = order.visit
    used = order.asked["account_used"] == settling.YES
    event = bill_request(desk, visit, order.lines, account_used=used)["event"]
    at = datetime.fromtimestamp(call.now, UTC).replace(tzinfo=None)
    told_: Told = {
        "claim_id": named(call.institution_id, call.message_id),
        "person_id": visit.person_id,
        "scheme": SCHEME_OF[Insurance(visit.insurance)],
        "institution_id": visit.institution_id,
        "visit_id": order.bill.bill_id,
        "segment": order.bill.segment,
        "interim": order.interim,
        **{name: event[name] for name in ("visit", "level", "begin", "end", "disease")},
        "account_used": used,
        "settled_at": at,
        **buckets_of(desk, visit, [order.lines])[0],
    }
    ask = Ask.model_validate(told_)
    region = scheme_of(desk, visit).file.region
    return Claim(ask, region, visit.home_region, Sent(call.message_id, call.body_hash))


def _own(call: Call, claim: Claim, asked: Told) -> bool:
    """Return whether a claim is the caller's, of the person and visit that it names."""
    ask, visit = claim.ask, asked.get("visit_id")
    same = (ask.institution_id, ask.person_id) == (call.institution_id, asked["person_id"])
    return same and (visit is None or visits.bills(ask.visit_id, visit))


def _reversed(call: Call, desk: Desk, claim: Claim) -> Claim:
    home = desk.homes[claim.home_region]
    return care_claims.reverse(desk.database, home, claim, _reversal(call, claim), call.now)


def _reversal(call: Call, claim: Claim) -> Reversal:
    return Reversal(
        reversal_id=named(call.institution_id, call.message_id),
        claim_id=claim.ask.claim_id,
        person_id=claim.ask.person_id,
        settled_at=datetime.fromtimestamp(call.now, UTC).replace(tzinfo=None),
    )


def _written(
    call: Call, desk: Desk, claim: Claim, split: Split | None, settlement_id: str | None = None
) -> Told:
    """Return a split in the national form; a pre-settlement has no id."""
    if split is None:
        raise settling.no_settlement()
    amounts = split.amounts
    paid = {fund: amounts[f"{fund.name.lower()}_paid_fen"] for fund in Fund}
    funds = [
        {"fund": fund.name.lower(), "paid_fen": fen, "cap_left_fen": None}
        for fund, fen in paid.items()
        if fen
    ]
    visit_id, _, _ = claim.ask.visit_id.partition(".")
    context: Told = {
        "visit_id": visit_id,
        "person_id": claim.ask.person_id,
        "insurance": answers.INSURANCE_OF[claim.ask.scheme],
        "institution_settlement_id": claim.sent.message_id,
    }
    name = {} if settlement_id is None else {"settlement_id": settlement_id}
    return answers.settled(desk, call, {**amounts, "funds": funds}, context | name)


def _kept(call: Call, desk: Desk, output: Callable[[], Told]) -> bytes:
    """Keep the answer to a message that is carried out, and return it."""
    done = (call.transaction, call.body_hash, call.now)
    return exchanges.carry_out(
        desk.database, _key(call), lambda _connection: answer(call, output()), done
    )


def _key(call: Call) -> exchanges.Key:
    return call.institution_id, call.message_id


HANDLERS: Mapping[str, Callable[[Call, Desk], bytes | None]] = MappingProxyType(
    {
        "2001": _entitlement,
        "2201": _register,
        "2401": _register,
        "2206": _show,
        "2303": _show,
        "2207": _settle,
        "2304": _settle,
        "2208": _cancel,
        "2305": _cancel,
        "2601": _reverse,
        "5203": _query,
    }
)
"""Transactions in which another region may have a say."""
