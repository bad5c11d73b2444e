"""The rules as data, read strictly: nothing unknown, nothing without its form or its source."""

import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.policy.book import SHIPPED as POLICIES
from engine.policy.book import SOURCES_FILE
from engine.policy.reader import Document, Path_, read_document
from engine.rules.facts import Parameters
from engine.rules.registry import FORMS

SHIPPED = Path(__file__).with_name("catalogue.yaml")
SOURCES = POLICIES.parent / SOURCES_FILE


class Part(BaseModel):
    """Any mapping of the catalogue: no unknown key, no coercion."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Words(Part):
    """A text in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Basis(Part):
    """An article, and the item of its list, of a document of `sources.yaml`."""

    source: str
    article: int = Field(ge=1)
    item: int | None = Field(default=None, ge=1)


class Rule(Part):
    """A rule: what it looks for, how it is corrected, and what speaks for and against it.

    `stage` is the first at which it can be asked: before, of one visit that is not paid yet; after,
    by the night, which asks every rule.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    reference: str = Field(pattern=r"^[PMD][0-9]{2}$")
    label_zh: str = Field(min_length=1)
    label_en: str = Field(min_length=1)
    level: Literal["definite", "suspicious"]
    form: str
    parameters: Parameters
    correction: Literal["void", "off_list", "uncharged", "none"]
    legal_basis: list[Basis] = Field(min_length=1)
    in_force: datetime.date
    stage: Literal["before", "after"]
    exemptions: list[Words]
    expected_false_positives: list[Words] = Field(min_length=1)


class CatalogueFile(Part):
    """The file, its rules not yet read."""

    rules: list[dict[str, Any]] = Field(min_length=1)


Model = TypeVar("Model", bound=BaseModel)


@cache
def load_rules(path: Path = SHIPPED) -> tuple[Rule, ...]:
    """Return the rules of a catalogue in its order.

    Raises:
        PolicyError: the file is refused, a rule and a form do not find each other, an id stands
            twice, or `sources.yaml` holds no such document; it names file and line.
    """
    document = read_document(path, path.name)
    entries = _read(document, CatalogueFile, document.value, ()).rules
    rules = [_rule(document, entry, ("rules", k)) for k, entry in enumerate(entries)]
    _check_ids(document, [rule.id for rule in rules])
    _check_sources(document, rules)
    _check_forms(document, rules)
    return tuple(rules)


def _rule(document: Document, entry: dict[str, Any], path: Path_) -> Rule:
    name = entry.get("form")
    if not isinstance(name, str) or name not in FORMS:
        raise document.error(
            "unknown_form",
            (*path, "form"),
            f"没有规则形式 {name!r}；已有 {'、'.join(FORMS)}",
            f"there is no form {name!r}; there are {', '.join(FORMS)}",
        )
    given, place = entry.get("parameters"), (*path, "parameters")
    parameters = _read(document, FORMS[name].parameters, given, place)
    return _read(document, Rule, entry | {"parameters": parameters}, path)


def _read(document: Document, model: type[Model], value: Any, path: Path_) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        at = (*path, *first["loc"])
        place = ".".join(str(part) for part in at)
        raise document.error(
            "shape", at, f"{place}：{first['msg']}", f"{place}: {first['msg']}"
        ) from error


def _check_ids(document: Document, ids: list[str]) -> None:
    for k, name in enumerate(ids):
        if name in ids[:k]:
            raise document.error(
                "rule_twice",
                ("rules", k, "id"),
                f"规则 {name} 出现两次；编号须唯一，否则疑点无从归属",
                f"the rule {name} stands twice; a finding could not tell which of them found it",
            )


def _check_sources(document: Document, rules: list[Rule]) -> None:
    known = read_document(SOURCES).value["sources"]
    for k, rule in enumerate(rules):
        for at, basis in enumerate(rule.legal_basis):
            if basis.source not in known:
                raise document.error(
                    "unknown_source",
                    ("rules", k, "legal_basis", at, "source"),
                    f"sources.yaml 中没有来源 {basis.source}",
                    f"sources.yaml holds no source {basis.source}",
                )


def _check_forms(document: Document, rules: list[Rule]) -> None:
    unused = sorted(set(FORMS) - {rule.form for rule in rules})
    if unused:
        raise document.error(
            "unused_form",
            ("rules",),
            f"规则形式 {'、'.join(unused)} 没有规则使用；请补规则或删去形式",
            f"no rule has the form {', '.join(unused)}; add the rule or remove the form",
        )
