"""What an institution sends to have a visit settled or a settlement cancelled, and the answer."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag
from pydantic.json_schema import SkipJsonSchema

from api.schemas.settlements import Amounts, Answer
from api.schemas.story import EXAMPLE, ClaimByLines, ClaimByTotals, Part, Person

Id: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="编号 | an id")
]
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
