"""The form of a case file, checked strictly before anything is settled."""

import datetime
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from engine.claims.columns import FAMILY_MAX
from engine.errors import ClaimError
from engine.periods import date_of_text


def _text(value: Any) -> Any:
    """Return a plain integer, which loses nothing as text, as text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_text)]
"""A name or a code, quoted or not."""

Year = Annotated[int, Field(ge=1900, le=9999)]
Number = Annotated[int, Field(ge=0, le=9999)]
Date = Annotated[datetime.date, BeforeValidator(date_of_text)]


class Form(BaseModel):
    """Any mapping of a case file: no unknown key, no coercion but of dates."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CaseLine(Form):
    """A bill line: an amount, or price and quantity, or a refund of an earlier line."""

    code: str = Field(default="", max_length=64)
    amount: str | None = None
    price: str | None = None
    quantity: str | None = None
    item_class: Literal["A", "B", "C"] | None = Field(default=None, alias="class")
    first_share: str | None = None
    ceiling_price: str | None = None
    category: str = "other"
    groups: list[str] = Field(default_factory=list)
    approved: bool = False
    day: Date | None = None
    stream: Literal["ordinary", "final_share", "separate", "excluded"] | None = None
    last_share: str | None = None
    refunds: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _complete(self) -> "CaseLine":
        if self.refunds is not None:
            if self.model_fields_set != {"refunds"}:
                message = "a refund line has `refunds` alone: the rest is that of its original"
                raise ValueError(message)
            return self
        if self.amount is None and (self.price is None or self.quantity is None):
            message = "a line has `amount`, or `price` and `quantity`, or all three"
            raise ValueError(message)
        if self.item_class is None:
            message = "a line has a `class`"
            raise ValueError(message)
        if (self.stream == "final_share") != (self.last_share is not None):
            message = "`last_share` goes with the stream final_share"
            raise ValueError(message)
        return self


class CaseFacts(Form):
    """What terms may depend on; a claim's own facts hold for it alone, before the person's."""

    tier: str | None = None
    insured_from: Date | None = None
    enrolled_months: Number | None = None
    contribution_years: Number | None = None
    registered_diseases: Number | None = None


class CasePerson(CaseFacts):
    """The person whose story it is."""

    person_class: str = Field(alias="class")
    birth_date: Date | None = None
    sex: Literal["male", "female"] | None = None
    statuses: list[str] = Field(default_factory=list)


class CaseState(Form):
    """Counters left by events before the story."""

    year: Year | None = None
    month: int | None = Field(default=None, ge=1, le=12)
    counters: dict[str, str | int | datetime.date] = Field(default_factory=dict)
    account_balance: str | None = None
    family_balances: list[str] = Field(default_factory=list, max_length=FAMILY_MAX)


NEEDS = {
    "claim": ("visit", "level", "begin", "end"),
    "cancel": ("of",),
    "account_credit": ("amount",),
    "family_link": ("account", "amount"),
    "class_change": ("person_class",),
    "cover_change": ("on",),
    "registration": ("registration", "registered_from"),
    "application": ("benefit", "year", "settled"),
    "allowance": ("allowance", "on"),
    "year_close": ("year",),
}
"""The keys that an event of each kind must have."""

CHANGES = {"class_change", "cover_change"}


class CaseEvent(CaseFacts):
    """One event; which keys it needs depends on its kind."""

    id: Text | None = None
    kind: Literal[
        "claim",
        "cancel",
        "account_credit",
        "family_link",
        "class_change",
        "cover_change",
        "registration",
        "application",
        "allowance",
        "year_close",
    ] = "claim"
    visit: str | None = None
    level: str | None = None
    begin: Date | None = None
    end: Date | None = None
    settled: Date | None = None
    stay: str | None = None
    segment: int = Field(default=1, ge=1, le=999_999)
    interim: bool = False
    disease: str | None = None
    institution: str | None = None
    filing: Literal[
        "local", "long_term", "transfer", "emergency", "temporary", "not_filed", "not_networked"
    ] = "local"
    transfer: bool = False
    account_used: bool = False
    total: str | None = None
    self_pay_off_list: str | None = None
    self_pay_over_price: str | None = None
    self_pay_first_share: str | None = None
    lines: list[CaseLine] | None = Field(default=None, min_length=1)
    of: Text | None = None
    amount: str | None = None
    account: int | None = Field(default=None, ge=1, le=FAMILY_MAX)
    person_class: str | None = Field(default=None, alias="class")
    year: Year | None = None
    on: Date | None = None
    registration: str | None = None
    registered_from: Date | None = Field(default=None, alias="from")
    until: Date | None = None
    benefit: str | None = None
    allowance: str | None = None
    case: str | None = None
    wage: str | None = None
    employer_wage: str | None = None
    days: int | None = Field(default=None, ge=0, le=9_999)
    months: str | None = None
    children: int | None = Field(default=None, ge=1, le=99)
    years_to_retirement: int | None = Field(default=None, ge=0, le=99)

    @model_validator(mode="after")
    def _complete(self) -> "CaseEvent":
        missing = [name for name in NEEDS[self.kind] if getattr(self, name) is None]
        if missing:
            message = f"an event of kind {self.kind} needs {', '.join(missing)}"
            raise ValueError(message)
        if self.kind == "claim" and (self.total is None) == (self.lines is None):
            message = "a claim has either `total` or `lines`"
            raise ValueError(message)
        if (self.interim or self.segment > 1) and self.stay is None:
            message = "a claim that bills a part of a stay names the stay (`stay`)"
            raise ValueError(message)
        for begin, end in ((self.begin, self.end), (self.registered_from, self.until)):
            if begin and end and end < begin:
                message = f"the {self.kind} ends ({end}) before it begins ({begin})"
                raise ValueError(message)
        return self

    def holds_on(self, on: datetime.date) -> bool:
        """Return whether a registration holds on a day; `until` is inclusive."""
        begins, until = self.registered_from, self.until
        return begins is not None and begins <= on and (until is None or on <= until)

    def claim_date(self, which: str) -> datetime.date | None:
        """Return the date that picks the claim's terms: its `end` or its `settlement`."""
        return self.end if which == "end" else self.settled or self.end


class CaseFile(Form):
    """A whole case: whose policy, which person, what state, what happened."""

    region: Text | None = None
    scheme: str | None = None
    policy: dict[str, Any] | None = None
    person: CasePerson
    state: CaseState | None = None
    events: list[CaseEvent] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_policy(self) -> "CaseFile":
        if (self.policy is None) != (self.region is not None and self.scheme is not None):
            message = "a case names `region` and `scheme`, or holds a `policy`"
            raise ValueError(message)
        ids = [event.id for event in self.events if event.id is not None]
        if len(set(ids)) != len(ids):
            message = "two events have the same id"
            raise ValueError(message)
        return self

    def classes(self, changes: Collection[str]) -> list[str]:
        """Return the person's class at each event; events of the kinds `changes` change it."""
        found, now = [], self.person.person_class
        for event in self.events:
            if event.kind in changes and event.person_class is not None:
                now = event.person_class
            found.append(now)
        return found


FAULTS = {
    "missing": "缺少必填项",
    "extra_forbidden": "没有这个键，请核对拼写",
    "literal_error": "不在可选的词之列",
    "string_type": "须是文本，金额请加引号",
    "int_type": "须是整数",
    "list_type": "须是列表",
    "mapping_type": "须是键值形式",
    "model_type": "须是键值形式",
    "bool_type": "须是 true 或 false",
    "date_type": "须是日期，如 2024-03-31",
}
"""What the commonest faults of form are called in Chinese."""


def read_form(case: Mapping[str, Any]) -> CaseFile:
    """Return a case mapping as its form; events without an id are named by their number.

    Raises:
        ClaimError: `case_format`; it says where and why.
    """
    if isinstance(case.get("events"), list):
        events = [
            {"id": str(k + 1), **event} if isinstance(event, Mapping) else event
            for k, event in enumerate(case["events"])
        ]
        case = {**case, "events": events}
    try:
        return CaseFile.model_validate(case)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "case"
        fault = FAULTS.get(first["type"], first["msg"])
        raise ClaimError(
            "case_format",
            f"案例文件 {place} 处不合格式：{fault}；格式见 docs/case-files.md",
            f"the case is not of the form at {place}: {first['msg']}; see docs/case-files.md",
            place=place,
        ) from error
