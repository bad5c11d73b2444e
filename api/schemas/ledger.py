"""What an institution sends to have a visit settled or a settlement cancelled, and the answer."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag
from pydantic.json_schema import SkipJsonSchema

from api.schemas.settlements import Amounts, Answer
from api.schemas.story import EXAMPLE, ClaimByLines, ClaimByTotals, Part, Person
from api.schemas.values import Date

Id: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="编号 | an id")
]
AT: Final = "2024-03-08T10:00:00"
_EVENT: Final = EXAMPLE["events"][0]


def _claim_form(value: object) -> str:
    by_lines = isinstance(value, ClaimByLines) or (isinstance(value, dict) and "lines" in value)
    return "ClaimByLines" if by_lines else "ClaimByTotals"


VisitClaim: TypeAlias = Annotated[
    Annotated[ClaimByTotals, Tag("ClaimByTotals")] | Annotated[ClaimByLines, Tag("ClaimByLines")],
    Discriminator(_claim_form),
]


class ToSettle(Part):
    """A visit to settle. The institution is the one that signs; the time is the service's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "region": EXAMPLE["region"],
                    "scheme": EXAMPLE["scheme"],
                    "person_id": "P0001",
                    "visit_id": "V0001",
                    "person": EXAMPLE["person"],
                    "event": {key: _EVENT[key] for key in _EVENT if key != "id"},
                }
            ]
        }
    )

    region: Annotated[str, Field(pattern=r"^[0-9]{6}$", description="统筹区代码 | region code")]
    scheme: Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$", description="险种 | scheme")]
    person_id: Id
    visit_id: Id
    person: Person
    event: VisitClaim


class FundPaid(Answer):
    """What one fund paid of a settlement."""

    fund: str = Field(description="基金 | the fund")
    paid_fen: int
    cap_left_fen: int | SkipJsonSchema[None] = Field(
        default=None,
        description="支付前的剩余限额，没有限额则无 | cap left before, absent without one",
    )


class Receipt(Answer):
    """By which policy and engine which facts made which amounts, as SHA-256 (docs/receipts.md)."""

    policy_hash: str
    engine_version: str
    input_hash: str
    result_hash: str


class Posted(Amounts):
    """A settlement or a reversal as the ledger holds it; a reversal's amounts are negative."""

    settlement_id: str
    kind: Literal["claim", "reversal"]
    funds: list[FundPaid] = Field(description="各基金支付 | fund by fund")
    receipt: Receipt
    reverses: str | None = Field(default=None, description="被撤销的结算 | what it undoes")
    cause: str | None = Field(default=None, description="引起它的处理 | what brought it about")


class Carried(Answer):
    """What a message has settled. The same message is answered by the same bytes for ever."""

    status: Literal["settled"]
    settlements: list[Posted]


class Shown(Amounts):
    """What a visit would come to; it has no id, for nothing is settled."""

    kind: Literal["claim"]
    funds: list[FundPaid] = Field(description="各基金支付 | fund by fund")
    receipt: Receipt


class PreSettled(Answer):
    """What settling would answer now; another settlement in between may change it."""

    settlements: list[Shown]


class Asked(BaseModel):
    """Which settlements a list shows."""

    model_config = ConfigDict(extra="forbid")

    person_id: Id | None = None
    visit_id: Id | None = None
    settled_from: Date | None = Field(default=None, description="结算日期自 | first day")
    settled_before: Date | None = Field(
        default=None, description="结算日期至（不含） | the day after the last"
    )
    cursor: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,400}$")] | None = Field(
        default=None, description="上一页的 next | `next` of the page before"
    )
    limit: int = Field(default=50, ge=1, le=200, description="每页条数 | entries of a page")


class Kept(Amounts):
    """A settlement or a reversal as it is kept; nothing of it ever changes but who undoes it."""

    settlement_id: str
    kind: str = Field(description="claim, reversal …")
    reverses: str | None = Field(description="被撤销的结算 | what it undoes")
    reversed_by: str | None = Field(description="撤销它的结算；空为有效 | null while it is live")
    cause: str | None = Field(description="引起它的处理 | what brought it about")
    person_id: str
    visit_id: str | None
    segment: int | None
    region: str
    scheme: str
    year: int = Field(description="医保年度 | insurance year")
    settled_at: str = Field(description="结算时间（当地） | local time", examples=[AT])
    posted_at: str = Field(description="入账时间（当地） | local time", examples=[AT])
    policy_hash: str


class Page(Answer):
    """A page of a list, the last posted first."""

    settlements: list[Kept]
    next: str | None = Field(
        description="下一页的游标，空为末页 | cursor of the next page, or null"
    )


class Counter(Answer):
    """One counter of a person's year: millionths of a fen for money, else a count."""

    region: str
    scheme: str
    counter: str
    year: int
    month: int
    scope: int
    value: int


class Accumulators(Answer):
    """What a person's settlements add up to."""

    counters: list[Counter]
