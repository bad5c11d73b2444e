"""docs/law.md has a row for every article, and what a row names exists.

A row links code by its name in backticks, `[`settle`]`, and a test by its name in words. Below the
tables, each link leads to the file that defines it.
"""

import ast
import re
from typing import NamedTuple

import pytest

from tests.architecture.repository import ROOT, read

TABLE = "docs/law.md"
ARTICLES = {"经办条例": range(6, 58), "基金条例": range(38, 47), "社会保险法": range(28, 29)}
DEFINITION = re.compile(r"^\[(?P<label>[^\]]+)\]: \.\./(?P<path>\S+)$", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]")


class Row(NamedTuple):
    law: str
    article: int
    asks: str
    implements: str
    tests: str


def rows(text: str) -> list[Row]:
    """The rows of all tables that begin with an article's number."""
    found = []
    law = ""
    for line in text.splitlines():
        if line.startswith("## "):
            law = line.removeprefix("## ")
        elif re.match(r"\| \d+ \|", line):
            number, asks, implements, tests = (cell.strip() for cell in line[1:-1].split("|"))
            found.append(Row(law, int(number), asks, implements, tests))
    return found


def files_of(text: str) -> dict[str, str]:
    """The file that each link leads to, by its label."""
    return {match["label"]: match["path"] for match in DEFINITION.finditer(text)}


def name_of(label: str) -> str:
    """The Python name behind a label: itself in backticks, a test's in words."""
    return label.strip("`") if label.startswith("`") else f"test_{label.replace(' ', '_')}"


def names_in(source: str) -> set[str]:
    """Names of the functions and classes that a module defines at its top."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.parse(source).body if isinstance(node, kinds)}


def wrong_with(row: Row, files: dict[str, str]) -> list[str]:
    """What is wrong with a row, a phrase each."""
    code, tests = LINK.findall(row.implements), LINK.findall(row.tests)
    found = [f"no file for {label}" for label in [*code, *tests] if label not in files]
    found += [f"{label} is no code" for label in code if not label.startswith("`")]
    found += [f"{label} is no test" for label in tests if not name_of(label).startswith("test_")]
    if bool(code) != bool(tests):
        found.append("code without a test, or a test without code")
    if not code and not row.implements.startswith(("not built yet", "outside")):
        found.append("neither code nor a word on why there is none")
    return found


LAW = read(TABLE)


@pytest.mark.parametrize("law", ARTICLES)
def test_every_article_has_one_row_in_order(law: str) -> None:
    assert [row.article for row in rows(LAW) if row.law == law] == list(ARTICLES[law])


@pytest.mark.parametrize("row", rows(LAW), ids=lambda row: f"{row.law} {row.article}")
def test_a_row_says_what_is_asked_and_names_code_with_its_test(row: Row) -> None:
    assert row.asks != ""
    assert wrong_with(row, files_of(LAW)) == []


@pytest.mark.parametrize(("label", "path"), files_of(LAW).items())
def test_a_name_in_the_table_is_defined_in_its_file(label: str, path: str) -> None:
    assert (ROOT / path).is_file()
    assert name_of(label) in names_in(read(path))


def test_every_link_is_used() -> None:
    used = {label for row in rows(LAW) for label in LINK.findall(row.implements + row.tests)}
    assert used == set(files_of(LAW))


def test_a_row_that_does_not_hold_is_found() -> None:
    files = {"`settle`": "a.py", "it settles": "b.py"}
    assert wrong_with(Row("L", 1, "pay", "part: [`settle`]", "[it settles]"), files) == []
    assert wrong_with(Row("L", 1, "pay", "not built yet", ""), files) == []
    assert wrong_with(Row("L", 1, "pay", "some day", ""), files) != []
    assert wrong_with(Row("L", 1, "pay", "[`settle`]", ""), files) != []
    assert wrong_with(Row("L", 1, "pay", "[`settle`]", "[`settle`]"), files) != []
    assert wrong_with(Row("L", 1, "pay", "[`pay`]", "[it settles]"), files) != []


def test_a_name_is_looked_for_at_the_top_of_a_module() -> None:
    assert names_in("def f(): ...\nclass A:\n    def g(self): ...\n") == {"f", "A"}
    assert name_of("`settle`") == "settle"
    assert name_of("a fen is a fen") == "test_a_fen_is_a_fen"
