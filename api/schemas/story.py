"""One person's story as a request: the JSON form of a case file."""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from api.schemas.values import (
    WHOLE,
    Count,
    Date,
    Money,
    Name,
    Price,
    Quantity,
    Rate,
    Text,
    Year,
)
from engine.claims.columns import FAMILY_MAX

EVENTS_MAX: Final = 1_000
LINES_MAX: Final = 20_000
COUNTERS_MAX: Final = 200
STATUSES_MAX: Final = 20
GROUPS_MAX: Final = 20

Filing: TypeAlias = Literal[
    "local", "long_term", "transfer", "emergency", "temporary", "not_filed", "not_networked"
]
EventId: TypeAlias = Annotated[
    Text | None,
    Field(description="事件名称，不得重复；缺省为序号 | unique; its number where none is given"),
]


class Part(BaseModel):
    """A part of the story: no unknown field and no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Facts(Part):
    """What terms may depend on; a claim's own facts hold for it alone, before the person's."""

    tier: Name | None = Field(default=None, description="缴费档次 | premium tier of the scheme")
    insured_from: Date | None = Field(
        default=None, description="连续参保起始日 | first day of unbroken cover"
    )
    enrolled_months: Count | None = Field(
        default=None, description="连续参保月数 | months of unbroken enrolment"
    )
    contribution_years: Count | None = Field(
        default=None, description="缴费年限 | full years of contributions"
    )
    registered_diseases: Count | None = Field(
        default=None, description="已登记慢特病种数 | chronic diseases registered"
    )


class Person(Facts):
    """The person whose events are settled; no name and no identity number is asked for."""

    class_: Name = Field(
        alias="class", description="人员类别 | person class of the scheme", examples=["retired"]
    )
    birth_date: Date | None = Field(
        default=None, description="按年龄划分待遇时必填 | needed where the scheme has ages"
    )
    sex: Literal["male", "female"] | None = Field(
        default=None, description="按性别划分待遇时必填 | needed where terms differ by sex"
    )
    statuses: list[Name] | None = Field(default=None, max_length=STATUSES_MAX)


class OpeningState(Part):
    """What earlier events left behind."""

    year: Year | None = None
    month: Annotated[int, Field(ge=1, le=12), WHOLE] | None = None
    counters: dict[Name, Count | Money] | None = Field(
        default=None,
        max_length=COUNTERS_MAX,
        description="计数器：次数为整数，金额为文本（元） | "
        "counters: an integer for counts, text in yuan for money",
        examples=[{"stays": 1, "pool_paid": "1000.00"}],
    )
    account_balance: Money | None = None
    family_balances: list[Money] | None = Field(default=None, max_length=FAMILY_MAX)


class LineTerms(Part):
    """What a line says of its item and of the way its cost takes."""

    code: Text | None = Field(
        default=None,
        description="项目编码，只进入凭据 | code of the item, which the receipt alone holds",
    )
    class_: Literal["A", "B", "C"] = Field(alias="class")
    first_share: Rate | None = None
    category: Name | None = None
    groups: list[Name] | None = Field(default=None, max_length=GROUPS_MAX)
    approved: bool | None = None
    day: Date | None = None
    stream: Literal["ordinary", "final_share", "separate", "excluded"] | None = None
    last_share: Rate | None = None


class PlainLine(LineTerms):
    """A bill line known by its amount."""

    amount: Money


class PricedLine(LineTerms):
    """A bill line known by price and quantity, which ceilings are measured on."""

    price: Price
    quantity: Quantity
    ceiling_price: Price | None = None


class RefundLine(Part):
    """Takes an earlier line of the same claim back whole."""

    refunds: Annotated[int, Field(ge=1, le=LINES_MAX), WHOLE] = Field(
        description="原明细的序号 | number of that line"
    )


def _line_form(value: Any) -> str:
    if isinstance(value, Part):
        return type(value).__name__
    keys = value if isinstance(value, dict) else {}
    if "refunds" in keys:
        return "RefundLine"
    return "PricedLine" if "price" in keys else "PlainLine"


Line: TypeAlias = Annotated[
    Annotated[PlainLine, Tag("PlainLine")]
    | Annotated[PricedLine, Tag("PricedLine")]
    | Annotated[RefundLine, Tag("RefundLine")],
    Discriminator(_line_form),
]


class Claim(Facts):
    """What both forms of a claim say."""

    id: EventId = None
    kind: Literal["claim"] = "claim"
    visit: Name = Field(description="就诊类型 | kind of visit", examples=["inpatient"])
    level: Name = Field(description="起付线级别 | level", examples=["L3"])
    begin: Date
    end: Date
    settled: Date | None = None
    stay: Text | None = Field(
        default=None, description="分段结算的同一次住院 | the stay that several claims bill"
    )
    segment: Annotated[int, Field(ge=1, le=9_999), WHOLE] | None = None
    interim: bool | None = Field(
        default=None, description="其后还有同一次住院的账单 | more bills of the stay will follow"
    )
    disease: Text | None = None
    institution: Text | None = None
    filing: Filing | None = Field(
        default=None,
        description="异地备案情况，缺省为本地 | how care was filed; local if none given",
    )
    transfer: bool | None = Field(
        default=None, description="转院续接上次住院 | continues the last stay in another hospital"
    )
    account_used: bool | None = None


class ClaimByTotals(Claim):
    """A claim whose bill is already split into buckets; what they leave is covered."""

    total: Money
    self_pay_off_list: Money | None = None
    self_pay_over_price: Money | None = None
    self_pay_first_share: Money | None = None


class ClaimByLines(Claim):
    """A claim with its bill lines, priced before it is settled."""

    lines: list[Line] = Field(min_length=1, max_length=LINES_MAX)


class Cancel(Part):
    """Undoes the person's last live settlement of the insurance year."""

    id: EventId = None
    kind: Literal["cancel"]
    of: Text


class AccountCredit(Part):
    """Money that enters the personal account."""

    id: EventId = None
    kind: Literal["account_credit"]
    amount: Money


class FamilyLink(Part):
    """Money that another insured person sets aside for this one in a linked account."""

    id: EventId = None
    kind: Literal["family_link"]
    account: Annotated[int, Field(ge=1, le=FAMILY_MAX), WHOLE]
    amount: Money


class ClassChange(Part):
    """The person moves to another class of the scheme."""

    id: EventId = None
    kind: Literal["class_change"]
    class_: Name = Field(alias="class")


class YearClose(Part):
    """Claims of the insurance year are refused from here on."""

    id: EventId = None
    kind: Literal["year_close"]
    year: Year


class CoverChange(Part):
    """The person takes up a new cover of the scheme; each counter does as the policy says."""

    id: EventId = None
    kind: Literal["cover_change"]
    on: Date
    class_: Name | None = Field(default=None, alias="class")


class Registration(Part):
    """The person is registered, or an injury recognised, for the days stated."""

    id: EventId = None
    kind: Literal["registration"]
    registration: Name
    from_: Date = Field(alias="from")
    until: Date | None = Field(default=None, description="含当日 | inclusive")
    disease: Text | None = None
    institution: Text | None = None


class Application(Part):
    """The person applies for a benefit that is paid on a year's counters."""

    id: EventId = None
    kind: Literal["application"]
    benefit: Name
    year: Year = Field(description="待遇年度 | the benefit year")
    settled: Date


class AllowanceEvent(Part):
    """What an allowance is granted for; the policy says which facts it asks for."""

    id: EventId = None
    kind: Literal["allowance"]
    allowance: Name
    on: Date
    case: Name | None = None
    wage: Money | None = Field(default=None, description="本人月工资 | own monthly wage")
    employer_wage: Money | None = Field(
        default=None, description="用人单位月平均工资 | the employer's average monthly wage"
    )
    days: Annotated[int, Field(ge=0, le=9_999), WHOLE] | None = None
    months: Text | None = None
    children: Annotated[int, Field(ge=1, le=99), WHOLE] | None = None
    years_to_retirement: Annotated[int, Field(ge=0, le=99), WHOLE] | None = None


_EVENT_OF_KIND: Final = {
    "cover_change": "CoverChange",
    "registration": "Registration",
    "application": "Application",
    "allowance": "AllowanceEvent",
    "cancel": "Cancel",
    "account_credit": "AccountCredit",
    "family_link": "FamilyLink",
    "class_change": "ClassChange",
    "year_close": "YearClose",
}


def _event_form(value: Any) -> str | None:
    if isinstance(value, Part):
        return type(value).__name__
    if not isinstance(value, dict):
        return None
    kind = value.get("kind", "claim")
    if kind == "claim":
        return "ClaimByLines" if "lines" in value else "ClaimByTotals"
    return _EVENT_OF_KIND.get(kind) if isinstance(kind, str) else None


Event: TypeAlias = Annotated[
    Annotated[ClaimByTotals, Tag("ClaimByTotals")]
    | Annotated[ClaimByLines, Tag("ClaimByLines")]
    | Annotated[Cancel, Tag("Cancel")]
    | Annotated[AccountCredit, Tag("AccountCredit")]
    | Annotated[FamilyLink, Tag("FamilyLink")]
    | Annotated[ClassChange, Tag("ClassChange")]
    | Annotated[CoverChange, Tag("CoverChange")]
    | Annotated[Registration, Tag("Registration")]
    | Annotated[Application, Tag("Application")]
    | Annotated[AllowanceEvent, Tag("AllowanceEvent")]
    | Annotated[YearClose, Tag("YearClose")],
    Discriminator(_event_form),
]
"""One event. The tags are the published names of the forms, so that a refusal can show them."""

EXAMPLE: Final[dict[str, Any]] = {
    "region": "610100",
    "scheme": "employee",
    "person": {"class": "retired", "birth_date": "1950-01-01"},
    "state": {"year": 2023, "counters": {"stays": 0}, "account_balance": "0.00"},
    "events": [
        {
            "id": "first",
            "visit": "inpatient",
            "level": "L3",
            "begin": "2023-03-01",
            "end": "2023-03-10",
            "total": "22000.00",
            "self_pay_off_list": "1500.00",
            "self_pay_first_share": "500.00",
        }
    ],
}


class Story(Part):
    """One person's events in the order in which they are settled."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    region: Annotated[str, Field(pattern=r"^[0-9]{6}$", description="统筹区代码 | region code")]
    scheme: Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$", description="险种 | scheme")]
    person: Person
    state: OpeningState | None = None
    events: list[Event] = Field(min_length=1, max_length=EVENTS_MAX)

    def as_case(self) -> dict[str, Any]:
        """Return the mapping that the same case file would hold, dates as dates."""
        return self.model_dump(by_alias=True, exclude_none=True)
