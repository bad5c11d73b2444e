"""The shape of a policy file. Tables by dimension stay as read; `values` resolves them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from engine.claims.columns import FAMILY_MAX, LAYERS_MAX
from engine.policy.entitlement_schema import EntitlementTerms
from engine.policy.schema_parts import Date, Dated, Name, Part
from engine.policy.wording import both_sexes, starts_a_year

Measure = Literal["payment", "cost", "deductible", "base"]
DimensionName = Literal[
    "level",
    "person_class",
    "age",
    "tier",
    "sex",
    "filing",
    "disease",
    "enrolled_months",
    "contribution_years",
    "registered_diseases",
]

Ranges = dict[Name, Annotated[tuple[int, int | None], Field(strict=False)]]


class Converted(Part):
    """The share of a counter of money that a new cover takes over."""

    convert: str


class Counter(Part):
    """A declared counter of a person's state."""

    counts: Literal["stays", "money", "day"]
    scope: list[Literal["year", "month", "life", "level", "disease", "institution"]]
    on_cover_change: Literal["carry", "reset"] | Converted | None = None


class Waiver(Part):
    """Nothing is due soon after the last stay, whose end the counter holds."""

    within_days: int = Field(ge=0)
    counter: str


class Transfer(Part):
    """How a stay that continues the last one in another hospital is charged."""

    upward: Literal["difference", "none", "first_free"]
    asked: str
    taken: str | None = None
    moves: str | None = None


class Deductible(Part):
    """Tables `amount` and `yearly_maximum` hold yuan; a list in `amount` goes by ordinal.

    `share` is a table of rates, `ordinal` one of counters, `every_days` one of plain integers.
    """

    method: Literal["none", "per_stay", "annual", "share_of_bill", "share_of_counter"]
    amount: Any = None
    share: Any = None
    yearly_maximum: Any = None
    counter: str | None = None
    of: str | None = None
    ordinal: str | dict[str, Any] | None = None
    every_days: int | dict[str, Any] | None = None
    waived: Waiver | None = None
    transfer: Transfer | None = None


class Bands(Part):
    """`table` holds lists of `{to, rate | personal}`."""

    position: str
    deductible_inside: bool
    table: Any


class Adjustment(Part):
    """A change of band rates; exactly one of points, times, personal_times.

    With `per`, the points are added for each full year of that fact: from `above` (`from`) up to
    `to`, or for each that is missing to `below`.
    """

    points: str | None = None
    times: str | None = None
    personal_times: str | None = None
    per: Literal["age", "contribution_years"] | None = None
    above: int | None = Field(default=None, alias="from", ge=0)
    to: int | None = Field(default=None, ge=0)
    below: int | None = Field(default=None, ge=0)
    applies: dict[DimensionName, list[str]] = Field(default_factory=dict, alias="for")


class Cap(Part):
    """`amount` holds yuan or `unlimited`; without a counter the cap is on the claim alone."""

    on: Literal["payment", "cost", "cost_above_deductible"]
    amount: Any
    counter: str | None = None


class Guaranteed(Part):
    """A share of these parts that the layer pays at least; `rate` is a table."""

    rate: Any
    of: list[str] = Field(min_length=1)
    after_deductible: bool


class ProRata(Part):
    """Parts that are paid off in proportion to what they hold."""

    pro_rata: list[str] = Field(min_length=1)


class Layer(Part):
    """One step of payment."""

    name: Name
    fund: Literal[
        "pool",
        "large_amount",
        "serious_illness",
        "civil_servant",
        "enterprise",
        "assistance",
        "injury",
        "maternity",
        "other",
    ]
    base: list[str]
    takes: Literal["cost", "burden", "final_share"]
    mode: Literal["per_claim", "incremental"]
    total: str | None = None
    on_class_change: Literal["prospective", "retroactive"] | None = None
    paid: str | None = None
    deductible: Deductible
    bands: Bands | None = None
    adjust: list[Adjustment] = Field(default_factory=list)
    rounding: Literal["layer", "band"]
    caps: list[Cap] = Field(default_factory=list)
    feeds: dict[str, Measure] = Field(default_factory=dict)
    pays_off: list[str] | ProRata = Field(default_factory=list)
    price: Any = None
    less: Any = None
    guaranteed: Guaranteed | None = None


class Account(Part):
    """The parts that the accounts pay, in order: before a layer, and after all of them."""

    before: dict[str, list[str]] = Field(default_factory=dict)
    pays: list[str] = Field(default_factory=list)
    family: int = Field(default=0, ge=0, le=FAMILY_MAX)


class HomeFirstShare(Part):
    """The person's share before the local rules; `share` is a table of rates or lists of them."""

    share: Any
    counter: str | None = None


class BenefitTerms(Dated):
    """A benefit's layers, in order of payment."""

    ordinal: str | None = None
    requires: str | None = None
    segments: Literal["own_stays", "one_stay", "waived"] | None = None
    layers: list[Layer] = Field(min_length=1, max_length=LAYERS_MAX)
    home_first_share: HomeFirstShare | None = None
    account: Account | None = None


class Application(Part):
    """What makes up the cost of a benefit on application: counters, less other counters."""

    base: list[str] = Field(min_length=1)
    less: list[str] = Field(default_factory=list)
    when: Literal["after_year", "any_time"]


class Benefit(Part):
    """The terms of some kinds of visit, or of an application, over time."""

    visits: list[str] = Field(default_factory=list, min_length=1)
    application: Application | None = None
    history: list[BenefitTerms] = Field(min_length=1)


class ItemsOf(Part):
    """Which items an entry is about; all keys that are there must fit."""

    group: list[Name] = Field(default_factory=list)
    category: list[str] = Field(default_factory=list)
    item_class: list[Literal["A", "B", "C"]] = Field(default_factory=list, alias="class")


class UnitPrice(Part):
    """`table` holds lists of `{to, share}` by unit price."""

    method: Literal["slices", "whole"]
    table: Any


class Only(Part):
    """Limits on the use of items; what lies outside is off the list."""

    visits: list[str] = Field(default_factory=list)
    levels: list[str] = Field(default_factory=list)
    sexes: list[Literal["male", "female"]] = Field(default_factory=list)
    ages: Annotated[tuple[int, int | None], Field(strict=False)] | None = None
    diseases: list[str] = Field(default_factory=list)
    approved: Literal[True] | None = None


class ItemTerms(Part):
    """Terms of some items; `Any` stands for a value that may depend on dimensions."""

    of: ItemsOf
    first_share: Any = None
    unit_price: UnitPrice | None = None
    ceiling: Any = None
    over_ceiling: Any = None
    day_limit: Any = None
    stream: Any = None
    last_share: Any = None
    only: Only | None = None


class LineTerms(Dated):
    """Terms for pricing bill lines."""

    unknown_item: Literal["self_pay", "reject"]
    class_b_first_share: Any = None
    ceilings: dict[str, Any] = Field(default_factory=dict)
    items: list[ItemTerms] = Field(default_factory=list)


class BaseValue(Part):
    """The value of a declared base from a day on."""

    begins: Date = Field(alias="from")
    amount: str


class Registration(Part):
    """What a person may be registered for, and what its records are kept apart by."""

    kind: Literal["registration", "recognition"]
    per: Literal["person", "disease", "institution"]


class WageBounds(Part):
    """The shares of a base that a wage is raised to and held at."""

    floor: str
    ceiling: str
    of: str


class NearRetirement(Part):
    """What is taken off for each year by which retirement is nearer than some years."""

    within_years: int = Field(ge=1)
    per_year: str
    at_most: str


class AllowanceItem(Part):
    """One sum of an allowance. `amount`, `days`, `months` and `share` may go by case."""

    name: Name
    payer: str
    method: Literal["fixed", "per_day", "wage_by_days", "wage_by_months"]
    amount: Any = None
    wage: str | None = None
    bounds: WageBounds | None = None
    days: Any = None
    per_extra_child: int | None = Field(default=None, ge=1)
    divisor: int | None = Field(default=None, ge=1, le=366)
    months: Any = None
    share: Any = None
    near_retirement: NearRetirement | None = None
    rounding: Literal["half_up", "down"] | None = None
    less: list[str] = Field(default_factory=list)


class AllowanceTerms(Dated):
    """The items of an allowance, in order."""

    requires: str | None = None
    cases: list[Name] = Field(default_factory=list)
    items: list[AllowanceItem] = Field(min_length=1)


class Allowance(Part):
    """Money granted by wage, days, months or event, over time."""

    history: list[AllowanceTerms] = Field(min_length=1)


class KeepBelow(Part):
    """Later settlements stand while less than an amount would move; else what is done."""

    keep_below: Any
    otherwise: Literal["last_first", "cascade"]


class SchemeFile(Part):
    """One scheme of one region."""

    region: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    name: str
    scheme: Literal[
        "employee",
        "resident",
        "civil_servant",
        "assistance",
        "serious_illness",
        "injury",
        "maternity",
    ]
    status: Literal["archival", "published", "approved"]
    claim_date: Literal["end", "settlement"]
    insurance_year: Annotated[
        str, Field(pattern=r"^[0-9]{2}-[0-9]{2}$"), AfterValidator(starts_a_year)
    ]
    reversal: Literal["last_first", "cascade", "keep"] | KeepBelow
    levels: list[Name] = Field(min_length=1)
    person_classes: dict[Name, list[str]] = Field(min_length=1)
    ages: Ranges = Field(default_factory=dict)
    tiers: list[Name] = Field(default_factory=list)
    sexes: Annotated[list[Literal["male", "female"]], AfterValidator(both_sexes)] = Field(
        default_factory=list
    )
    filings: dict[Name, list[str]] = Field(default_factory=dict)
    diseases: dict[Name, list[str]] = Field(default_factory=dict)
    enrolled_months: Ranges = Field(default_factory=dict)
    contribution_years: Ranges = Field(default_factory=dict)
    registered_diseases: Ranges = Field(default_factory=dict)
    assumptions: list[str] = Field(default_factory=list)
    counters: dict[Name, Counter] = Field(default_factory=dict)
    lines: list[LineTerms] = Field(default_factory=list)
    bases: dict[Name, list[BaseValue]] = Field(default_factory=dict)
    registrations: dict[Name, Registration] = Field(default_factory=dict)
    entitlement: list[EntitlementTerms] = Field(default_factory=list)
    benefits: dict[Name, Benefit] = Field(default_factory=dict)
    allowances: dict[Name, Allowance] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _grants_something(self) -> "SchemeFile":
        if not self.benefits and not self.allowances:
            message = "a scheme has `benefits` or `allowances`"
            raise ValueError(message)
        return self
