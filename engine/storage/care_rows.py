"""How the region of care stores its claims on other regions, and reads them back."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from engine.errors import ensure
from engine.ledger.benefits import for_region
from engine.ledger.crossregion import (
    NEXT,
    UNKNOWN,
    Ask,
    ClaimState,
    Reversal,
    Split,
    benefit_of_split,
    read_answer,
)
from engine.ledger.postings import Authority, Heading, Ledger, Posting, reversal
from engine.periods import day_number
from engine.storage.audit import Change, append
from engine.storage.crossregion_tables import CROSS_CLAIMS

CLAIMED, UNDONE = "cross", "cross_undone"
"""Endings of the postings of a claim and of its reversal."""


class Sent(NamedTuple):
    """The institution's message: its id, and the hash of its bytes."""

    message_id: str
    body_hash: str


@dataclass(frozen=True)
class Claim:
    """A claim on another region.

    Attributes:
        region: the ledger of the region of care.
        sent: the institution's message that asked for it.
    """

    ask: Ask
    region: str
    home_region: str
    sent: Sent
    state: ClaimState = ClaimState.ASKED
    split: Split | None = None
    reversal: Reversal | None = None

    @property
    def visit(self) -> str:
        """Names visit and segment, of which one claim at most is live."""
        return f"{self.ask.institution_id}/{self.ask.visit_id}/{self.ask.segment}"


def add_claim(connection: sa.Connection, claim: Claim) -> None:
    """Write a new claim down.

    Raises:
        IntegrityError: another is live for the visit, or has the institution's message.
    """
    connection.execute(sa.insert(CROSS_CLAIMS).values(**_row(claim)))


def live_claim(connection: sa.Connection, claim: Claim) -> str | None:
    """Return the id of the claim that is live for the same visit and segment, or None."""
    query = sa.select(CROSS_CLAIMS.c.claim_id).where(CROSS_CLAIMS.c.live == claim.visit)
    found = connection.scalar(query)
    return None if found is None else str(found)


def read_claim(connection: sa.Connection, claim_id: str) -> Claim | None:
    """Return a claim by its id, or None."""
    query = sa.select(CROSS_CLAIMS).where(CROSS_CLAIMS.c.claim_id == claim_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _claim(row)


def read_sent(connection: sa.Connection, institution_id: str, message_id: str) -> Claim | None:
    """Return the claim that an institution's message asked for, or None."""
    c = CROSS_CLAIMS.c
    query = sa.select(CROSS_CLAIMS).where(
        c.institution_id == institution_id, c.message_id == message_id
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _claim(row)


def read_bills(connection: sa.Connection, institution_id: str, visit_id: str) -> list[Claim]:
    """Return the claims for bills of a visit of an institution, live ones last."""
    c = CROSS_CLAIMS.c
    bills = sa.or_(c.visit_id == visit_id, c.visit_id.startswith(visit_id + ".", autoescape=True))
    query = sa.select(CROSS_CLAIMS).where(c.institution_id == institution_id, bills)
    order = (c.live.is_not(None), c.settled_day, c.segment, c.claim_id)
    return [_claim(row) for row in connection.execute(query.order_by(*order))]


def read_undone(connection: sa.Connection, reversal_id: str) -> Claim | None:
    """Return the claim that a reversal has undone or is to undo, or None."""
    query = sa.select(CROSS_CLAIMS).where(CROSS_CLAIMS.c.reversal_id == reversal_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _claim(row)


def read_unknown(connection: sa.Connection) -> list[Claim]:
    """Return every claim whose outcome is not known, in order of day and id."""
    c = CROSS_CLAIMS.c
    query = sa.select(CROSS_CLAIMS).where(c.state.in_([state.value for state in UNKNOWN]))
    return [_claim(row) for row in connection.execute(query.order_by(c.settled_day, c.claim_id))]


def move(connection: sa.Connection, claim: Claim, to: ClaimState, **changes: Any) -> Claim:
    """Take a claim to its next state, and return it as it is then."""
    ensure(to in NEXT[claim.state], "a claim takes a step that may not follow", to=to.value)
    live = None if to is ClaimState.REVERSED else claim.visit
    c = CROSS_CLAIMS.c
    connection.execute(
        sa.update(CROSS_CLAIMS)
        .where(c.claim_id == claim.ask.claim_id)
        .values(state=to.value, live=live, **changes)
    )
    return locked(connection, claim)


def locked(connection: sa.Connection, claim: Claim) -> Claim:
    """Lock a claim and return it as it is stored."""
    query = sa.select(CROSS_CLAIMS).where(CROSS_CLAIMS.c.claim_id == claim.ask.claim_id)
    return _claim(connection.execute(query.with_for_update()).one())


def _claim(row: sa.Row[Any]) -> Claim:
    answer = None if row.answer is None else read_answer(bytes(row.answer))
    asked = None if row.reversal is None else Reversal.model_validate_json(bytes(row.reversal))
    return Claim(
        ask=Ask.model_validate_json(bytes(row.ask)),
        region=row.region,
        home_region=row.home_region,
        sent=Sent(row.message_id, row.body_hash),
        state=ClaimState(row.state),
        split=None if answer is None else answer.split,
        reversal=asked,
    )


def _row(claim: Claim) -> dict[str, Any]:
    ask = claim.ask
    return {
        "claim_id": ask.claim_id,
        "region": claim.region,
        "home_region": claim.home_region,
        "institution_id": ask.institution_id,
        "message_id": claim.sent.message_id,
        "body_hash": claim.sent.body_hash,
        "person_id": ask.person_id,
        "visit_id": ask.visit_id,
        "segment": ask.segment,
        "state": claim.state.value,
        "live": claim.visit,
        "ask": ask.model_dump_json().encode(),
        "settled_day": day_number(ask.settled_at.date()),
    }


def claim_posting(claim: Claim, split: Split) -> Posting:
    """Return what a settled claim posts: owed to the institution, due from the other region."""
    on = claim.ask.settled_at.date()
    heading = Heading(
        Ledger(Authority.MEDICAL, claim.region),
        f"{claim.ask.claim_id}:{CLAIMED}",
        on,
        claim.ask.claim_id,
    )
    benefit = benefit_of_split(split, claim.ask.person_id)
    return for_region(heading, benefit, claim.home_region, claim.ask.institution_id)


def undone_posting(claim: Claim, split: Split, asked: Reversal) -> Posting:
    """Return the exact opposite of what a claim posted, on the day of its reversal."""
    first = claim_posting(claim, split)
    name, on = f"{asked.reversal_id}:{UNDONE}", asked.settled_at.date()
    return reversal(first, Heading(first.heading.ledger, name, on, claim.ask.claim_id))


def note(connection: sa.Connection, claim: Claim, action: str, now: int) -> None:
    """Record a step of a claim in the audit chain."""
    subject = f"cross_claim {claim.ask.claim_id}"
    content = {"state": claim.state.value, "home": claim.home_region}
    append(connection, [Change(action, subject, claim.ask.institution_id, content)], now)
