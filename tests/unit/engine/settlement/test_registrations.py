"""Benefits for registered persons; shape 39: treatment of a recognised injury."""

from datetime import date
from typing import Any

import pytest

from engine.errors import PolicyError
from tests.unit.engine.settlement.stories import (
    Record,
    claim,
    layer,
    policy,
    tell,
)

HALF = layer((None, "50%"))


def register(name: str = "chronic", **more: Any) -> Record:
    since = {"id": "record", "registration": name, "from": date(2023, 3, 1)}
    return {"kind": "registration", **since, **more}


def gated(kind: str = "registration", per: str = "disease") -> Record:
    given = policy(HALF, requires="chronic")
    return given | {"registrations": {"chronic": {"kind": kind, "per": per}}}


@pytest.mark.parametrize(
    ("on", "status"),
    [("2023-02-28", "not_registered"), ("2023-03-01", "settled"), ("2023-06-30", "settled"),
     ("2023-07-01", "not_registered")],
)  # fmt: skip
def test_a_benefit_is_taken_only_on_the_days_of_the_registration(on: str, status: str) -> None:
    told = tell(gated(), register(disease="E11", until=date(2023, 6, 30)),
                claim("a", "100.00", on, disease="E11"))  # fmt: skip
    assert told.statuses() == ["settled", status]


def test_a_registration_holds_for_its_disease_alone() -> None:
    told = tell(gated(), register(disease="E11"), claim("a", "100.00", disease="I10"))
    assert told.statuses()[1] == "not_registered"


def test_a_registration_holds_at_its_institution_alone() -> None:
    told = tell(
        gated(per="institution"),
        register(institution="H1"),
        claim("a", "1.00", institution="H2"),
        claim("b", "1.00", institution="H1"),
    )
    assert told.statuses()[1:] == ["not_registered", "settled"]


def test_a_later_record_replaces_the_earlier_one() -> None:
    again = register(disease="E11", id="again") | {"from": date(2024, 1, 1)}
    told = tell(gated(), register(disease="E11"), again, claim("a", "100.00", disease="E11"))
    assert told.statuses()[2] == "not_registered"


def test_shape_39_treatment_is_not_settled_before_the_injury_is_recognised() -> None:
    told = tell(gated("recognition", "person"), claim("a", "100.00"), register(),
                claim("b", "100.00"))  # fmt: skip
    assert told.statuses() == ["not_recognised", "settled", "settled"]


def test_shape_39_treatment_is_paid_in_full_within_the_catalogue() -> None:
    # 8765.43 of which 765.43 is off the list: the fund pays 8000.
    rules = policy(layer((None, "100%"), fund="injury"), requires="injury")
    rules |= {"registrations": {"injury": {"kind": "recognition", "per": "person"}}}
    told = tell(rules, register("injury"), claim("a", "8765.43", self_pay_off_list="765.43"))
    assert told.paid("injury")[1] == 800000
    assert told.fen("person_total")[1] == 76543


def test_a_benefit_may_not_require_what_is_not_declared() -> None:
    with pytest.raises(PolicyError, match="unknown_registration"):
        tell(policy(HALF, requires="chronic"), claim("a", "1.00"))
