"""A fact that became known late, and what a claim settled without it ought to have been."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from engine.claims.columns import STREAMS_COUNT, Bucket, Event, EventKind, Ints
from engine.errors import CaseError
from engine.money import PPM, mul_div, share_fen
from engine.periods import day_number


class FactKind(StrEnum):
    """What became known. The texts are stored: never change one."""

    DEATH = "death"
    NOT_COVERED = "not_covered"
    DOUBLE_BENEFIT = "double_benefit"
    WORK_INJURY = "work_injury"
    THIRD_PARTY = "third_party"
    WRONG_CLASS = "wrong_class"


@dataclass(frozen=True, slots=True)
class Ground:
    """A kind of fact in words, and the articles (source id, number) that a notice cites."""

    zh: str
    en: str
    articles: tuple[tuple[str, int], ...]


_HANDLING, _FUNDS, _LAW = (
    "handling-regulation-2023", "fund-supervision-regulation-2021", "social-insurance-law",
)  # fmt: skip
GROUNDS: Mapping[FactKind, Ground] = {
    FactKind.DEATH: Ground(
        "参保人已死亡", "the person has died", ((_HANDLING, 25), (_HANDLING, 26), (_HANDLING, 46))
    ),
    FactKind.NOT_COVERED: Ground(
        "期间不享有待遇", "not entitled in the period", ((_HANDLING, 26), (_HANDLING, 46))
    ),
    FactKind.DOUBLE_BENEFIT: Ground(
        "同一费用已由他处支付", "paid elsewhere already", ((_FUNDS, 17), (_HANDLING, 46))
    ),
    FactKind.WORK_INJURY: Ground(
        "应由工伤保险基金支付", "the injury fund is to pay", ((_LAW, 30), (_HANDLING, 46))
    ),
    FactKind.THIRD_PARTY: Ground(
        "应由第三人负担", "a third party is to pay", ((_LAW, 30), (_HANDLING, 46))
    ),
    FactKind.WRONG_CLASS: Ground(
        "人员类别登记有误", "registered in a wrong class", ((_HANDLING, 9), (_HANDLING, 46))
    ),
}
"""Every kind of fact with its ground."""


@dataclass(frozen=True, slots=True)
class CorrectedFact:
    """What was recorded of one person under one scheme.

    Attributes:
        begins: the first day on which it holds; of a death, the day after it.
        ends: the first day on which it holds no more; None while it lasts.
        settlements: those that it concerns alone; empty for all of its days.
        person_class: the class that was right, of WRONG_CLASS.
        liable_ppm: what share of the cost another has to bear, of THIRD_PARTY.
        document: the paper that says so.
    """

    kind: FactKind
    person: str
    region: str
    scheme: str
    begins: date
    document: str
    ends: date | None = None
    settlements: tuple[str, ...] = ()
    person_class: str | None = None
    liable_ppm: int = PPM

    def __post_init__(self) -> None:
        """Check what the kind asks for.

        Raises:
            CaseError: `fact_form`.
        """
        wants_class = self.kind is FactKind.WRONG_CLASS
        sound = (
            bool(self.document.strip())
            and (self.ends is None or self.begins < self.ends)
            and wants_class == (self.person_class is not None)
            and 0 < self.liable_ppm <= PPM
            and (self.liable_ppm == PPM or self.kind is FactKind.THIRD_PARTY)
        )
        if not sound:
            raise CaseError(
                "fact_form",
                f"更正事实“{self.kind}”不完整：须有依据文件，止日晚于起日；"
                "wrong_class 写 person_class，只有 third_party 可写 liable",
                f"the fact {self.kind} is not whole: it has a document and ends after it begins; "
                "wrong_class says person_class, and third_party alone may say liable",
            )

    def concerns(self, settlement: str, first_day: int) -> bool:
        """Return whether it concerns a settlement, by the first day of its care."""
        if self.settlements and settlement not in self.settlements:
            return False
        within = first_day >= day_number(self.begins)
        return within and (self.ends is None or first_day < day_number(self.ends))

    def spans(self, settlement: str, days: tuple[int, int]) -> bool:
        """Return whether care from a first to a last day began before it and went on into it."""
        named = not self.settlements or settlement in self.settlements
        return named and days[0] < day_number(self.begins) <= days[1]


def corrected(event: Ints, fact: CorrectedFact, classes: list[str]) -> Ints | None:
    """Return a claim as it ought to have been settled; None where it ought not at all.

    Its policy row is to be found anew.

    Args:
        event: the claim.
        fact: what concerns it.
        classes: the scheme's classes of persons, in the order of its file.

    Raises:
        CaseError: `fact_class`, the scheme has no such class.

    Source: 经办条例 art. 46
    """
    if fact.kind is FactKind.WRONG_CLASS:
        return _of_class(event, fact.person_class or "", classes)
    if fact.liable_ppm == PPM:
        return None
    return _borne_by_another(event, fact.liable_ppm)


def _of_class(event: Ints, name: str, classes: list[str]) -> Ints:
    if name not in classes:
        raise CaseError(
            "fact_class",
            f"险种没有人员类别 {name}；可用 {'、'.join(classes)}",
            f"the scheme has no class {name}; it has {', '.join(classes)}",
        )
    right = event.copy()
    right[Event.PERSON_CLASS] = classes.index(name)
    return right


def _borne_by_another(event: Ints, liable_ppm: int) -> Ints:
    """Return a claim of whose buckets another's share lies outside what is insured."""
    right = event.copy()
    buckets = right[Event.BUCKETS :].reshape(STREAMS_COUNT, len(Bucket))
    taken = np.array([[share_fen(int(fen), liable_ppm) for fen in row] for row in buckets])
    taken[0, Bucket.OFF_LIST] = 0
    buckets -= taken
    buckets[0, Bucket.OFF_LIST] += taken.sum()
    right[Event.FINAL_FUND] -= mul_div(int(event[Event.FINAL_FUND]), liable_ppm, PPM)
    return right


def is_claim(event: Ints) -> bool:
    """Return whether an event is a claim, which alone a fact concerns."""
    return int(event[Event.KIND]) == EventKind.CLAIM
