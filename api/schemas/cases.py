"""What an investigator reads of inquiries and recoveries, without free text and names."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field
from pydantic.json_schema import SkipJsonSchema

from api.schemas.settlements import Answer
from api.schemas.values import Date

Kind: TypeAlias = Literal["inquiry", "recovery"]
Standing: TypeAlias = Literal["overpayment", "breach", "violation", "with_purpose"]
DAY = "2026-05-01"


class AskedCases(BaseModel):
    """Which cases a list shows."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind | None = Field(default=None, description="稽核或追回 | inquiry or recovery")
    opened_from: Date | None = Field(default=None, description="立案日期自 | first day")
    opened_before: Date | None = Field(
        default=None, description="立案日期至（不含） | the day after the last"
    )
    cursor: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,400}$")] | None = Field(
        default=None, description="上一页的 next | `next` of the page before"
    )
    limit: int = Field(default=50, ge=1, le=200, description="每页条数 | entries of a page")


class _Case(Answer):
    case_id: str = Field(description="案号 | name of the case", examples=["Q20260501-0001"])
    region: str
    subject_kind: Literal["person", "provider"]
    subject: str = Field(description="对象编号 | id of whom it is about")
    opened_on: str = Field(examples=[DAY])
    last: str = Field(description="最近一步 | the last step", examples=["heard"])
    last_on: str = Field(examples=[DAY])


class InquiryCase(_Case):
    """Where an inquiry stands."""

    kind: Literal["inquiry"]
    standing: Standing = Field(
        description="类别；with_purpose 为已登记目的事实、只能移送 | class; with_purpose: facts of "
        "purpose are on record and the case can only be handed over"
    )
    basis: list[str] = Field(description="条款 | articles")
    decides: Literal["agency", "administration"]
    heard: bool = Field(description="是否已听取陈述申辩 | whether the subject was heard")
    findings: list[str] = Field(description="所依据的疑点或结算 | what it rests on")


class FundOwed(Answer):
    """What is to come back to one fund."""

    fund: str
    proposed_fen: int
    left_fen: int


class RecoveryCase(_Case):
    """Where a recovery stands."""

    kind: Literal["recovery"]
    decision: str = Field(description="决定书文号；尚未决定为空 | empty before a decision")
    owed: list[FundOwed] = Field(description="各基金应追回与未追回 | fund by fund")


AnyCase: TypeAlias = Annotated[InquiryCase | RecoveryCase, Discriminator("kind")]


class CaseStep(Answer):
    """A step of a case. What a subject said and an officer's reasons stay in the case file."""

    event: str = Field(description="事项 | step", examples=["heard"])
    on: str = Field(examples=[DAY])
    officer: str
    to: Standing | SkipJsonSchema[None] = Field(
        default=None, description="升降到的类别 | the new class"
    )
    clause: str | SkipJsonSchema[None] = Field(default=None, description="条款 | article or clause")
    fact: str | SkipJsonSchema[None] = Field(default=None, description="目的事实 | fact of purpose")
    acted_on: str | SkipJsonSchema[None] = Field(
        default=None, description="行为之日 | day of the act"
    )
    original: str | SkipJsonSchema[None] = Field(
        default=None, description="原件类型 | kind of original"
    )
    decision: str | SkipJsonSchema[None] = Field(
        default=None, description="决定书文号 | number of the decision"
    )
    receipt: str | SkipJsonSchema[None] = Field(
        default=None, description="移送回执文号 | number of the receipt"
    )
    due: list[str] | SkipJsonSchema[None] = Field(
        default=None, description="各期日期 | days of instalments"
    )
    amount_fen: int | SkipJsonSchema[None] = Field(
        default=None, description="收款或抵扣 | received or set off"
    )


class OneCase(Answer):
    """A case with all its steps in order."""

    case: AnyCase
    steps: list[CaseStep]


class CasePage(Answer):
    """A page of a list, those opened last first."""

    cases: list[AnyCase]
    next: str | None = Field(
        description="下一页的游标，空为末页 | cursor of the next page, or null"
    )
