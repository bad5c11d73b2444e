"""No file names a place on one particular machine."""

import re

import pytest

from tests.architecture.repository import files, read

# Written in parts, so that this file names none either.
PLACES = tuple("/".join(parts) for parts in (("", "work", ""), ("", "farm", ""), ("", "root", "")))
SIBLING = "/".join(("..", "shared"))
PLACE = re.compile("|".join([rf"(?<![\w.)}}-]){re.escape(place)}" for place in PLACES]))


def places_in(text: str, *, sibling_data: bool = False) -> list[str]:
    """Lines that name such a place; with `sibling_data`, a line that sets JIESUAN_DATA may."""
    return [
        line.strip()
        for line in text.splitlines()
        if PLACE.search(line) or (SIBLING in line and not (sibling_data and "JIESUAN_DATA" in line))
    ]


@pytest.mark.parametrize("name", files())
def test_a_file_names_no_place_on_a_machine(name: str) -> None:
    assert places_in(read(name), sibling_data=name == ".ci/run") == []


@pytest.mark.parametrize("place", PLACES)
def test_a_place_on_a_machine_is_found(place: str) -> None:
    assert places_in(f"first line\nopen('{place}data.csv')") == [f"open('{place}data.csv')"]


@pytest.mark.parametrize("place", PLACES)
def test_a_folder_of_that_name_further_down_is_not_meant(place: str) -> None:
    assert places_in(f"https://example.org{place}page and engine{place}x") == []


def test_the_sibling_folder_is_allowed_only_where_the_data_is_set() -> None:
    line = f"export JIESUAN_DATA={SIBLING}/data"
    assert places_in(line, sibling_data=True) == []
    assert places_in(line) == [line]
    assert places_in(f"ls {SIBLING}", sibling_data=True) == [f"ls {SIBLING}"]
