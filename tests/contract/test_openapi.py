import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from api.app import create_app
from api.schemas.nights import Night
from api.schemas.settlements import Amounts
from api.schemas.story import EXAMPLE, Story
from api.schemas.values import Money
from api.settings import Settings
from engine.claims.amounts import AMOUNT_COLUMNS
from tests.http_client import night_summary

DESCRIPTION: dict[str, Any] = create_app(Settings()).openapi()
SCHEMAS = DESCRIPTION["components"]["schemas"]
GOOD_MONEY = ["0", "12", "12.3", "12.30", "-0.05", "9999999999.99"]
BAD_TEXTS = ["", "12.345", "1e3", "1,000", "+1", " 1", "1 ", "１２", "12.", ".5", "NaN", "12\n"]
BAD_MONEY = [*BAD_TEXTS, "10000000000", 0, 12, 10**10, 12.5, True, None]
OPERATIONS = [
    (path, method, operation)
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
]


def nodes(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from nodes(child)


def admits(schema: dict[str, Any], value: object) -> bool:
    """Whether a schema of scalar alternatives admits a value, read as JSON Schema reads it."""
    for choice in schema.get("anyOf", [schema]):
        if choice["type"] == "string" and isinstance(value, str):
            # JSON Schema's $ is the end of the text; Python's also stands before a last newline.
            return re.search(choice["pattern"].replace("$", r"\Z"), value) is not None
    return False


def accepts(value: object) -> bool:
    try:
        TypeAdapter(Money).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def test_the_description_is_openapi_3_1_with_unique_operations() -> None:
    assert DESCRIPTION["openapi"].startswith("3.1.")
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names) == len(OPERATIONS)


def test_every_reference_resolves() -> None:
    wanted = {node["$ref"] for node in nodes(DESCRIPTION) if isinstance(node.get("$ref"), str)}
    assert wanted
    assert wanted <= {f"#/components/schemas/{name}" for name in SCHEMAS}


def test_the_published_routes_are_these() -> None:
    assert {(method, path) for path, method, _ in OPERATIONS} == {
        ("get", "/healthz"),
        ("get", "/v1/nights/latest"),
        ("post", "/v1/settlements:preview"),
        ("post", "/v1/settlements:receipt"),
        ("get", "/v1/settlements"),
        ("post", "/v1/settlements"),
        ("post", "/v1/settlements:presettle"),
        ("get", "/v1/settlements/{settlement_id}"),
        ("post", "/v1/settlements/{settlement_id}:cancel"),
        ("get", "/v1/persons/{person_id}/accumulators"),
        ("get", "/v1/cases"),
        ("get", "/v1/cases/{case_id}"),
        ("post", "/fsi/api/rsfComIfsService/callService"),
        *(
            ("post", f"/v1/cross-region:{verb}")
            for verb in ("check", "preview", "settle", "reverse", "inquire")
        ),
    }


def test_no_case_is_told_by_a_word_that_judges() -> None:
    told = [name for name in SCHEMAS if name.endswith(("Case", "CasePage", "CaseStep"))]
    text = json.dumps([SCHEMAS[name] for name in told], ensure_ascii=False).lower()
    assert len(told) == 5
    assert not [word for word in ("fraud", "骗") if word in text]


def test_every_refusal_is_published_as_a_problem() -> None:
    refusals = [
        answer
        for _, _, operation in OPERATIONS
        for status, answer in operation["responses"].items()
        if int(status) >= 400
    ]
    assert refusals
    assert all(list(answer["content"]) == ["application/problem+json"] for answer in refusals)


def test_no_object_of_a_request_takes_unknown_fields() -> None:
    body = {name for name in SCHEMAS if name in {"Story", "Person", "OpeningState", "PlainLine"}}
    body |= {"PricedLine", "ClaimByTotals", "ClaimByLines", "Cancel", "AccountCredit"}
    body |= {"RefundLine", "FamilyLink"}
    body |= {"ClassChange", "YearClose", "CoverChange", "Registration", "Application"}
    body |= {"AllowanceEvent", "Cover", "Ask", "Reversal", "Inquiry"}
    assert all(SCHEMAS[name]["additionalProperties"] is False for name in body)


@pytest.mark.parametrize("value", [*GOOD_MONEY, *BAD_MONEY])
def test_the_schema_of_money_admits_what_the_service_accepts(value: object) -> None:
    assert admits(SCHEMAS["ClaimByTotals"]["properties"]["total"], value) == accepts(value)


@pytest.mark.parametrize("value", GOOD_MONEY)
def test_money_is_accepted_as_text(value: object) -> None:
    assert accepts(value)


@pytest.mark.parametrize("value", BAD_MONEY)
def test_money_is_refused_in_any_other_form(value: object) -> None:
    assert not accepts(value)


def test_no_amount_of_an_answer_is_a_float() -> None:
    amounts = [
        schema
        for node in nodes(SCHEMAS)
        for name, schema in node.get("properties", {}).items()
        if name.endswith("_fen")
    ]
    assert len(amounts) > len(AMOUNT_COLUMNS)
    assert {schema["type"] for schema in amounts} == {"integer"}


def test_the_amounts_of_an_answer_are_the_engine_s() -> None:
    assert list(Amounts.model_fields) == list(AMOUNT_COLUMNS)


def test_the_published_example_is_a_story() -> None:
    assert SCHEMAS["Story"]["examples"] == [EXAMPLE]
    assert Story.model_validate(EXAMPLE).region == "610100"


def test_the_night_has_the_published_form() -> None:
    assert Night.model_validate(night_summary()).model_dump(mode="json") == night_summary()
