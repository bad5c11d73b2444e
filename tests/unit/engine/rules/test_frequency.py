"""The form `frequency`, as the shipped rules on visits a month and places a day set it."""

from typing import Any

from engine.codes.enums import VisitKind
from tests.unit.engine.rules.facts import JUNE_1, Record, facts, found, settlement

MONTH, DAY = "many_visits_in_a_month", "many_places_in_a_day"


def visit(number: int, day: int = 1, **changes: Any) -> Record:
    on = {"begin_day": JUNE_1 + day - 1, "settled_at": (JUNE_1 + day - 1) * 86_400 + number}
    kind = {"visit_kind": int(VisitKind.OUTPATIENT), "claim": number}
    return settlement(f"s{number:02d}", **(on | kind | changes))


def test_twenty_visits_in_one_month_are_flagged_and_nineteen_not() -> None:
    visits = [visit(k, day=k) for k in range(1, 21)]
    assert found(MONTH, facts(*visits)) == {"s01": None}
    assert found(MONTH, facts(*visits[1:])) == {}


def test_visits_of_two_months_are_counted_apart() -> None:
    visits = [visit(k, day=k + 15) for k in range(1, 31)]  # 15 in June, 15 in July.
    assert found(MONTH, facts(*visits)) == {}


def test_dialysis_is_exempt() -> None:
    visits = [visit(k, day=k, disease_code="N18.5") for k in range(1, 25)]
    assert found(MONTH, facts(*visits)) == {}


def test_the_night_on_which_the_bound_is_reached_tells_and_later_ones_do_not() -> None:
    earlier = [visit(k, day=k, claim=None) for k in range(1, 20)]
    assert found(MONTH, facts(*earlier, visit(20, day=20))) == {"s20": "s19"}
    earlier.append(visit(20, day=20, claim=None))
    assert found(MONTH, facts(*earlier, visit(21, day=21))) == {}


def test_three_places_on_one_day_are_flagged_and_three_visits_to_two_not() -> None:
    visits = [visit(k, institution_id=f"H{k}") for k in range(3)]
    assert found(DAY, facts(*visits)) == {"s00": None}
    assert found(DAY, facts(*visits[:2], visit(9, institution_id="H1"))) == {}


def test_three_places_on_three_days_are_not() -> None:
    assert found(DAY, facts(*(visit(k, day=k + 1, institution_id=f"H{k}") for k in range(3)))) == {}
