"""The registers say the same of one visit as of many, whoever else stands in them."""

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.codes.enums import VisitKind
from engine.storage.by_person import ByPerson
from engine.storage.register_tables import COVER_TERMS_READ, FILINGS_READ, REGISTRATIONS_READ
from engine.storage.registers import VISITS, Registers, facts_of, no_registers
from engine.storage.tables import Table
from engine.storage.visit_facts import facts_of_visit, own_registers

PERSONS = st.sampled_from(["P1", "P2", "人员3"])
DAYS = st.integers(19_600, 19_700)
PLACES = ["610100", "610000", "460200"]
WHOSE = {
    "person_id": PERSONS,
    "region": st.sampled_from(["460200", "460100"]),
    "insurance": st.sampled_from([1, 2]),
}
HOSPITALS = st.sampled_from(["H1", "H2"])
VISIT = st.fixed_dictionaries(
    WHOSE
    | {
        "visit_kind": st.sampled_from([int(VisitKind.OUTPATIENT), int(VisitKind.EMERGENCY)]),
        "care_region": st.sampled_from(PLACES),
        "institution_id": HOSPITALS,
        "begin_day": DAYS,
        "claim_day": DAYS,
    }
)
FILING = st.fixed_dictionaries(
    WHOSE
    | {
        "filing": st.sampled_from([1, 2, 3, 4, 5]),
        "care_region": st.sampled_from(["*", *PLACES]),
        "institution_id": st.none() | HOSPITALS,
        "valid_from": DAYS,
        "valid_to": DAYS,
    }
)
REGISTRATION = st.fixed_dictionaries(
    WHOSE
    | {
        "registration": st.just("chronic"),
        "disease_code": st.none() | st.sampled_from(["I10", "E11"]),
        "institution_id": st.none() | HOSPITALS,
        "valid_from": DAYS,
        "valid_to": DAYS,
    }
)
COVER = st.fixed_dictionaries(
    WHOSE
    | {
        "valid_from": st.just(19_610),
        "valid_to": st.just(19_690),
        "tier": st.none() | st.just("higher"),
        "enrolled_from": st.none() | st.integers(18_900, 19_700),
        "contribution_years": st.none() | st.integers(0, 30),
    }
)


def _whose(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["person_id"], row["region"], row["insurance"]


def _several(table: Table, rows: list[dict[str, Any]] | None) -> pl.DataFrame | None:
    return None if rows is None else pl.DataFrame(rows, schema=table.schema)


@settings(max_examples=80, deadline=None)
@given(
    visit=VISIT,
    covers=st.lists(COVER, max_size=6, unique_by=_whose),
    registrations=st.none() | st.lists(REGISTRATION, max_size=8),
    filings=st.none() | st.lists(FILING, max_size=8),
)
def test_one_visit_is_told_what_many_are(
    visit: dict[str, Any],
    covers: list[dict[str, Any]],
    registrations: list[dict[str, Any]] | None,
    filings: list[dict[str, Any]] | None,
) -> None:
    """Each drawn visit and register; what many are told of is settled in the night's tests."""
    none = no_registers()
    registers = Registers(
        cover_terms=pl.DataFrame(covers, schema=COVER_TERMS_READ.schema),
        registrations=_several(REGISTRATIONS_READ, registrations),
        filings=_several(FILINGS_READ, filings),
        account_entries=None,
        ends=none.ends,
        closed_years=none.closed_years,
    )
    [expected] = facts_of(pl.DataFrame([visit], schema=VISITS), registers).to_dicts()
    assert facts_of_visit(visit, own_registers(registers, visit["person_id"])) == expected


def test_rows_are_those_of_the_person_in_the_order_of_the_table() -> None:
    """Whether the table stands in order or not, and whether the person is in it or not."""
    table = pl.DataFrame({"person_id": ["b", "人", "a", "b", "B"], "row": [0, 1, 2, 3, 4]})
    found = ByPerson(table)
    assert [row["row"] for row in found.rows("b")] == [0, 3]
    assert found.frame("人")["row"].to_list() == [1]
    assert found.rows("c") == []
    assert found.frame("").is_empty()
