"""Settlements, catalogue rows and lines that no rule objects to, unless a test changes them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl

from engine.codes.enums import HospitalLevel, Insurance, Sex, VisitKind
from engine.periods import NO_END_DAY, day_number
from engine.rules.catalogue import load_rules
from engine.rules.facts import LIMIT, LINE, RECORD, REGISTER, SETTLEMENT, Facts
from engine.rules.registry import FORMS

Record = dict[str, Any]

JUNE_1 = day_number(date(2024, 6, 1))


def settlement(name: str, claim: Any = 0, **changes: Any) -> Record:
    """An in-patient settlement of 1 to 5 June; `claim` None makes it one of an earlier night."""
    return {
        "settlement_id": name,
        "message_id": f"m-{name}",
        "visit_id": f"v-{name}",
        "person_id": "P1",
        "institution_id": "H1",
        "care_region": "330100",
        "disease_code": "J18",
        "visit_kind": int(VisitKind.INPATIENT),
        "insurance": int(Insurance.EMPLOYEE),
        "hospital_level": int(HospitalLevel.L3A),
        "sex": int(Sex.MALE),
        "birth_day": day_number(date(1970, 6, 1)),
        "begin_day": JUNE_1,
        "end_day": JUNE_1 + 4,
        "settled_at": (JUNE_1 + 4) * 86_400,
        "total_fen": 100_000,
        "claim": claim,
    } | changes


def item(number: int, sex_limit: Sex = Sex.UNKNOWN, **changes: Any) -> Record:
    """A limit of the catalogue by sex, UNKNOWN where the row has none."""
    return point("sex", number, low=int(sex_limit), point="catalogue") | changes


def point(kind: str, number: int, **changes: Any) -> Record:
    """A knowledge point on an item, everywhere and for ever."""
    row = {"kind": kind, "point": f"{kind}/{number}", "item": number, "region": "*"}
    empty: Record = {"low": None, "high": None, "unit": "", "words": [], "others": []}
    return row | {"valid_from": 0, "valid_to": NO_END_DAY} | empty | changes


def line(claim: int, number: int, row: int, **changes: Any) -> Record:
    named = {"claim": claim, "item": number, "file": 1, "row": row, "day": JUNE_1}
    return named | {"quantity_e4": 10_000, "price_e6": 5_000_000, "amount_fen": 500} | changes


def facts(
    *settlements: Record,
    items: Iterable[Record] = (),
    lines: Iterable[list[Record]] = (),
    registers: Iterable[Record] = (),
) -> Facts:
    """Facts whose lines come in parts as given."""
    parts = [pl.DataFrame(part, schema={"claim": pl.Int32, **LINE}) for part in lines]
    return Facts(
        settlements=pl.LazyFrame(list(settlements), schema=SETTLEMENT),
        limits=pl.DataFrame(list(items), schema=LIMIT),
        registers=pl.DataFrame(list(registers), schema=REGISTER),
        records=pl.LazyFrame(schema=RECORD),
        lines=lambda: parts,
    )


def found(rule_id: str, given: Facts) -> dict[str, str | None]:
    """What the form of a shipped rule finds: the flagged settlement and the other."""
    [rule] = [rule for rule in load_rules() if rule.id == rule_id]
    rows = FORMS[rule.form].find(rule.parameters, given)
    pairs = dict(rows.select("settlement_id", "other_settlement_id").iter_rows())
    assert len(pairs) == len(rows), "a settlement is flagged twice"
    return pairs


def found_lines(rule_id: str, given: Facts) -> dict[str, list[int]]:
    """The rows of the lines that the form of a shipped rule finds, by settlement."""
    [rule] = [rule for rule in load_rules() if rule.id == rule_id]
    rows = FORMS[rule.form].find(rule.parameters, given)
    pairs = rows.select("settlement_id", "lines").iter_rows()
    return {name: [one["row"] for one in lines] for name, lines in pairs}


def found_excess(rule_id: str, given: Facts) -> dict[str, list[tuple[int, int]]]:
    """Row and excess quantity of the lines that the form of a shipped rule finds."""
    [rule] = [rule for rule in load_rules() if rule.id == rule_id]
    rows = FORMS[rule.form].find(rule.parameters, given)
    pairs = rows.select("settlement_id", "lines").iter_rows()
    return {name: [(one["row"], one["excess_e4"]) for one in lines] for name, lines in pairs}
