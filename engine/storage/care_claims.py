"""Claims on other regions, as the region of care makes them: asked, settled, undone, each once.

A claim is written down before it is sent. Whatever is lost on the way, the region of insurance is
asked again under the same id, and what it has settled is posted once.
"""

import datetime
from collections.abc import Callable
from typing import Any, Protocol

import sqlalchemy as sa

from engine.errors import ClaimError, StorageError, ensure
from engine.ledger.crossregion import (
    UNKNOWN,
    Answered,
    Ask,
    ClaimState,
    Cover,
    Covered,
    Fate,
    Inquiry,
    Reversal,
    check_split,
)
from engine.periods import day_number
from engine.storage.attempts import in_one_transaction
from engine.storage.care_rows import (
    Claim,
    add_claim,
    claim_posting,
    live_claim,
    locked,
    move,
    note,
    read_sent,
    undone_posting,
)
from engine.storage.cases import write_postings
from engine.storage.closed_months import booked
from engine.storage.database import Database
from engine.storage.messages import EPOCH

Hold = Callable[[sa.Connection], None]
"""Writes, before the claim itself, which of the institution's lines it bills."""


class Home(Protocol):
    """A region of insurance, as the region of care speaks to it.

    Each raises ClaimError where it refuses and has changed nothing, and StorageError where the
    outcome is not known.
    """

    def check(self, cover: Cover) -> Covered:
        """Tell whether a person is insured on a day."""

    def preview(self, ask: Ask) -> Answered:
        """Tell what a bill would come to; nothing changes."""

    def settle(self, ask: Ask) -> Answered:
        """Settle a bill, once for each claim id."""

    def reverse(self, reversal: Reversal) -> Answered:
        """Undo a claim, once; one that was never met is not let in any more."""

    def inquire(self, inquiry: Inquiry) -> Answered:
        """Tell what became of a claim; nothing changes."""


def settle(database: Database, home: Home, claim: Claim, hold: Hold, now: int) -> Claim:
    """Return a claim settled by the region of insurance and posted here, once.

    Args:
        database: of the region of care.
        home: the region of insurance.
        claim: as it is asked; sent again, what was asked first counts.
        hold: called once, when the claim is written down.
        now: seconds of local time, for the record.

    Raises:
        ClaimError: it is refused, and nothing is settled on either side; or `message_differs`,
            `claim_undone`, `visit_claimed`.
        StorageError: `outcome_unknown`; the same message again finds out.

    Source: 经办条例 art. 23
    """
    found = in_one_transaction(database, lambda c: _begun(c, claim, hold, now))
    if found.state is ClaimState.SETTLED:
        return found
    if found.state is not ClaimState.ASKED:
        raise _not_open(found)
    try:
        answer = home.settle(found.ask)
    except ClaimError:
        # An earlier sending of it may yet arrive: the claim is closed there before it is here.
        reverse(database, home, found, closing(found, now), now)
        raise
    return _settled(database, found, answer, now)


def reverse(database: Database, home: Home, claim: Claim, asked: Reversal, now: int) -> Claim:
    """Return a claim undone on both sides, whether it was settled, unknown or never arrived.

    Args:
        database: of the region of care.
        home: the region of insurance.
        claim: as it is stored.
        asked: what is sent; a reversal that is under way already is sent again instead.
        now: seconds of local time, for the record.

    Raises:
        ClaimError: the region of insurance lets the settlement stand, or `claim_undone`.
        StorageError: `outcome_unknown`; the same again finds out.

    Source: 经办条例 art. 23
    """
    found = in_one_transaction(database, lambda c: _reversing(c, claim, asked, now))
    if found.state is ClaimState.REVERSED or found.reversal is None:
        return found
    try:
        answer = home.reverse(found.reversal)
    except ClaimError:
        _let_stand(database, home, found, now)
        raise
    return in_one_transaction(database, lambda c: _ended(c, found, answer, now))


def resolve(database: Database, home: Home, claim: Claim, now: int) -> Claim:
    """Return a claim of unknown outcome as the region of insurance knows it.

    What is settled there is posted, a reversal under way is sent again. A claim that never arrived
    stays as it is: the institution sends it again, or undoes it.

    Raises:
        ClaimError: a reversal is refused, and the settlement stands.
        StorageError: `outcome_unknown`, still.
    """
    if claim.state is ClaimState.REVERSING and claim.reversal is not None:
        return reverse(database, home, claim, claim.reversal, now)
    if claim.state is not ClaimState.ASKED:
        return claim
    answer = home.inquire(Inquiry(claim_id=claim.ask.claim_id))
    if answer.fate is Fate.ABSENT:
        return claim
    if answer.fate is Fate.SETTLED:
        return _settled(database, claim, answer, now)
    return reverse(database, home, claim, closing(claim, now), now)


def _begun(connection: sa.Connection, claim: Claim, hold: Hold, now: int) -> Claim:
    """Return the claim as it is stored; the first time it is written down."""
    found = read_sent(connection, claim.ask.institution_id, claim.sent.message_id)
    if found is not None:
        if found.sent != claim.sent:
            raise ClaimError(
                "message_differs",
                "报文号已用于另一内容的报文，未作任何处理；请以新的报文号发送",
                "the message id was used with another body, nothing was done; use a new id",
            )
        return found
    held = live_claim(connection, claim)
    if held is not None:
        raise ClaimError(
            "visit_claimed",
            f"该就诊及批次已由异地申请 {held} 结算或结果未明；请先查询或撤销它，不要重复结算",
            f"the claim {held} has settled this visit, or may have; inquire, or undo it first",
        )
    hold(connection)
    add_claim(connection, claim)
    note(connection, claim, "ask_region", now)
    return claim


def _settled(database: Database, claim: Claim, answer: Answered, now: int) -> Claim:
    """Post a settlement of the region of insurance, unless it is posted already."""
    split = check_split(claim.ask, answer)

    def step(connection: sa.Connection) -> Claim:
        found = locked(connection, claim)
        if found.state is ClaimState.SETTLED:
            return found
        if found.state is not ClaimState.ASKED:
            raise _not_open(found)
        ensure(answer.fate is Fate.SETTLED, "a settlement was answered by something else")
        done = move(connection, found, ClaimState.SETTLED, answer=_bytes(answer))
        write_postings(connection, booked(connection, [claim_posting(done, split)]))
        note(connection, done, "claim_region", now)
        return done

    return in_one_transaction(database, step)


def _reversing(connection: sa.Connection, claim: Claim, asked: Reversal, now: int) -> Claim:
    found = locked(connection, claim)
    same = found.reversal is not None and found.reversal.reversal_id == asked.reversal_id
    if found.state is ClaimState.REVERSING or (found.state is ClaimState.REVERSED and same):
        return found
    if found.state is ClaimState.REVERSED:
        raise _not_open(found)
    changes = {"reversal": asked.model_dump_json().encode(), "reversal_id": asked.reversal_id}
    done = move(connection, found, ClaimState.REVERSING, **changes)
    note(connection, done, "ask_region_to_undo", now)
    return done


def _ended(connection: sa.Connection, claim: Claim, answer: Answered, now: int) -> Claim:
    """Close a claim that is undone at the region of insurance, and post the opposite."""
    found = locked(connection, claim)
    asked = found.reversal
    if found.state is ClaimState.REVERSED or asked is None:
        return found
    never = answer.fate is Fate.VOID and found.split is None
    if answer.claim_id != asked.claim_id or not (never or answer.fate is Fate.REVERSED):
        raise unknown_outcome()
    changes: dict[str, Any] = {"reversed_day": day_number(asked.settled_at.date())}
    if not never:
        split = found.split or check_split(found.ask, answer)
        first, opposite = claim_posting(found, split), undone_posting(found, split, asked)
        # What was settled there and never posted here shows on both sides, with its reversal.
        told = [opposite] if found.split else [first, opposite]
        write_postings(connection, booked(connection, told))
        changes["answer"] = _bytes(answer)
    done = move(connection, found, ClaimState.REVERSED, **changes)
    note(connection, done, "undo_region", now)
    return done


def _let_stand(database: Database, home: Home, claim: Claim, now: int) -> None:
    """Take back a reversal that is refused; a claim never posted here is posted then."""
    answer: Answered | None = None
    if claim.split is None:
        answer = home.inquire(Inquiry(claim_id=claim.ask.claim_id))
        if answer.fate is not Fate.SETTLED:
            raise unknown_outcome()
        check_split(claim.ask, answer)

    def step(connection: sa.Connection) -> None:
        found = locked(connection, claim)
        if found.state is not ClaimState.REVERSING:
            return
        changes: dict[str, Any] = {"reversal": None, "reversal_id": None}
        if found.split is None and answer is not None:
            changes["answer"] = _bytes(answer)
        done = move(connection, found, ClaimState.SETTLED, **changes)
        if found.split is None and done.split is not None:
            write_postings(connection, booked(connection, [claim_posting(done, done.split)]))
        note(connection, done, "region_lets_stand", now)

    in_one_transaction(database, step)


def closing(claim: Claim, now: int) -> Reversal:
    """Return the reversal by which the region of care closes a claim of its own accord."""
    return Reversal(
        reversal_id=f"{claim.ask.claim_id}.closed",
        claim_id=claim.ask.claim_id,
        person_id=claim.ask.person_id,
        settled_at=EPOCH + datetime.timedelta(seconds=now),
    )


def _bytes(answer: Answered) -> bytes:
    return answer.model_dump_json().encode()


def _not_open(claim: Claim) -> ClaimError | StorageError:
    if claim.state in UNKNOWN:
        return unknown_outcome()
    return ClaimError(
        "claim_undone",
        f"异地申请 {claim.ask.claim_id} 未成立或已撤销；如需结算请以新的报文号发送",
        f"the claim {claim.ask.claim_id} was refused or undone; send it with a new message id",
        claim=claim.ask.claim_id,
    )


def unknown_outcome() -> StorageError:
    """Return the error of a claim whose outcome only the region of insurance can tell."""
    return StorageError(
        "outcome_unknown",
        "参保地没有应答，是否已结算尚不确定；请以同一报文号原样重发，或以 2601 冲正，不要另行结算",
        "the region of insurance did not answer, and whether it has settled is not known; send the "
        "same message again, or undo it with 2601, and settle it in no other way",
    )
