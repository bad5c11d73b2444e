"""A claim by hand: what it needs, by when it is decided, and each step it may take.

The state of a claim is the fold of its events; nothing else is kept of it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.cases.life_cycle import CaseEvent, Life, check_follows
from engine.errors import CaseError
from engine.policy.reader import read_document
from engine.workdays import Calendar, Deadline

KIND = "manual_claim"
DECIDED = frozenset({"approved", "set_off", "order_sent", "order_returned", "paid", "refused"})
TABLE = Path(__file__).with_name("manual_claims.yaml")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a kind of claim needs.

    Attributes:
        papers: these and no others.
        working_days: within which it is decided.
        source: the article.
    """

    papers: frozenset[str]
    working_days: int
    source: str


@lru_cache(maxsize=1)
def terms() -> Mapping[str, Terms]:
    """Return the terms of every kind of claim.

    Source: 经办条例 art. 20, 22, 31
    """
    table = read_document(TABLE, TABLE.name).value
    return {
        kind: Terms(frozenset(row["papers"]), row["working_days"], row["source"])
        for kind, row in table.items()
    }


@dataclass(frozen=True, slots=True)
class ManualClaim:
    """Where a claim stands.

    Attributes:
        received: its first event: person, region, scheme and kind.
        last: its last event.
        papers: what has come in.
        entry: what the clerk entered; empty before.
        worked_on_by: who entered or settled it; somebody else decides.
        settlement: the settlement that stands for it; empty where none does.
        set_off: what of it repays a debt of the person instead, by purse, in fen.
    """

    received: CaseEvent
    last: CaseEvent
    papers: frozenset[str]
    entry: Mapping[str, Any]
    worked_on_by: frozenset[str]
    settlement: Mapping[str, Any]
    set_off: Mapping[str, int]

    @property
    def terms(self) -> Terms:
        """What its kind needs."""
        return terms()[self.received.content["kind"]]

    @property
    def missing(self) -> list[str]:
        """Papers that have not come in."""
        return sorted(self.terms.papers - self.papers)

    @property
    def decided(self) -> bool:
        """Whether it has been approved or refused: then its deadline is kept."""
        return self.last.event in DECIDED

    def deadline(self, calendar: Calendar) -> Deadline:
        """Return by when it is to be decided, counted from the first papers.

        Source: 经办条例 art. 20, 22
        """
        return calendar.deadline(self.received.on, self.terms.working_days)


def follow(claim: ManualClaim | None, event: CaseEvent) -> ManualClaim:
    """Return a claim after one more event.

    Raises:
        CaseError: `event_order`, `event_day`, `claim_kind`, `paper_not_asked_for`,
            `papers_missing`, `not_clear`, `no_reason`, or `same_person`: who has worked on a claim
            does not decide it.
    """
    check_follows(KIND, None if claim is None else claim.last.event, event.event)
    if claim is None:
        claim = ManualClaim(event, event, frozenset(), {}, frozenset(), {}, {})
    if event.on < claim.last.on:
        raise _refused(
            "event_day", "日期早于前一事项", "its day lies before the last event's", event
        )
    for check in CHECKS.get(event.event, ()):
        check(claim, event)
    return replace(_changed(claim, event), last=event)


LIFE = Life(KIND, "M", follow)


def _changed(claim: ManualClaim, event: CaseEvent) -> ManualClaim:
    match event.event:
        case "received" | "papers_added":
            return replace(claim, papers=claim.papers | set(event.content["papers"]))
        case "entered":
            worked = claim.worked_on_by | {event.actor}
            return replace(claim, entry=event.content, worked_on_by=worked)
        case "settled":
            worked = claim.worked_on_by | {event.actor}
            return replace(claim, settlement=event.content, worked_on_by=worked)
        case "sent_back":
            return replace(claim, settlement={})
        case "set_off":
            taken = Counter(claim.set_off)
            taken.update(event.content["taken"])
            return replace(claim, set_off=dict(taken))
    return claim


def _kind_known(_claim: ManualClaim, event: CaseEvent) -> None:
    if event.content["kind"] not in terms():
        kinds = sorted(terms())
        raise _refused(
            "claim_kind", f"没有这类申领，须是 {kinds} 之一", f"the kind is one of {kinds}", event
        )


def _papers_asked_for(claim: ManualClaim, event: CaseEvent) -> None:
    more = sorted(set(event.content["papers"]) - claim.terms.papers)
    if more:
        raise _refused(
            "paper_not_asked_for",
            f"依法不要求 {more}；只收 {sorted(claim.terms.papers)}（{claim.terms.source}, 31）",
            f"the law asks for no {more}; take {sorted(claim.terms.papers)} only "
            f"({claim.terms.source}, 31)",
            event,
        )


def _papers_complete(claim: ManualClaim, event: CaseEvent) -> None:
    if claim.missing:
        raise _refused(
            "papers_missing",
            f"尚缺 {claim.missing}，补齐后再录入",
            f"{claim.missing} are missing; enter it when they have come in",
            event,
        )


def _clear(claim: ManualClaim, event: CaseEvent) -> None:
    found = claim.last.content["found"]
    if found:
        raise _refused(
            "not_clear",
            f"核查发现 {found}，不能结算；请说明理由拒付",
            f"the check found {found}, so it is not settled; refuse it with reasons",
            event,
        )


def _another_person(claim: ManualClaim, event: CaseEvent) -> None:
    if event.actor in claim.worked_on_by:
        raise _refused(
            "same_person",
            f"{event.actor} 录入或结算过此件，须由他人复核",
            f"{event.actor} has entered or settled it; another person decides",
            event,
        )


def _reason(_claim: ManualClaim, event: CaseEvent) -> None:
    if not str(event.content.get("reason", "")).strip():
        raise _refused("no_reason", "须写明理由", "it needs a reason", event)


CHECKS = {
    "received": (_kind_known, _papers_asked_for),
    "papers_added": (_papers_asked_for,),
    "entered": (_papers_complete,),
    "settled": (_clear,),
    "approved": (_another_person,),
    "sent_back": (_another_person, _reason),
    "refused": (_another_person, _reason),
}
"""Event -> what must hold before it, beside its place in the life cycle."""


def _refused(code: str, zh: str, en: str, event: CaseEvent) -> CaseError:
    return CaseError(code, f"{event.event}：{zh}", f"{event.event}: {en}", event=event.event)
