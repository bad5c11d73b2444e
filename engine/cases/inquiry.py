"""An inquiry: findings about one subject on one basis, from first suspicion to who decides.

The engine opens none and raises none: every event has an officer. Raising needs evidence, lowering
a reason alone; what is suspected fraud is handed over and never found by the agency.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from engine.cases.inquiry_book import inquiry_book
from engine.cases.life_cycle import CaseEvent, Life, check_follows, check_said
from engine.errors import CaseError

KIND = "inquiry"
HIGHEST = "suspected_fraud"


@dataclass(frozen=True, slots=True)
class Purpose:
    """A recorded fact that speaks of purpose, the day of the act, and who recorded it."""

    fact: str
    acted_on: date
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Where an inquiry stands.

    Attributes:
        opened: its first event: subject, region, class, findings.
        last: its last event.
        of_class: its class now.
        proposed_by: who opened it, and who raised it: another person decides.
        reminded_on: days on which the subject was reminded.
        heard: whether the subject's side is on file.
        purposes: facts that speak of purpose, as recorded.
    """

    opened: CaseEvent
    last: CaseEvent
    of_class: str
    proposed_by: frozenset[str]
    reminded_on: tuple[date, ...] = ()
    heard: bool = False
    purposes: tuple[Purpose, ...] = ()


def follow(inquiry: Inquiry | None, event: CaseEvent) -> Inquiry:
    """Return an inquiry after one more event.

    Raises:
        CaseError: `event_order`; `unknown_class`, `class_subject`, `no_findings`; `not_higher`,
            `not_lower`; `no_clause`, `no_purpose`, `purpose_fact`, `before_order`, `no_reminder`,
            `no_original`; `not_heard`; `same_person`; `not_the_agencys`, `the_agencys`;
            `no_reason`, `no_decision`.

    Source: 经办条例 art. 43, 44, 46, 52, 55; 基金条例 art. 38, 40
    """
    check_follows(KIND, None if inquiry is None else inquiry.last.event, event.event)
    if inquiry is None:
        return _opened(event)
    return replace(CHANGES[event.event](inquiry, event), last=event)


LIFE = Life(KIND, "Q", follow)


def _opened(event: CaseEvent) -> Inquiry:
    said = event.content
    _check_class(said["class"], said["subject_kind"])
    if said["class"] == HIGHEST:
        raise CaseError(
            "no_purpose",
            "不能以“涉嫌骗取”立案：须先立案，登记目的事实后由具名经办人提升",
            "no inquiry opens as suspected fraud: record a fact of purpose first, then raise it",
        )
    if not said["findings"]:
        raise CaseError(
            "no_findings",
            "须列明所依据的疑点或结算",
            "name the findings or settlements that it rests on",
        )
    return Inquiry(event, event, said["class"], frozenset({event.actor}))


def _reminded(inquiry: Inquiry, event: CaseEvent) -> Inquiry:
    return replace(inquiry, reminded_on=(*inquiry.reminded_on, event.on))


def _heard(inquiry: Inquiry, event: CaseEvent) -> Inquiry:
    check_said(event, "statement", "no_reason", "陈述申辩的内容", "what the subject said")
    return replace(inquiry, heard=True)


def _purpose_recorded(inquiry: Inquiry, event: CaseEvent) -> Inquiry:
    book, said = inquiry_book(), event.content
    fact = book.facts.get(said["fact"])
    if fact is None or fact.subject != inquiry.opened.content["subject_kind"]:
        raise CaseError(
            "purpose_fact",
            f"“{said['fact']}”不是此类对象的目的事实；可以是 {sorted(book.facts)}",
            f"{said['fact']} is no fact of purpose of such a subject; there are "
            f"{sorted(book.facts)}",
        )
    acted_on = date.fromisoformat(said["acted_on"])
    if acted_on < book.facts_in_force:
        raise CaseError(
            "before_order",
            f"行为发生于 {acted_on}，早于 {book.facts_source.zh}施行之日 {book.facts_in_force}",
            f"the act of {acted_on} is before {book.facts_source.en}, "
            f"in force since {book.facts_in_force}",
        )
    if fact.after_reminder and not any(day <= event.on for day in inquiry.reminded_on):
        raise CaseError(
            "no_reminder",
            "此事实以提醒后仍不退回为要件，须先登记提醒",
            "the fact asks for a reminder that was not heeded; record the reminder first",
        )
    if said.get("original") not in book.originals:
        raise CaseError(
            "no_original",
            f"须有原件支持，类型为 {list(book.originals)} 之一",
            f"it must rest on an original, one of {list(book.originals)}",
        )
    recorded = Purpose(said["fact"], acted_on, event.actor)
    return replace(inquiry, purposes=(*inquiry.purposes, recorded))


def _raised(inquiry: Inquiry, event: CaseEvent) -> Inquiry:
    to = event.content["to"]
    _check_class(to, inquiry.opened.content["subject_kind"])
    book = inquiry_book()
    if book.rank(to) <= book.rank(inquiry.of_class):
        raise CaseError(
            "not_higher", f"“{to}”不高于现类别“{inquiry.of_class}”", f"{to} is not above it"
        )
    check_said(event, "reason", "no_reason", "理由", "a reason")
    check_said(
        event, "clause", "no_clause", "所依据的条款", "the clause or article that it rests on"
    )
    if to == HIGHEST and not any(one.recorded_by != event.actor for one in inquiry.purposes):
        raise CaseError(
            "no_purpose",
            "须有他人登记的目的事实，才能提升为“涉嫌骗取”；评分、线索和疑点都不是目的事实",
            "it takes a fact of purpose that another officer has recorded; "
            "a score, a lead or a finding is none",
        )
    return replace(inquiry, of_class=to, proposed_by=inquiry.proposed_by | {event.actor})


def _lowered(inquiry: Inquiry, event: CaseEvent) -> Inquiry:
    to = event.content["to"]
    _check_class(to, inquiry.opened.content["subject_kind"])
    book = inquiry_book()
    if book.rank(to) >= book.rank(inquiry.of_class):
        raise CaseError(
            "not_lower", f"“{to}”不低于现类别“{inquiry.of_class}”", f"{to} is not below it"
        )
    check_said(event, "reason", "no_reason", "理由", "a reason")
    return replace(inquiry, of_class=to)


def _decided(inquiry: Inquiry, event: CaseEvent) -> Inquiry:
    _ends(inquiry, event, "agency", "not_the_agencys")
    check_said(event, "decision", "no_decision", "决定书文号", "the number of the decision")
    return inquiry


def _transferred(inquiry: Inquiry, event: CaseEvent) -> Inquiry:
    _ends(inquiry, event, "administration", "the_agencys")
    check_said(event, "receipt", "no_decision", "移送回执文号", "the number of the receipt")
    return inquiry


def _ends(inquiry: Inquiry, event: CaseEvent, by: str, code: str) -> None:
    """Check that the class is one this body decides, after the subject was heard, by another."""
    decides = inquiry_book().classes[inquiry.of_class].decides
    if decides != by:
        raise CaseError(
            code,
            f"“{inquiry.of_class}”由 {decides} 认定；经办机构不处罚，只移送",
            f"{inquiry.of_class} is for the {decides} to find; the agency fines nobody",
        )
    if not inquiry.heard:
        raise CaseError(
            "not_heard", "须先听取陈述申辩并登记", "hear the subject first, and record it"
        )
    if event.actor in inquiry.proposed_by:
        raise CaseError(
            "same_person",
            f"{event.actor} 立案或提升了类别，须由他人决定",
            f"{event.actor} has opened or raised it; another person decides",
        )


def _closed(inquiry: Inquiry, event: CaseEvent) -> Inquiry:
    check_said(event, "reason", "no_reason", "理由", "a reason")
    return inquiry


CHANGES: Mapping[str, Callable[[Inquiry, CaseEvent], Inquiry]] = {
    "reminded": _reminded,
    "heard": _heard,
    "purpose_recorded": _purpose_recorded,
    "raised": _raised,
    "lowered": _lowered,
    "decided": _decided,
    "transferred": _transferred,
    "closed": _closed,
}


def _check_class(name: str, subject: str) -> None:
    known = inquiry_book().classes
    if name not in known:
        raise CaseError(
            "unknown_class",
            f"没有类别“{name}”；可以是 {list(known)}",
            f"there is no class {name!r}; there are {list(known)}",
        )
    if subject not in known[name].subjects:
        raise CaseError(
            "class_subject",
            f"“{name}”不适用于 {subject}",
            f"{name} is not for a {subject}",
        )
