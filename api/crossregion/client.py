"""The region of care speaks to another region's agency: signed JSON, with a time limit."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.national.header_schemes import mac_signature
from api.national.signed import Received
from engine.errors import ClaimError, StorageError
from engine.ledger.crossregion import (
    Answered,
    Ask,
    Cover,
    Covered,
    Inquiry,
    Reversal,
    Verb,
    read_answer,
)
from engine.policy.reader import read_document
from engine.storage.care_claims import unknown_outcome

PATH = "/v1/cross-region:"
ANSWER_BYTES_MAX = 64 * 1024
DONE = 200
REFUSED = frozenset({404, 409, 422})
"""Answers by which a region refuses what was asked and has changed nothing. Any other leaves the
outcome unknown: what was sent before may have been carried out."""

MILLISECONDS = 1000


class Counterparty(BaseModel):
    """Where another region's agency is reached, and the key that it has issued to this one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^https?://[^/]+/?$")]
    access_key: Annotated[str, Field(min_length=1)]
    secret: Annotated[str, Field(min_length=16, repr=False)]
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 10.0


@dataclass(frozen=True, slots=True)
class HttpHome:
    """A region of insurance behind HTTP; a `Home`."""

    at: Counterparty

    def check(self, cover: Cover) -> Covered:
        """Tell whether a person is insured on a day."""
        try:
            return Covered.model_validate_json(self._asked("check", cover))
        except ValidationError as error:
            raise unknown_outcome() from error

    def preview(self, ask: Ask) -> Answered:
        """Tell what a bill would come to; nothing changes."""
        return read_answer(self._asked("preview", ask))

    def settle(self, ask: Ask) -> Answered:
        """Settle a bill, once for each claim id."""
        return read_answer(self._asked("settle", ask))

    def reverse(self, reversal: Reversal) -> Answered:
        """Undo a claim, once."""
        return read_answer(self._asked("reverse", reversal))

    def inquire(self, inquiry: Inquiry) -> Answered:
        """Tell what became of a claim."""
        return read_answer(self._asked("inquire", inquiry))

    def _asked(self, verb: Verb, message: BaseModel) -> bytes:
        body = message.model_dump_json().encode()
        try:
            status, answer = self._sent(PATH + verb, body)
        except (OSError, HTTPException) as error:
            raise unknown_outcome() from error
        if status == DONE:
            return answer
        raise _refusal(status, answer)

    def _sent(self, path: str, body: bytes) -> tuple[int, bytes]:
        to = urlsplit(self.at.url)
        kind = HTTPSConnection if to.scheme == "https" else HTTPConnection
        connection = kind(to.netloc, timeout=self.at.timeout_seconds)
        try:
            connection.request("POST", path, body, self._headers(path, body))
            response: HTTPResponse = connection.getresponse()
            return response.status, response.read(ANSWER_BYTES_MAX)
        finally:
            connection.close()

    def _headers(self, path: str, body: bytes) -> dict[str, str]:
        """Return headers whose signature covers address and body: no middleman changes either."""
        headers = {
            "x-ca-key": self.at.access_key,
            "x-ca-timestamp": str(time.time_ns() // (1_000_000_000 // MILLISECONDS)),
            "x-ca-nonce": secrets.token_hex(16),
        }
        request = Received("POST", path, headers, body)
        signature = mac_signature(request, self.at.secret)
        return headers | {"x-ca-signature": signature, "Content-Type": "application/json"}


def read_homes(file: Path | None) -> Mapping[str, HttpHome]:
    """Return the regions that a file of counterparties names, by their codes; none without one.

    Raises:
        PolicyError: the file is no strict YAML.
        StorageError: `counterparties_format`.
    """
    if file is None:
        return {}
    told = read_document(file, file.name).value
    try:
        return {
            region: HttpHome(Counterparty.model_validate(one))
            for region, one in (told or {}).items()
        }
    except (ValidationError, AttributeError) as error:
        raise StorageError(
            "counterparties_format",
            f"异地对端文件 {file.name} 不合格式：每个参保地区划下写 url、access_key、secret",
            f"the file of counterparties {file.name} is not of the form: under each region's code "
            "it has url, access_key and secret",
        ) from error


def _refusal(status: int, answer: bytes) -> ClaimError | StorageError:
    """Return another region's refusal as our own, or that its outcome is unknown."""
    if status not in REFUSED:
        return unknown_outcome()
    try:
        told = json.loads(answer)
        code, detail = str(told["code"]), str(told["detail"])
    except (ValueError, KeyError, TypeError):
        return unknown_outcome()
    zh, _, en = detail.partition(" | ")
    return ClaimError(code, f"参保地：{zh}", f"the region of insurance: {en or zh}")
