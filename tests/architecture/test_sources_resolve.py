"""Every law that a docstring cites is in the list of sources.

A citation is a line of its own, `Source: 经办条例 art. 46`, with the law's id or short name. More
articles follow after commas, more laws after semicolons.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.architecture.repository import ROOT, product_modules, read

SOURCES = ROOT / "engine" / "policy" / "sources.yaml"
CITATION_LINE = re.compile(r"^\s*Source:(.*)$", re.MULTILINE)
CITATION = re.compile(r"(?P<law>.+?)(?: art\. \d+(?:-\d+)?(?:, \d+(?:-\d+)?)*)?")
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def known_laws(listed: dict[str, Any]) -> set[str]:
    """Ids and short names of a list of sources."""
    sources: dict[str, dict[str, Any]] = listed["sources"]
    return {*sources, *(source["short"] for source in sources.values() if "short" in source)}


def docstrings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED):
            yield ast.get_docstring(node) or ""


def unresolved(source: str, laws: set[str]) -> list[str]:
    """Citations in docstrings of `source` whose law is not in `laws`, as written."""
    lines = [line for text in docstrings(source) for line in CITATION_LINE.findall(text)]
    cited = [one.strip().removesuffix(".") for line in lines for one in line.split(";")]
    return [one for one in cited if law_of(one) not in laws]


def law_of(citation: str) -> str:
    match = CITATION.fullmatch(citation)
    return match["law"] if match else ""


@pytest.mark.parametrize("name", product_modules())
def test_every_law_a_module_cites_is_listed(name: str) -> None:
    laws = known_laws(yaml.safe_load(SOURCES.read_text("utf-8")))
    assert unresolved(read(name), laws) == []


@pytest.mark.parametrize(
    "citation",
    [
        "经办条例 art. 46",
        "law-1 art. 3, 5-7",
        "law-1",
        "law-1 art. 2; 经办条例 art. 4",
        "law-1 art. 2.",
    ],
)
def test_a_listed_law_resolves_by_id_or_short_name(citation: str) -> None:
    laws = known_laws({"sources": {"law-1": {"title": "T"}, "law-2": {"short": "经办条例"}}})
    assert unresolved(f'def f():\n    """Do.\n\n    Source: {citation}\n    """', laws) == []


@pytest.mark.parametrize("citation", ["他法 art. 46", "law-1 article 3", "law-1; law-9 art. 2", ""])
def test_an_unlisted_law_or_an_unreadable_citation_is_found(citation: str) -> None:
    assert unresolved(f'"""Do.\n\nSource: {citation}\n"""', {"law-1"}) != []
