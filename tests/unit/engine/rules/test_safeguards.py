"""What no rule may do: stop care that cannot wait, stop on suspicion, or speak of fraud."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.rules.catalogue import SHIPPED, Rule, load_rules
from engine.rules.examples import SHIPPED as EXAMPLES
from engine.rules.examples import read_examples
from engine.rules.reminders import Reminder, reminders

ROOT = Path(__file__).parents[4]
WORDS = ("fraud", "欺诈", "骗")
OF_OFFICERS_OR_DATA = (
    "engine/cases/inquiry",  # An officer's class of a case, with its facts and their originals.
    "pipelines/commands/inquiry.py",
    "pipelines/synthetic/chronic.py",  # Names of the two classes in a published table.
    "models/labels.py",
    "models/features/refused.py",
)
FRAUD_ARTICLES = {("fund-supervision-regulation-2021", 40), ("handling-regulation-2023", 55)}
FIRST = [rule for rule in load_rules() if rule.stage == "before"]


def reminded(rule: Rule, *, protected: bool) -> list[Reminder]:
    """What is told of the examples in which a rule finds something."""
    given = [facts for one, facts in read_examples() if (one.of, one.kind) == (rule.id, "finds")]
    return [told for facts in given for told in reminders([rule], facts, protected=protected)]


@pytest.mark.parametrize("rule", FIRST, ids=lambda rule: rule.id)
def test_a_rule_of_the_first_stage_stops_where_it_is_sure_and_care_can_wait(rule: Rule) -> None:
    told = reminded(rule, protected=False)
    assert told
    assert {one.stops for one in told} == {rule.level == "definite"}
    assert not any(one.stops for one in reminded(rule, protected=True))


def test_no_rule_rests_on_an_article_about_fraud() -> None:
    cited = {(basis.source, basis.article) for rule in load_rules() for basis in rule.legal_basis}
    assert not cited & FRAUD_ARTICLES


@pytest.mark.parametrize("file", [SHIPPED, EXAMPLES], ids=lambda file: file.name)
def test_rules_and_examples_name_no_fraud(file: Path) -> None:
    text = "\n".join(
        line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")
    )
    assert not [word for word in WORDS if word in text.lower()]


def written(package: str) -> Iterator[tuple[str, str]]:
    """The texts that a package can write: each constant that is no docstring, with its file."""
    for path in sorted((ROOT / package).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        documented = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and id(node) not in documented:
                yield str(path.relative_to(ROOT)), text


@pytest.mark.parametrize("package", ["engine", "pipelines", "models"])
def test_nothing_that_the_product_writes_calls_anybody_a_fraud(package: str) -> None:
    said = [
        (file, text)
        for file, text in written(package)
        if not file.startswith(OF_OFFICERS_OR_DATA) and any(word in text.lower() for word in WORDS)
    ]
    assert said == []
