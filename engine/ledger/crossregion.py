"""Care in another region: what the region of care asks of the region of insurance, and the answer.

The region of care forwards the buckets of a bill and never its lines; the region of insurance
returns the split and never the person's counters.
"""

import datetime
import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NaiveDatetime, ValidationError

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.codes.enums import Fund
from engine.errors import StorageError
from engine.ledger.benefits import Benefit
from engine.money import MAX_FEN

ID_LENGTH = 32
MAX_SEGMENT = 999_999

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")]
Fen = Annotated[int, Field(strict=True, ge=0, lt=MAX_FEN)]
AnyFen = Annotated[int, Field(strict=True, gt=-MAX_FEN, lt=MAX_FEN)]


class _Told(BaseModel):
    """A message between two regions: no unknown field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Cover(_Told):
    """Asks whether a person is insured on a day."""

    person_id: Id
    scheme: Name = Field(description="险种 | scheme, such as employee or resident")
    on: datetime.date


class Ask(_Told):
    """Asks for the split of a bill whose lines the region of care has priced.

    `claim_id` names the claim on both sides for ever; `settled_at` dates it on both.
    """

    claim_id: Id = Field(description="申请编号，两地共用 | names the claim on both sides")
    person_id: Id
    scheme: Name = Field(description="险种 | scheme")
    institution_id: Id
    visit_id: Annotated[str, Field(min_length=1, max_length=64)]
    segment: int = Field(default=1, strict=True, ge=1, le=MAX_SEGMENT)
    interim: bool = Field(default=False, description="中途结算 | the stay goes on")
    visit: Name = Field(description="就诊类别 | kind of visit")
    level: Name = Field(description="起付线等级 | level of the hospital that picks deductibles")
    begin: datetime.date
    end: datetime.date
    disease: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    account_used: bool
    settled_at: NaiveDatetime
    self_pay_off_list_fen: Fen
    self_pay_over_price_fen: Fen
    self_pay_first_share_fen: Fen
    covered_fen: Fen

    @property
    def total_fen(self) -> int:
        """The bill: the sum of its buckets."""
        return (
            self.self_pay_off_list_fen
            + self.self_pay_over_price_fen
            + self.self_pay_first_share_fen
            + self.covered_fen
        )


class Reversal(_Told):
    """Asks to undo a claim, whatever became of it; one never met is not let in any more."""

    reversal_id: Id
    claim_id: Id
    person_id: Id
    settled_at: NaiveDatetime


class Inquiry(_Told):
    """Asks what became of a claim; nothing changes."""

    claim_id: Id


class Split(_Told):
    """Who pays a bill, in fen, as the region of insurance has settled it; negative for a reversal.

    Its fields are the amounts of a settlement, and every one is told.
    """

    total_fen: AnyFen
    self_pay_off_list_fen: AnyFen
    self_pay_over_price_fen: AnyFen
    self_pay_first_share_fen: AnyFen
    covered_fen: AnyFen
    deductible_paid_fen: AnyFen
    pool_paid_fen: AnyFen
    large_amount_paid_fen: AnyFen
    serious_illness_paid_fen: AnyFen
    civil_servant_paid_fen: AnyFen
    enterprise_paid_fen: AnyFen
    assistance_paid_fen: AnyFen
    injury_paid_fen: AnyFen
    maternity_paid_fen: AnyFen
    other_paid_fen: AnyFen
    fund_total_fen: AnyFen
    account_paid_fen: AnyFen
    cash_paid_fen: AnyFen
    person_total_fen: AnyFen
    hospital_part_fen: AnyFen

    @property
    def amounts(self) -> dict[str, int]:
        """The amounts by name."""
        return {name: int(getattr(self, name)) for name in AMOUNT_COLUMNS}

    def opposite(self) -> "Split":
        """Return the split that undoes this one."""
        return Split(**{name: -fen for name, fen in self.amounts.items()})


class Fate(StrEnum):
    """What became of a claim at the region of insurance. The texts are stored: never change one.

    ABSENT: it was never met. VOID: it was undone before it came, and is not let in any more.
    """

    SETTLED = "settled"
    REVERSED = "reversed"
    VOID = "void"
    ABSENT = "absent"


class Answered(_Told):
    """The answer to every message but `Cover`: what became of the claim, and its split if any.

    `split` is that of the settlement, also where it was reversed since.
    """

    claim_id: Id
    fate: Fate
    split: Split | None = None


class Covered(_Told):
    """Whether a person is insured; why not, if not."""

    insured: bool
    reason: str = ""


class ClaimState(StrEnum):
    """Where a claim stands at the region of care. The texts are stored: never change one.

    ASKED: sent, the outcome is not known. SETTLED: the split is posted. REVERSING: to be undone,
    the outcome is not known. REVERSED: undone on both sides, or never settled and closed on both.
    """

    ASKED = "asked"
    SETTLED = "settled"
    REVERSING = "reversing"
    REVERSED = "reversed"


NEXT: Mapping[ClaimState, frozenset[ClaimState]] = {
    ClaimState.ASKED: frozenset({ClaimState.SETTLED, ClaimState.REVERSING}),
    ClaimState.SETTLED: frozenset({ClaimState.REVERSING}),
    # Where the reversal is refused, the settlement stands.
    ClaimState.REVERSING: frozenset({ClaimState.REVERSED, ClaimState.SETTLED}),
    ClaimState.REVERSED: frozenset(),
}
"""State -> what may follow."""

UNKNOWN = frozenset({ClaimState.ASKED, ClaimState.REVERSING})
"""States in which only the region of insurance can tell the outcome."""

Verb = Literal["check", "preview", "settle", "reverse", "inquire"]
"""What the region of care may ask for."""


def named(institution_id: str, message_id: str) -> str:
    """Return the id of what an institution's message asks another region for."""
    name = "\0".join(("cross-region", institution_id, message_id))
    return hashlib.sha256(name.encode()).hexdigest()[:ID_LENGTH]


def read_answer(body: bytes) -> Answered:
    """Return another region's answer.

    Raises:
        StorageError: `answer_unreadable`; what became of the claim is then not known.
    """
    try:
        return Answered.model_validate_json(body)
    except ValidationError as error:
        raise _unusable("answer_unreadable", "不合约定的形式", "is not of the form") from error


def check_split(ask: Ask, answer: Answered) -> Split:
    """Return the split of an answer, if it is one of the bill that was sent.

    Raises:
        StorageError: `split_wrong`; nothing may be paid by it.
    """
    split = answer.split
    if split is None or answer.claim_id != ask.claim_id:
        raise _unusable("split_wrong", "没有这一申请的分担", "is not of this claim")
    amounts = split.amounts
    funds = sum(amounts[_paid(fund)] for fund in Fund)
    asked = ask.model_dump()
    holds = (
        all(amounts[name] == asked[name] for name in BUCKETS),
        amounts["total_fen"] == ask.total_fen,
        amounts["fund_total_fen"] == funds,
        amounts["person_total_fen"] == amounts["account_paid_fen"] + amounts["cash_paid_fen"],
        amounts["total_fen"] == funds + amounts["person_total_fen"] + amounts["hospital_part_fen"],
        min(fen for name, fen in amounts.items() if name != "hospital_part_fen") >= 0,
        amounts[_paid(Fund.INJURY)] == 0,
    )
    if not all(holds):
        raise _unusable("split_wrong", "与所报费用或各方之和不符", "does not add up to the bill")
    return split


BUCKETS = (
    "self_pay_off_list_fen",
    "self_pay_over_price_fen",
    "self_pay_first_share_fen",
    "covered_fen",
)


def benefit_of_split(split: Split, person_id: str) -> Benefit:
    """Return what a split makes the region of insurance owe to the region of care."""
    amounts = split.amounts
    account = amounts["account_paid_fen"]
    return Benefit(
        {fund: amounts[_paid(fund)] for fund in Fund if amounts[_paid(fund)]},
        {person_id: account} if account else {},
    )


def _paid(fund: Fund) -> str:
    return f"{fund.name.lower()}_paid_fen"


def _unusable(code: str, zh: str, en: str) -> StorageError:
    return StorageError(
        code,
        f"参保地的应答{zh}，未按其支付；请与参保地经办机构核对后再查询",
        f"the answer of the region of insurance {en}, nothing is paid by it; ask its agency, then "
        "inquire again",
    )
