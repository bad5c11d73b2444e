"""The answer of a preview: what `jiesuan settle --json` prints."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """A part of an answer; its fields are the whole of it."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Amounts(Answer):
    """Every amount of a settlement, in fen; total = funds + account + cash + hospital part."""

    total_fen: int
    self_pay_off_list_fen: int
    self_pay_over_price_fen: int
    self_pay_first_share_fen: int
    covered_fen: int
    deductible_paid_fen: int
    pool_paid_fen: int
    large_amount_paid_fen: int
    serious_illness_paid_fen: int
    civil_servant_paid_fen: int
    enterprise_paid_fen: int
    assistance_paid_fen: int
    injury_paid_fen: int
    maternity_paid_fen: int
    other_paid_fen: int
    fund_total_fen: int
    account_paid_fen: int
    cash_paid_fen: int
    person_total_fen: int
    hospital_part_fen: int


class Step(Answer):
    """One step of the arithmetic, with the rule and the article that it rests on."""

    text: str
    rule: str
    source: str
    amount_fen: int


class SettledEvent(Amounts):
    """An event that was settled."""

    event: str
    status: Literal["settled"]
    steps: list[Step]
    benefit_year: int | None = None
    fund_year: int | None = None


class RejectedEvent(Answer):
    """An event that was refused; those after it still ran."""

    event: str
    status: Literal["rejected"]
    code: str


class Allowance(Answer):
    """Money that a policy grants without a bill: an allowance's item, or an application."""

    event: str
    kind: str
    payer: str
    amount_fen: int
    allowance: str | None = None
    benefit_year: int | None = None
    fund_year: int | None = None


class Preview(Answer):
    """The settlements of a story, event by event; nothing is stored."""

    policy_hash: str
    settlements: list[SettledEvent | RejectedEvent]
    allowances: list[Allowance]


class SettlementReceipt(Answer):
    """The hashes of what went into one event's settlement and of what came out of it."""

    event: str
    input_hash: str
    result_hash: str


class StoryReceipt(Answer):
    """What `jiesuan settle --receipt` writes: hashes of a whole story and of its settlements."""

    form: int
    policy_hash: str
    engine_version: str
    input_hash: str
    result_hash: str
    settlements: list[SettlementReceipt]
