"""A person's settlements settled anew with a fact that became known late, beside what was paid.

All that follows the first claim concerned is undone and settled again, twice: as it was, which has
to give what was paid to the fen, and with the fact. Nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from engine.cases.corrected_fact import CorrectedFact, corrected, is_claim
from engine.claims.columns import EVENT_WIDTH, Event, EventKind, Ints, Result, Status
from engine.claims.keys import content_key
from engine.codes.enums import Fund
from engine.errors import CaseError, ensure
from engine.policy.compiler import CompiledBook
from engine.settlement.explanation import Language, explanation
from engine.settlement.facts import event_of, place_of
from engine.settlement.settle import located
from engine.storage.folding import Entry, Outcome, fold_entries, scheme_at
from engine.storage.ledger_state import (
    LedgerState,
    Posted,
    read_counters,
    read_standing,
)
from engine.storage.ledger_tables import AMOUNTS


@dataclass(frozen=True, slots=True)
class Payers:
    """What each payer gave, in fen; the three are never summed."""

    funds: tuple[int, ...]
    account_fen: int
    cash_fen: int

    def less(self, other: "Payers") -> "Payers":
        """Return what is above another, payer by payer, with its sign."""
        funds = tuple(a - b for a, b in zip(self.funds, other.funds, strict=True))
        return Payers(funds, self.account_fen - other.account_fen, self.cash_fen - other.cash_fen)


PAYING = (EventKind.CLAIM, EventKind.APPLICATION)
"""Kinds of events that pay something."""

NOBODY = Payers((0,) * len(Fund), 0, 0)


@dataclass(frozen=True, slots=True)
class Again:
    """A settlement as it was paid and as it ought to have been.

    Attributes:
        concerned: the fact is about it; else it is only later than one that is.
        paid, right: by payer; `right` is nothing where it ought not to have been settled.
        paid_steps, right_steps: how each was reckoned, in words.
    """

    settlement_id: str
    institution_id: str
    first_day: int
    concerned: bool
    paid: Payers
    right: Payers
    paid_steps: tuple[str, ...]
    right_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resettled:
    """What a fact makes of a person's settlements, in the order of their making.

    Attributes:
        again: those concerned, and the later ones that it changes.
        spanning: care that began before the fact and went on into it: an officer looks at it.
    """

    again: tuple[Again, ...]
    spanning: tuple[str, ...]


def resettle(
    connection: sa.Connection, book: CompiledBook, fact: CorrectedFact, language: Language = "zh"
) -> Resettled:
    """Return what a person's settlements would have been with a fact that became known late.

    Raises:
        CaseError: `fact_settlement`, it names one that is not live; `fact_class`;
            `cover_changed`, a change of cover stands in between and cannot be undone;
            `not_settled_anew`, with the fact a claim has no terms.
        InvariantError: settled again as they were, the settlements do not give what was paid.

    Source: 经办条例 art. 26, 46
    """
    live = read_standing(connection, fact.person, (fact.region, fact.scheme))
    events = [_event(book, one) for one in live]
    spanning = [
        one.settlement_id
        for one, event in zip(live, events, strict=True)
        if is_claim(event) and fact.spans(one.settlement_id, _days(event))
    ]
    concerned = {
        one.settlement_id
        for one, event in zip(live, events, strict=True)
        if is_claim(event) and fact.concerns(one.settlement_id, int(event[Event.BEGIN_DAY]))
    }
    _check_named(fact, concerned | set(spanning))
    first = next((k for k, one in enumerate(live) if one.settlement_id in concerned), len(live))
    run = _Run(connection, book, live[first:], events[first:])
    return Resettled(tuple(run.compared(fact, concerned, language)), tuple(spanning))


def _event(book: CompiledBook, of: Posted) -> Ints:
    event = event_of(of.facts or "", scheme_at(of.year, book), book)
    event[Event.PERSON] = content_key(of.year.person_id)
    return event


def _days(event: Ints) -> tuple[int, int]:
    return int(event[Event.BEGIN_DAY]), int(event[Event.END_DAY])


def _check_named(fact: CorrectedFact, known: set[str]) -> None:
    unknown = sorted(set(fact.settlements) - known)
    if unknown:
        raise CaseError(
            "fact_settlement",
            f"结算 {'、'.join(unknown)} 不是该人该险种在事实期间的有效结算；请核对编号与起止日期",
            f"{', '.join(unknown)} are no live settlements of the person and scheme on the days of "
            "the fact; check the ids and the days",
        )


class _Run:
    def __init__(
        self,
        connection: sa.Connection,
        book: CompiledBook,
        live: Sequence[Posted],
        events: Sequence[Ints],
    ) -> None:
        self._book, self._live, self._events = book, live, events
        if any(one.kind is EventKind.COVER_CHANGE for one in live):  # Nothing undoes a reset.
            raise CaseError(
                "cover_changed",
                "事实之后该人参保关系有变更，其累计不能回退，不能自动重算；请人工核定",
                "the person's cover changed after the fact, and what that made of the counters "
                "cannot be taken back; assess it by hand",
            )
        self._state = LedgerState(counters=read_counters(connection, {one.year for one in live}))

    def compared(self, fact: CorrectedFact, concerned: set[str], language: Language) -> list[Again]:
        if not self._live:
            return []
        right = [
            self._right(event, fact) if one.settlement_id in concerned else event
            for one, event in zip(self._live, self._events, strict=True)
        ]
        before, after = self._settled(self._events), self._settled(right)
        found = []
        for one, event, was, instead in zip(self._live, self._events, before, after, strict=True):
            if was is None or one.kind not in PAYING:
                continue
            paid, ought = _payers(was), _payers(instead)
            self._check_reproduced(one, was)
            if paid == ought and one.settlement_id not in concerned:
                continue
            found.append(
                Again(
                    settlement_id=one.settlement_id,
                    institution_id=one.visit[0] if one.visit else "",
                    first_day=int(event[Event.BEGIN_DAY]),
                    concerned=one.settlement_id in concerned,
                    paid=paid,
                    right=ought,
                    paid_steps=self._steps(was, language),
                    right_steps=self._steps(instead, language),
                )
            )
        return found

    def _right(self, event: Ints, fact: CorrectedFact) -> Ints | None:
        classes = list(self._book.book.schemes[event[Event.SCHEME]].file.person_classes)
        return corrected(event, fact, classes)

    def _settled(self, events: Sequence[Ints | None]) -> list[Outcome | None]:
        """Return what becomes of events once all is undone; None of those left out."""
        undone = [Entry(0, k, None, of) for k, of in enumerate(reversed(self._live))]
        kept = [k for k, event in enumerate(events) if event is not None]
        placed = np.array([event for event in events if event is not None], dtype=np.int64)
        placed = located(self._book, placed.reshape(-1, EVENT_WIDTH))
        again = [
            Entry(0, len(undone) + k, placed[k], place=place_of(self._live[at].facts))
            for k, at in enumerate(kept)
        ]
        outcomes = fold_entries(self._book, [*undone, *again], self._state)[len(undone) :]
        found: list[Outcome | None] = [None] * len(events)
        for k, outcome in zip(kept, outcomes, strict=True):
            if outcome.status != Status.SETTLED:
                name, code = self._live[k].settlement_id, outcome.status.name.lower()
                raise CaseError(
                    "not_settled_anew",
                    f"按更正后的事实，结算 {name} 不能重新结算（{code}）；请人工核定",
                    f"with the fact, {name} cannot be settled anew ({code}); assess it by hand",
                )
            found[k] = outcome
        return found

    def _check_reproduced(self, posted: Posted, again: Outcome) -> None:
        columns = list(AMOUNTS.values())
        same = np.array_equal(posted.result[columns], again.result[columns])
        ensure(same, "a settlement again as it was is another", of=posted.settlement_id)

    def _steps(self, outcome: Outcome | None, language: Language) -> tuple[str, ...]:
        if outcome is None:
            return ()
        row = int(outcome.result[Result.POLICY_ROW])
        return tuple(line.text for line in explanation(self._book, row, outcome.trace, language))


def _payers(outcome: Outcome | None) -> Payers:
    if outcome is None:
        return NOBODY
    result = outcome.result
    funds = tuple(int(result[Result.FUND + fund]) for fund in Fund)
    return Payers(funds, int(result[Result.ACCOUNT]), int(result[Result.CASH]))
