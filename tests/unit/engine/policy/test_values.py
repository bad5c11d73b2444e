"""Values by dimension."""

from typing import Any

import pytest

from engine.errors import PolicyError
from engine.policy.reader import Document, Path_
from engine.policy.values import Dimensions, NoTerms, Table

DIMENSIONS = Dimensions(
    {"level": ("L1", "L3"), "person_class": ("active", "retired"), "age": ("young", "old")}
)


def table(text: str) -> Table:
    document = Document("f", "value:\n" + text)
    return Table(document, ("value",), document.value["value"], DIMENSIONS)


def value(text: str, **cell: str) -> Any:
    return table(text).at(cell, lambda raw, _: raw)


def refused(text: str) -> tuple[str, int]:
    with pytest.raises(PolicyError) as caught:
        table(text)
    return caught.value.code, caught.value.line


def test_a_plain_value_holds_for_every_combination() -> None:
    assert value("  800", level="L1") == 800
    assert table("  800").used() == set()


def test_a_mapping_by_members_gives_each_its_own() -> None:
    assert value("  {L1: 1, L3: 3}", level="L3") == 3


def test_branches_may_go_on_differently() -> None:
    text = "  {active: 1, retired: {young: {L1: 2, L3: 3}, old: 4}}"
    assert table(text).used() == {"person_class", "age", "level"}
    assert value(text, person_class="active", age="old", level="L1") == 1
    assert value(text, person_class="retired", age="young", level="L3") == 3
    assert value(text, person_class="retired", age="old", level="L3") == 4


def test_a_source_beside_the_members_is_no_member() -> None:
    assert value("  {L1: 1, L3: 3, source: x}", level="L1") == 1


def test_the_reader_of_the_value_learns_where_it_stands() -> None:
    found = table("  {active: {L1: 1, L3: 2}, retired: 3}").at(
        {"person_class": "active", "level": "L3"}, lambda _, path: path
    )
    assert found == ("value", "active", "L3")


def test_unavailable_has_no_terms() -> None:
    with pytest.raises(NoTerms):
        value("  {L1: 1, L3: unavailable}", level="L3")
    assert value("  {L1: 1, L3: unavailable}", level="L1") == 1


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("  {L1: 1}", "members_do_not_match", 1),
        ("  {L1: 1, L3: 1, L9: 1}", "members_do_not_match", 1),
        ("  {L1: 1, active: 1}", "members_do_not_match", 1),
        ("  active: 1\n  retired:\n    old: 1", "members_do_not_match", 3),
        ("  L1: 1\n  L3:\n    L1: 1\n    L3: 1", "dimension_twice", 3),
        ("  L1:\n    young: {L1: 1, L3: 1}\n    old: 1\n  L3: 1", "dimension_twice", 3),
    ],
)
def test_a_table_that_does_not_fit_its_dimensions_is_refused(
    text: str, code: str, line: int
) -> None:
    assert refused(text) == (code, line)


def test_the_refusal_names_what_is_missing_and_what_is_unknown() -> None:
    with pytest.raises(PolicyError, match=r"missing \['L3'\], unknown \['L9'\]"):
        table("  {L1: 1, L9: 1}")


def test_a_mapping_without_any_member_is_left_to_its_reader() -> None:
    assert value("  {other: 1}") == {"other": 1}


def test_an_error_of_the_reader_gets_the_line_of_the_value() -> None:
    def leaf(_raw: Any, _path: Path_) -> int:
        raise PolicyError("odd", "怪", "odd")

    with pytest.raises(PolicyError) as caught:
        table("  L1: 1\n  L3: 2").at({"level": "L3"}, leaf)
    assert (caught.value.code, caught.value.line) == ("odd", 3)
