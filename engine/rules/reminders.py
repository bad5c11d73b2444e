"""What may be told before anything is paid: the rules that one visit's own facts suffice for."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from engine.codes.enums import VisitKind
from engine.rules.catalogue import Rule
from engine.rules.detect import detect
from engine.rules.facts import Facts

FIRST_STAGE = "before"

PROTECTED_VISITS = frozenset(
    {
        VisitKind.EMERGENCY,
        VisitKind.EMERGENCY_INPATIENT,
        VisitKind.TRAUMA_INPATIENT,
        VisitKind.MATERNITY_OUTPATIENT,
        VisitKind.MATERNITY_INPATIENT,
    }
)
PROTECTED_DISEASES = ("C", "D0", "N18", "O", "Z34", "Z35", "Z37", "Z49", "Z51")
"""Beginnings of ICD-10 codes: cancer, renal failure and dialysis, pregnancy and birth,
chemotherapy and radiotherapy. Care of these is reminded about and never stopped."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """What a rule says of a visit that is not paid yet.

    Attributes:
        lines: rows of the visit's lines that it is about; none for the visit as a whole.
        amount_fen: charge of these lines, not what anyone loses.
        stops: whether the hospital is asked to stop. Never on suspicion, never for protected care.
    """

    rule: Rule
    lines: tuple[int, ...]
    amount_fen: int
    stops: bool


def is_protected(kind: VisitKind, diseases: Iterable[str]) -> bool:
    """Return whether care of a kind, for diseases, is never stopped before payment."""
    return kind in PROTECTED_VISITS or any(code.startswith(PROTECTED_DISEASES) for code in diseases)


def reminders(rules: Iterable[Rule], facts: Facts, *, protected: bool) -> list[Reminder]:
    """Return what the rules of the first stage find in one visit, in order of rule and settlement.

    A rule without a limit or register for this visit does not run, so that cost grows with what
    limits the visit's items and not with the rules there are.

    Args:
        facts: of one visit, its limits and registers narrowed to the visit's own.
        protected: whether the visit is never stopped.
    """
    known = {rule.id: rule for rule in rules if rule.stage == FIRST_STAGE}
    found = detect(known.values(), facts)
    told = found.select("rule_id", "lines").rows()
    return [_reminder(known[name], lines, protected=protected) for name, lines in told]


def _reminder(rule: Rule, lines: list[dict[str, int]], *, protected: bool) -> Reminder:
    return Reminder(
        rule,
        tuple(line["row"] for line in lines),
        sum(line["amount_fen"] for line in lines),
        stops=rule.level == "definite" and not protected,
    )


def of_visit(limits: pl.DataFrame, items: pl.Series) -> pl.DataFrame:
    """Return the limits, as LIMIT, of a visit's items."""
    return limits.filter(pl.col("item").is_in(items.unique().implode()))
