"""Whether the bureau's register held the registration that a claim's terms ask for."""

import numpy as np
import polars as pl

from engine.claims.columns import NONE, Event, EventFlag, EventKind, Ints, Status
from engine.policy.compiler import CompiledBook
from engine.policy.tables import Header, RegistrationPer

HELD = {
    "person": pl.Int64,
    "counter": pl.Int64,
    "scope": pl.Int64,
    "begins": pl.Int64,
    "ends": pl.Int64,
}
"""Columns of registrations by numbers: person, counter and scope as in the person's state."""


def mark_registered(book: CompiledBook, events: Ints, held: pl.DataFrame) -> None:
    """Set EventFlag.REGISTERED on claims whose care began on a day of what their terms ask for.

    A register is asked of the day on which care began, whenever the claim is settled; so it is a
    fact of the claim and not a state that an event changes.

    Args:
        book: the policies.
        events: shape (n, EVENT_WIDTH), located; changed in place.
        held: columns HELD; days are half-open.
    """
    if held.is_empty():
        return
    rows = events[:, Event.POLICY_ROW]
    start = book.rows.start[np.maximum(rows, 0)]
    wanted = book.rows.cells[start + Header.REGISTRATION_ID]
    asked = np.flatnonzero((rows >= 0) & (wanted != NONE))
    if not len(asked):
        return
    per = book.rows.cells[start[asked] + Header.REGISTRATION_PER]
    claims = events[asked]
    scope = np.where(per == RegistrationPer.DISEASE, claims[:, Event.DISEASE], 0)
    scope = np.where(per == RegistrationPer.INSTITUTION, claims[:, Event.INSTITUTION], scope)
    gated = pl.DataFrame(
        {
            "row": asked,
            "person": claims[:, Event.PERSON],
            "counter": wanted[asked],
            "scope": scope,
            "day": claims[:, Event.BEGIN_DAY],
        }
    )
    found = gated.join(held, on=["person", "counter", "scope"]).filter(
        pl.col("day") >= pl.col("begins"), pl.col("day") < pl.col("ends")
    )
    events[found["row"].unique().to_numpy(), Event.FLAGS] |= int(EventFlag.REGISTERED)


def mark_closed(events: Ints, closed: Ints) -> None:
    """Take the policy row from claims of insurance years that were closed when they were settled.

    Args:
        events: shape (n, EVENT_WIDTH), located; changed in place.
        closed: shape (k, 3), scheme, insurance year and the day from which it is closed.
    """
    for scheme, year, closed_on in closed.tolist():
        of_year = (events[:, Event.SCHEME] == scheme) & (events[:, Event.YEAR] == year)
        late = (events[:, Event.SETTLED_DAY] >= closed_on) & (events[:, Event.POLICY_ROW] >= 0)
        is_claim = events[:, Event.KIND] == EventKind.CLAIM
        events[of_year & late & is_claim, Event.POLICY_ROW] = -Status.YEAR_CLOSED
