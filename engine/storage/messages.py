"""A message that asks the ledger for something, and how it is read from the bytes of a request."""

import datetime
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.claims.codes import Code, reasons
from engine.claims.columns import Event, Ints
from engine.claims.keys import content_key
from engine.errors import ClaimError
from engine.policy.compiler import CompiledBook
from engine.settlement.case import read_story
from engine.settlement.case_form import read_form
from engine.settlement.settle import located

EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001 - the bureau's local time, as everywhere


VOID = "void"
"""The verb of a message that was reversed before it came: it is not carried out. Stored."""


class Verb(StrEnum):
    """What a message asks for. The texts are stored: never change one."""

    SETTLE = "settle"
    CANCEL = "cancel"
    REFUND = "refund"
    REVERSE_MESSAGE = "reverse_message"


class Mode(StrEnum):
    """What becomes of later settlements when one in the middle is undone.

    LAST_FIRST refuses it; CASCADE undoes and settles the later ones anew, under the terms of their
    own dates; KEEP lets them stand, and records what they would have come to.
    """

    LAST_FIRST = "last_first"
    CASCADE = "cascade"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One message, ready to post.

    Attributes:
        sender_id: who sent it, with `message_id` its key for ever.
        body_hash: SHA-256 of the bytes that were sent.
        event: what is to be settled, located in the book and priced; the rest, for a refund.
        institution_id, visit_id: the visit that the event bills; empty where it bills none.
        original: the settlement to cancel, or the message to reverse.
        mode: overrides the scheme's own; who may do so is for the caller to know.
        settlement_id: the name that the settlement brings along; else one is made of the key.
        care_region: the region of care that is owed the benefit; empty where the institution is.
        lines: `billed_lines.lines_hash` of what is billed.
    """

    sender_id: str
    message_id: str
    verb: Verb
    person_id: str
    body_hash: str
    settled_at: int
    event: Ints | None = None
    institution_id: str = ""
    visit_id: str = ""
    original: str = ""
    mode: Mode | None = None
    settlement_id: str = ""
    care_region: str = ""
    lines: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other message."""
        return self.sender_id, self.message_id


Id = Annotated[str, Field(min_length=1, max_length=64)]


class _Request(BaseModel):
    """The form of a request: no unknown key, nothing coerced but times."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sender_id: Id
    message_id: Id
    verb: Verb
    person_id: Id
    settled_at: datetime.datetime
    region: Id | None = None
    scheme: Id | None = None
    institution_id: Id | None = None
    visit_id: Id | None = None
    person: dict[str, Any] | None = None
    event: dict[str, Any] | None = None
    original: Id | None = None
    mode: Mode | None = None
    version: Literal[1] = 1


def read_message(body: bytes, book: CompiledBook) -> Message:
    """Return a request's bytes as a message; its event has the form of a case file's.

    Raises:
        ClaimError: `message_format`, `no_policy`, or what a case file would be refused for.
    """
    request = _request(body)
    event, lines = None, ""
    if request.event is not None:
        event, lines = _event(request, request.event, book)
    needs = {
        Verb.SETTLE: event is not None,
        Verb.CANCEL: event is None and request.original is not None,
        Verb.REFUND: event is not None and request.original is not None,
        Verb.REVERSE_MESSAGE: event is None and request.original is not None,
    }
    if not needs[request.verb]:
        raise _refused("event")
    return Message(
        sender_id=request.sender_id,
        message_id=request.message_id,
        verb=request.verb,
        person_id=request.person_id,
        body_hash=hashlib.sha256(body).hexdigest(),
        settled_at=_seconds(request.settled_at),
        event=event,
        institution_id=request.institution_id or "",
        visit_id=request.visit_id or "",
        original=request.original or "",
        mode=request.mode,
        lines=lines,
    )


def fallen(code: Code, message: Message) -> ClaimError:
    """Return the refusal of a message for a reason that a claim of a night is refused for, too."""
    reason = reasons()[code]
    zh, en = reason.zh + reason.do_zh, f"{reason.en} {reason.do_en}"
    return ClaimError(reason.code, zh, en, sender=message.sender_id, message=message.message_id)


def _request(body: bytes) -> _Request:
    try:
        return _Request.model_validate(json.loads(body))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise _refused(".".join(str(part) for part in first["loc"])) from error
    except ValueError as error:
        raise _refused("JSON") from error


def _refused(place: str) -> ClaimError:
    return ClaimError(
        "message_format",
        f"报文 {place} 处不合格式，未作任何处理；请改正后以新的报文号重发",
        f"the message is not of the form at {place}, nothing was done; correct it and send it "
        "with a new message id",
        place=place,
    )


def _event(request: _Request, told: dict[str, Any], book: CompiledBook) -> tuple[Ints, str]:
    """Return an event, located and priced, and the hash of its lines."""
    at = book.book.index(request.region or "", request.scheme or "")
    if at is None:
        raise ClaimError(
            "no_policy",
            f"没有区划 {request.region} 险种 {request.scheme} 的政策；请核对参保地与险种",
            f"there is no policy for region {request.region} and scheme {request.scheme}; "
            "check where and under which scheme the person is insured",
        )
    is_claim = told.get("kind", "claim") == "claim"
    if is_claim and (request.institution_id is None or request.visit_id is None):
        raise _refused("visit_id")
    given = dict(told) | {"settled": request.settled_at.date().isoformat()}
    if is_claim:
        # The ledger knows a stay by its visit, so that its segments find each other.
        given |= {"institution": request.institution_id, "stay": request.visit_id}
    case = {"region": request.region, "scheme": request.scheme, "person": request.person or {}}
    story = read_story(read_form(case | {"events": [given]}), book, at)
    events: Ints = located(book, story.events, story.bill.bills())
    event = events[0]
    event[Event.PERSON] = content_key(request.person_id)
    return np.ascontiguousarray(event), story.bill.lines_hash(0)


def _seconds(moment: datetime.datetime) -> int:
    return int((moment.replace(tzinfo=None) - EPOCH).total_seconds())
