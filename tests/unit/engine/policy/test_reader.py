"""The strict reader: nothing that could be read in two ways, and every value knows its line."""

import datetime
from pathlib import Path

import pytest

from engine.errors import PolicyError
from engine.policy.reader import Document, read_document


def refused(text: str) -> tuple[str, int]:
    with pytest.raises(PolicyError) as caught:
        Document("f.yaml", text)
    return caught.value.code, caught.value.line


def test_values_come_as_text_integers_dates_booleans_and_none() -> None:
    text = 'a: "1.50"\nb: 7\nc: 2023-01-31\nd: true\ne: null\nf: [85%, -3]'
    assert Document("f", text).value == {
        "a": "1.50",
        "b": 7,
        "c": datetime.date(2023, 1, 31),
        "d": True,
        "e": None,
        "f": ["85%", -3],
    }


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "On", "NO", "y", "n"])
def test_a_word_that_yaml_takes_for_a_boolean_stays_text(word: str) -> None:
    assert Document("f", f"{word}: {word}").value == {word: word}


@pytest.mark.parametrize("word", ["true", "false", "True", "FALSE"])
def test_true_and_false_are_booleans(word: str) -> None:
    assert Document("f", f"a: {word}").value == {"a": word.lower() == "true"}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: 2\na: 3", "repeated_key", 3),
        ("a:\n  b: 1\n  c: 2\n  b: 1", "repeated_key", 4),
        ("a: 1\nb:\n- 2\n- 0.5", "bare_decimal", 4),
        ("a: .inf", "bare_decimal", 1),
        ("1.5: a", "bare_decimal", 1),
        ("a: 1\nb: 010", "odd_integer", 2),
        ("a: 0x1f", "odd_integer", 1),
        ("a: 12:30", "odd_integer", 1),
        ("a: 1_000", "odd_integer", 1),
        ("a: +5", "odd_integer", 1),
        ("a: 1\n610100: 2", "key_not_text", 2),
        ("a: 1\ntrue: 2", "key_not_text", 2),
        ("a: 1\n? [b]\n: 2", "key_not_text", 2),
        ("a: &x 1\nb: *x", "alias", 2),
        ("a: &x [*x]", "alias", 1),
        ("a: {b: 1}\n<<: {c: 1}", "yaml", 2),
        ("a: 1\nb: 2023-02-30", "yaml", 2),
        ("a: !secret x", "yaml", 1),
        ("a: 1\nb: [", "yaml", 3),
        ("a: 1\n---\nb: 1", "yaml", 2),
        ("a: \x00", "yaml", 0),
    ],
)
def test_what_could_be_misread_is_refused_with_its_line(text: str, code: str, line: int) -> None:
    assert refused(text) == (code, line)


def test_an_error_names_file_and_line_in_both_languages() -> None:
    with pytest.raises(PolicyError, match=r"f\.yaml:2: .*重复") as caught:
        Document("f.yaml", "a: 1\na: 2")
    assert "f.yaml:2: the key 'a' stands twice" in caught.value.message_en


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gbk.yaml"
    path.write_bytes("name: 西安市".encode("gbk"))
    with pytest.raises(PolicyError) as caught:
        read_document(path)
    assert (caught.value.code, caught.value.file) == ("yaml", path.as_posix())


def test_a_file_is_known_by_the_name_given(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1", encoding="utf-8")
    assert read_document(path, "region/a.yaml").file == "region/a.yaml"


LINES = "a:\n  b:\n  - x\n  - c: 1\nd: 2"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a", "b", 0), 3),
        (("a", "b", 1, "c"), 4),
        (("d",), 5),
        (("a", "b", 1, "missing", "deeper"), 4),
        (("missing",), 1),
    ],
)
def test_a_path_has_its_line_or_that_of_what_encloses_it(
    path: tuple[str | int, ...], line: int
) -> None:
    assert Document("f", LINES).line(path) == line


SOURCES = """
source: outer
a:
  source: middle
  b: [1, {source: inner, c: 2}]
d: {source: {title: T, article: 3}, e: 1}
f: 1
"""


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (("f",), "outer"),
        (("a", "b", 0), "middle"),
        (("a", "b", 1, "c"), "inner"),
        (("a", "not there"), "middle"),
        (("d", "e"), "T，3"),
    ],
)
def test_the_nearest_mapping_that_has_a_source_gives_it(
    path: tuple[str | int, ...], source: str
) -> None:
    assert Document("f", SOURCES).source(path) == source


def test_a_value_without_any_source_is_refused_at_its_line() -> None:
    with pytest.raises(PolicyError) as caught:
        Document("f", "a: 1\nb: {source: x}\nc: 1").source(("c",))
    assert (caught.value.code, caught.value.line) == ("no_source", 3)


def test_a_part_keeps_the_lines_of_its_file() -> None:
    part = Document("f", "a: 1\npolicy:\n  b:\n    c: 2").part("policy")
    assert part.value == {"b": {"c": 2}}
    assert part.line(("b", "c")) == 4
    assert part.line(("b", "missing")) == 3


def test_an_error_knows_the_top_key_that_it_stands_under() -> None:
    with pytest.raises(PolicyError) as caught:
        Document("case.yaml", "person: {class: adult}\npolicy:\n  levels: [L1]\n  rate: {a: 0.7}\n")
    assert (caught.value.within, caught.value.line) == ("policy", 4)
