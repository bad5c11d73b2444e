"""Reads when a person has benefits at all: waiting periods, and institutions' agreements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.codes.enums import VisitKind
from engine.periods import day_number
from engine.policy import entitlement_schema as said_of
from engine.policy import schema
from engine.policy.dates import entry_days
from engine.policy.reader import Document, Path_

EMERGENCIES = frozenset({VisitKind.EMERGENCY, VisitKind.EMERGENCY_INPATIENT})


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long after joining benefits begin.

    Attributes:
        months: whole months from the first day of unbroken cover; 0 where `days` says it.
        days: days from it.
        bridged_days: a gap in cover of at most so many days starts no new waiting.
        excepted: kinds of visit that are paid for while a person waits.
        classes, tiers: whom it is for, by position in the file; empty for all.
    """

    months: int = 0
    days: int = 0
    bridged_days: int = 0
    excepted: frozenset[VisitKind] = frozenset()
    classes: frozenset[int] = frozenset()
    tiers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class AgreementRule:
    """How an institution's agreement is asked.

    An emergency is paid for wherever it is treated, unless the file says otherwise; whoever was
    admitted under an agreement is treated under it to the end.

    Attributes:
        by_end: the last day of care is asked, else the first.
        excepted: kinds of visit that need no agreement.

    Source: 社会保险法 art. 28
    """

    by_end: bool = False
    excepted: frozenset[VisitKind] = EMERGENCIES


@dataclass(frozen=True, slots=True)
class EntitlementEntry:
    """A dated entry, `[begins, ends)` in days; of `waiting` the first that fits holds."""

    begins: int
    ends: int
    waiting: tuple[Waiting, ...]
    agreement: AgreementRule


def read_entitlement(document: Document, file: schema.SchemeFile) -> tuple[EntitlementEntry, ...]:
    """Return the file's terms of entitlement, in order.

    Raises:
        PolicyError: `dates`, `no_source`, `unknown_member` or `unknown_visit`.
    """
    found: list[EntitlementEntry] = []
    for k, entry in enumerate(file.entitlement):
        path: Path_ = ("entitlement", k)
        following = file.entitlement[k + 1].begins if k + 1 < len(file.entitlement) else None
        begins, ends = entry_days(document, path, entry, following)
        if found and found[-1].ends != begins:
            raise document.error(
                "dates",
                path,
                f"自 {entry.begins} 起的条目与前一条之间有空档：其间不知有无等待期",
                f"before the entry from {entry.begins} lie days on which nothing says whether "
                "anybody waits",
            )
        document.source(path)
        waiting = tuple(
            _waiting(document, file, said, (*path, "waiting", number))
            for number, said in enumerate(entry.waiting)
        )
        rule = _agreement(document, entry.agreement, (*path, "agreement"))
        found.append(EntitlementEntry(begins, ends, waiting, rule))
    _check_to_the_end(document, file, found)
    return tuple(found)


def _check_to_the_end(
    document: Document, file: schema.SchemeFile, found: Sequence[EntitlementEntry]
) -> None:
    """Check that no benefit holds on days of which nothing says whether anybody waits."""
    terms = [entry for benefit in file.benefits.values() for entry in benefit.history]
    if found and any(day_number(entry.reviewed_until) >= found[-1].ends for entry in terms):
        raise document.error(
            "dates",
            ("entitlement", len(found) - 1),
            "待遇条目的核对期长于本条目：其后不知有无等待期",
            "benefits are reviewed for longer than this entry: nothing says who waits then",
        )


def _waiting(
    document: Document, file: schema.SchemeFile, said: said_of.WaitingTerms, path: Path_
) -> Waiting:
    excepted = _visits(document, said.excepted, (*path, "excepted"))
    members = {"classes": list(file.person_classes), "tiers": file.tiers}
    asked = {
        key: frozenset(
            _position(document, known, name, (*path, key)) for name in getattr(said, key)
        )
        for key, known in members.items()
    }
    return Waiting(said.months or 0, said.days or 0, said.bridged_days, excepted, **asked)


def _position(document: Document, known: Sequence[str], name: str, path: Path_) -> int:
    if name not in known:
        raise document.error(
            "unknown_member",
            path,
            f"没有 {name}；须是 {list(known)} 之一",
            f"there is no {name}; the scheme has {list(known)}",
        )
    return list(known).index(name)


def _agreement(
    document: Document, said: said_of.AgreementTerms | None, path: Path_
) -> AgreementRule:
    if said is None:
        return AgreementRule()
    excepted = _visits(document, said.excepted, (*path, "excepted"))
    return AgreementRule(said.asked_on == "end", excepted)


def _visits(document: Document, names: Iterable[str], path: Path_) -> frozenset[VisitKind]:
    found = set()
    for k, name in enumerate(names):
        if name.upper() not in VisitKind.__members__:
            raise document.error(
                "unknown_visit",
                (*path, k),
                f"没有就诊类别 {name}",
                f"there is no kind of visit {name}",
            )
        found.add(VisitKind[name.upper()])
    return frozenset(found)
