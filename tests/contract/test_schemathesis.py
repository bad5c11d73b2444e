"""Requests drawn from the published description are answered as it says.

What is drawn knows no region, scheme or class that exists; known ones are put in, so that requests
reach the ledger. Decision record 35 says what `no_valid_request_is_malformed` stands in for.
"""

import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode, Response
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.app import create_app
from api.national.signatures import signed_headers
from api.settings import Settings
from engine.storage.credentials import issue
from engine.storage.lake import Lake
from tests.http_client import TestClient
from tests.rest_hospital import serving
from tests.stamps import next_stamp

EXAMPLES, STORIES, STEPS = 25, 25, 10
KNOWN = {"region": "000000", "scheme": "employee"}
DRAWN = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


class Service:
    """The application with a policy, and a key that may be exchanged for that of a newcomer."""

    def __init__(self, client: TestClient) -> None:
        self.schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
        self._database = Lake(client.app.state.settings.lake).database  # type: ignore[attr-defined]
        self._number = 0
        self.newcomer()

    def newcomer(self) -> None:
        self._number += 1
        self._key = issue(self._database, self.person, int(time.time()), "operator")

    @property
    def person(self) -> str:
        """A name that no story before this one has used."""
        return f"X{self._number}"

    def headers(self) -> dict[str, str]:
        return signed_headers(self._key, "drawn", next_stamp())

    def checked(self, case: Case[Any]) -> Response:
        response = case.call(headers=self.headers())
        self.check(case, response)
        return response

    def check(self, case: Case[Any], response: Response) -> None:
        case.validate_response(response, excluded_checks=[positive_data_acceptance])
        no_valid_request_is_malformed(case, response)


def no_valid_request_is_malformed(case: Case[Any], response: Response) -> None:
    positive = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if positive and response.status_code in {400, 422}:
        assert response.json()["code"] not in {"invalid_request", "bad_request"}, response.text


def served() -> Iterator[Service]:
    endless = {"rate_per_second": 10**6, "rate_burst": 10**6}
    with TemporaryDirectory() as folder, serving(Path(folder), **endless) as client:
        yield Service(client)


service = pytest.fixture(scope="module")(served)
fresh = pytest.fixture()(served)
"""What was seen of the service guides what is drawn: stories are to begin from nothing."""


def known(case: Case[Any], person: str = "P1") -> Case[Any]:
    """Put in what the policies know, so that a request that is well formed goes further."""
    body: Any = deepcopy(case.body)
    if not isinstance(body, dict) or not KNOWN.keys() <= body.keys():
        return case
    body |= KNOWN
    if isinstance(body.get("person"), dict):
        body["person"] = {"class": "active"}
    if isinstance(body.get("person_id"), str):
        body["person_id"] = person
    for event in (body.get("event"), *(body.get("events") or ())):
        if isinstance(event, dict) and "level" in event:
            event |= {"level": "L3", "visit": "inpatient"}
    case.body = body
    return case


OPERATIONS = [
    f"{method.upper()} {path}"
    for path, methods in create_app(Settings()).openapi()["paths"].items()
    for method in methods
]


@pytest.mark.parametrize("label", OPERATIONS)
def test_what_is_drawn_for_an_operation_is_answered_as_described(
    service: Service, label: str
) -> None:
    operation = service.schema.find_operation_by_label(label)
    assert operation is not None
    statuses = set()

    @given(case=operation.as_strategy())
    @DRAWN
    def send(case: Case[Any]) -> None:
        statuses.add(service.checked(case).status_code)
        positive = case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE
        if positive:
            statuses.add(service.checked(known(case)).status_code)

    send()
    assert statuses
    assert not {status for status in statuses if status >= 500}


def test_stories_of_linked_requests_are_answered_as_described(fresh: Service) -> None:
    class Story(fresh.schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            # Each story begins where nothing is settled, so that equal draws end equally.
            fresh.newcomer()

        def before_call(self, case: Case[Any]) -> None:
            known(case, fresh.person)

        def get_call_kwargs(self, _case: Case[Any]) -> dict[str, Any]:
            return {"headers": fresh.headers()}

        def validate_response(self, response: Response, case: Case[Any], **_given: Any) -> None:
            fresh.check(case, response)

    Story.run(
        settings=settings(
            DRAWN, max_examples=STORIES, stateful_step_count=STEPS, phases=[Phase.generate]
        )
    )
