"""Turns the events of a case file into engine events and lines."""

from engine.claims.columns import (
    NONE,
    Bucket,
    Event,
    EventFlag,
    EventKind,
    Filing,
    Ints,
    Stream,
)
from engine.claims.keys import content_key
from engine.codes.enums import VisitKind
from engine.errors import ClaimError
from engine.money import parse_fen
from engine.periods import day_number
from engine.policy.book import Scheme
from engine.policy.dimensions import disease_position
from engine.settlement.case_form import CHANGES, CaseEvent, CaseFile
from engine.settlement.case_lines import CaseBill
from engine.settlement.case_people import write_facts, write_person_event
from engine.settlement.waiting import wait_flag

PERSON = 1
PRICE_LEVEL = 0
KINDS = {
    "claim": EventKind.CLAIM,
    "cancel": EventKind.REVERSAL,
    "account_credit": EventKind.ACCOUNT_CREDIT,
    "family_link": EventKind.FAMILY_LINK,
    "class_change": EventKind.CLASS_CHANGE,
    "cover_change": EventKind.COVER_CHANGE,
    "registration": EventKind.REGISTRATION,
    "application": EventKind.APPLICATION,
    "allowance": EventKind.ALLOWANCE,
    "year_close": EventKind.YEAR_CLOSE,
}
BUCKET_KEYS = {
    Bucket.OFF_LIST: "self_pay_off_list",
    Bucket.OVER_PRICE: "self_pay_over_price",
    Bucket.FIRST_SHARE: "self_pay_first_share",
}


def write_events(form: CaseFile, scheme: Scheme, at: int, events: Ints) -> CaseBill:
    """Fill `events`, shape (len(form.events), EVENT_WIDTH), and return the lines.

    Raises:
        ClaimError: an event names what the scheme or the story does not have.
    """
    bill = CaseBill(events=len(form.events))
    ids = {event.id: k for k, event in enumerate(form.events)}
    classes = _classes(form, scheme)
    for k, event in enumerate(form.events):
        row = events[k]
        row[Event.KIND] = KINDS[event.kind]
        row[Event.PERSON] = PERSON
        row[Event.ORDER_TIME] = k
        row[Event.ORDER_TIE] = 0
        settled = event.settled or event.end
        row[Event.SETTLED_DAY] = NONE if settled is None else day_number(settled)
        row[Event.SCHEME] = at
        row[Event.PERSON_CLASS] = classes[k]
        row[Event.AMOUNT :] = 0
        if event.kind == "claim":
            _claim(form, scheme, event, row)
            _buckets(event, row, k, bill)
        elif event.kind == "cancel":
            row[Event.REF] = ids.get(event.of, NONE)
        else:
            write_person_event(form, scheme, event, row)
    return bill


def _classes(form: CaseFile, scheme: Scheme) -> list[int]:
    members = list(scheme.file.person_classes)
    unknown = set(form.classes(CHANGES)) - set(members)
    if unknown:
        raise ClaimError(
            "unknown_member",
            f"没有人员类别 {sorted(unknown)}；须是 {members} 之一",
            f"there is no person class {sorted(unknown)}; the scheme has {members}",
        )
    # A change of cover is refused, and changes nothing, unless each counter says what it leaves.
    told = all(one.on_cover_change is not None for one in scheme.file.counters.values())
    changes = CHANGES if told else CHANGES - {"cover_change"}
    return [members.index(name) for name in form.classes(changes)]


def _claim(form: CaseFile, scheme: Scheme, event: CaseEvent, row: Ints) -> None:
    visit = _known_visit(event.visit or "")
    if event.level not in scheme.file.levels:
        raise ClaimError(
            "unknown_member",
            f"没有等级 {event.level}；须是 {scheme.file.levels} 之一",
            f"there is no level {event.level}; the scheme has {scheme.file.levels}",
        )
    begin, end = event.begin, event.end
    if begin is None or end is None:
        raise ClaimError("case_format", "费用须有起止日期", "a claim has begin and end")
    row[Event.VISIT_KIND] = visit
    row[Event.LEVEL] = scheme.file.levels.index(event.level or "")
    row[Event.PRICE_LEVEL] = PRICE_LEVEL
    row[Event.FILING] = Filing[event.filing.upper()]
    row[Event.SEGMENT] = event.segment
    row[Event.VISIT] = content_key(f"{event.institution or ''}/{event.stay or ''}")
    row[Event.BEGIN_DAY], row[Event.END_DAY] = day_number(begin), day_number(end)
    row[Event.FLAGS] = event.account_used * EventFlag.ACCOUNT_USED
    row[Event.FLAGS] += event.transfer * EventFlag.TRANSFER
    row[Event.FLAGS] += event.interim * EventFlag.INTERIM
    row[Event.DISEASE] = content_key(event.disease)
    row[Event.DISEASE_GROUP] = disease_position(scheme.file, event.disease)
    row[Event.INSTITUTION] = content_key(event.institution)
    write_facts(form, scheme, event, event.claim_date(scheme.file.claim_date) or end, row)
    joined = event.insured_from or form.person.insured_from
    row[Event.FLAGS] += wait_flag(scheme, row, lambda _: joined)


def _known_visit(name: str) -> VisitKind:
    if name.upper() in VisitKind.__members__:
        return VisitKind[name.upper()]
    kinds = [kind.name.lower() for kind in VisitKind]
    raise ClaimError(
        "unknown_member",
        f"没有就诊类别 {name}；须是 {kinds} 之一",
        f"there is no kind of visit {name}; there are {kinds}",
    )


def _buckets(event: CaseEvent, row: Ints, k: int, bill: CaseBill) -> None:
    if event.lines is not None:
        day = int(row[Event.BEGIN_DAY])
        row[Event.TOTAL] = bill.add(k, day, event.lines)
        return
    total = parse_fen(event.total or "")
    row[Event.TOTAL] = total
    buckets = row[Event.BUCKETS + Stream.ORDINARY * 4 :]
    for bucket, key in BUCKET_KEYS.items():
        text = getattr(event, key)
        buckets[bucket] = 0 if text is None else parse_fen(text)
        total -= int(buckets[bucket])
    buckets[Bucket.COVERED] = total
