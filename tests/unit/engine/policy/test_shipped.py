"""The policies that are shipped: complete, cited and in their place."""

import itertools
from pathlib import Path

import pytest

from engine.policy.book import SHIPPED, Entry, PolicyBook, Scheme, load_book
from engine.policy.compiler import compile_book
from engine.policy.reader import read_document

FILES = sorted(SHIPPED.glob("*/*.yaml"))
IDS = [path.relative_to(SHIPPED).as_posix() for path in FILES]
each_file = pytest.mark.parametrize("path", FILES, ids=IDS)


def scheme_of(path: Path) -> Scheme:
    return Scheme(read_document(path))


def entries(scheme: Scheme) -> list[Entry]:
    return list(itertools.chain.from_iterable(scheme.entries.values()))


def test_every_shipped_file_is_in_a_folder_of_its_region() -> None:
    assert sorted(SHIPPED.rglob("*.yaml")) == FILES
    assert len(FILES) >= 6


@each_file
def test_a_shipped_file_loads_on_its_own(path: Path) -> None:
    book = PolicyBook([scheme_of(path)])
    assert compile_book(book).places.has_terms.any()


@each_file
def test_a_shipped_file_stands_where_its_region_and_scheme_say(path: Path) -> None:
    region, scheme = scheme_of(path).key
    assert path.parent.name.startswith(f"{region}-")
    assert path.stem == scheme


@each_file
def test_every_benefit_has_a_row_for_each_combination_with_terms_or_none_said(path: Path) -> None:
    scheme = scheme_of(path)
    said_unavailable = "unavailable" in path.read_text(encoding="utf-8")
    for entry in entries(scheme):
        groups = [scheme.dimensions.members[name] for name in entry.used]
        wanted = [dict(zip(entry.used, cell, strict=True)) for cell in itertools.product(*groups)]
        assert [row.cell for row in entry.rows] == wanted
        assert any(row.terms for row in entry.rows)
        assert said_unavailable or all(row.terms for row in entry.rows)


@each_file
def test_every_step_of_a_shipped_file_cites_an_id_of_the_list(path: Path) -> None:
    listed = read_document(SHIPPED.parent / "sources.yaml").value["sources"]
    scheme = scheme_of(path)
    cited = {entry.source for entry in scheme.line_entries}
    for row in itertools.chain.from_iterable(entry.rows for entry in entries(scheme)):
        for layer in row.terms.layers if row.terms else ():
            cited |= {*layer.sources.values(), *(band.source for band in layer.bands)}
            cited |= {cap.source for cap in layer.caps}
    assert {source.split("#")[0] for source in cited} <= set(listed)


@each_file
def test_the_lines_of_a_shipped_file_are_priced_on_every_day_that_has_benefits(path: Path) -> None:
    scheme = scheme_of(path)
    days = [(entry.begins, entry.ends) for entry in entries(scheme)]
    priced = [(entry.begins, entry.ends) for entry in scheme.line_entries]
    assert min(priced)[0] <= min(days)[0]
    assert max(end for _, end in priced) >= max(end for _, end in days)


def test_the_shipped_book_holds_every_file() -> None:
    book = load_book()
    assert [scheme.key for scheme in book.schemes] == sorted(scheme_of(path).key for path in FILES)
