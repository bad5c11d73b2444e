"""The book of policies: found, loaded whole, told apart by their content."""

from pathlib import Path

import pytest

from engine.errors import PolicyError
from engine.policy.book import PolicyBook, load_book, parse_scheme
from tests.unit.engine.policy.policies import BASE, changed, write

OTHER = changed("scheme: employee", "scheme: resident")
SOURCED = changed("source: {title: made up}", "source: notice-1#art-3")
SOURCES = "sources:\n  notice-1: {title: A notice}\n"


def refused(folder: Path) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        load_book(folder)
    return caught.value


def test_a_scheme_is_found_by_region_and_name() -> None:
    book = PolicyBook([parse_scheme(OTHER, "b"), parse_scheme(BASE, "a")])
    assert [scheme.key for scheme in book.schemes] == [
        ("000000", "employee"),
        ("000000", "resident"),
    ]
    assert book.index("000000", "resident") == 1
    assert book.index("000000", "injury") is None


def test_two_files_of_one_scheme_are_refused() -> None:
    twice = r"two files hold one scheme: \[\('000000', 'employee'\)\]"
    with pytest.raises(PolicyError, match=twice) as caught:
        PolicyBook([parse_scheme(text, "f") for text in (BASE, OTHER, BASE)])
    assert caught.value.code == "scheme_twice"


def test_the_hash_depends_neither_on_folder_nor_on_the_order_of_files(tmp_path: Path) -> None:
    write(tmp_path, "one/a.yaml")
    write(tmp_path, "one/b.yaml", OTHER)
    write(tmp_path, "two/deep/z.yaml")
    write(tmp_path, "two/c.yaml", OTHER)
    one, two = load_book(tmp_path / "one"), load_book(tmp_path / "two")
    assert one.hash == two.hash == PolicyBook(reversed(one.schemes)).hash


def test_the_hash_is_a_sha_256_and_stays_as_it_is() -> None:
    book = PolicyBook([parse_scheme(BASE, "a")])
    assert book.hash == "2d6893c4e21ef657438749422ec5d3acfd4c242b618b861607efd13ea1f9e3fc"


def test_comments_and_layout_do_not_change_the_hash() -> None:
    noted = changed("name: 试点市", "# a remark\n\nname:   试点市")
    assert PolicyBook([parse_scheme(noted, "a")]).hash == PolicyBook([parse_scheme(BASE, "a")]).hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rate: 80%", "rate: 81%"),
        ("name: 试点市", "name: 试点县"),
        ("title: made up", "title: invented"),
        ("reviewed_until: 2024-12-31", "reviewed_until: 2024-12-30"),
    ],
)
def test_whatever_the_file_says_changes_the_hash(old: str, new: str) -> None:
    other = PolicyBook([parse_scheme(changed(old, new), "a")])
    assert other.hash != PolicyBook([parse_scheme(BASE, "a")]).hash


def test_another_order_of_members_changes_the_hash_as_it_renumbers_the_rows() -> None:
    text = changed("  active: [active]\n", "")
    text = changed(
        "[retired, retired_cadre]\n", "[retired, retired_cadre]\n  active: [active]\n", text
    )
    swapped = parse_scheme(text, "a")
    assert swapped.dimensions.members["person_class"] == ("retired", "active")
    assert PolicyBook([swapped]).hash != PolicyBook([parse_scheme(BASE, "a")]).hash


def test_a_single_file_is_a_book(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml")
    write(tmp_path, "b.yaml", OTHER)
    assert [scheme.key for scheme in load_book(path).schemes] == [("000000", "employee")]


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_policies_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    assert refused(tmp_path / name).code == "no_policies"


def test_a_source_is_looked_up_in_the_folders_own_list(tmp_path: Path) -> None:
    write(tmp_path, "sources.yaml", SOURCES)
    write(tmp_path, "a.yaml", SOURCED)
    [scheme] = load_book(tmp_path).schemes
    assert scheme.document.source(("benefits", "inpatient")) == "notice-1#art-3"


def test_a_source_is_looked_up_in_the_shipped_list(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", SOURCED.replace("notice-1", "social-insurance-law"))
    assert len(load_book(tmp_path).schemes) == 1


def test_a_source_that_no_list_holds_is_refused_at_its_line(tmp_path: Path) -> None:
    write(tmp_path, "place/a.yaml", SOURCED)
    error = refused(tmp_path)
    line = SOURCED.splitlines().index("source: notice-1#art-3") + 1
    assert (error.code, error.file, error.line) == ("unknown_source", "place/a.yaml", line)


def test_a_list_of_sources_without_sources_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "sources.yaml", "notice-1: {title: A notice}\n")
    write(tmp_path, "a.yaml", SOURCED)
    assert refused(tmp_path).code == "sources"


def test_an_error_in_any_file_refuses_the_book_and_names_it(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml")
    write(tmp_path, "b/c.yaml", OTHER.replace("rate: 80%", "rate: 180%"))
    error = refused(tmp_path)
    assert (error.code, error.file) == ("rate_above_one", "b/c.yaml")
