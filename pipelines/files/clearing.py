"""A month's statement as a file that goes from the region of care to that of insurance."""

import datetime
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import ClaimError
from engine.ledger.clearing import Item, ItemKind, Role
from engine.ledger.postings import Purse
from engine.money import MAX_FEN, parse_fen
from engine.periods import date_of_day, day_number
from engine.storage.clearing_items import Pair

Fen = Annotated[int, Field(strict=True, gt=-MAX_FEN, lt=MAX_FEN)]
Region = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
Id = Annotated[str, Field(min_length=1, max_length=64)]


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    item: Id
    claim: Id
    kind: ItemKind
    day: datetime.date
    purses: dict[str, Fen]


class _Statement(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    care: Region
    home: Region
    month: datetime.date
    items: list[_Item]


@dataclass(frozen=True, slots=True)
class Statement:
    """What a region of care claims for a month.

    Attributes:
        month: its first day.
    """

    care: str
    home: str
    month: datetime.date
    items: list[Item]

    @property
    def at_home(self) -> Pair:
        """The pair as the region of insurance sees it."""
        return Pair(self.home, Role.HOME, self.care)


def read_statement(file: Path) -> Statement:
    """Return a statement file.

    Raises:
        ClaimError: `statement_format`.
    """
    try:
        told = _Statement.model_validate_json(file.read_bytes())
        items = [
            Item(
                one.item,
                one.claim,
                one.kind,
                day_number(one.day),
                {Purse[purse.upper()]: fen for purse, fen in one.purses.items()},
            )
            for one in told.items
        ]
    except (ValidationError, KeyError) as error:
        raise ClaimError(
            "statement_format",
            f"{file.name} 不是异地结算月度申报文件；请向就医地经办机构索取 jiesuan 导出的原件",
            f"{file.name} is no monthly statement of care elsewhere; ask the region of care for "
            "the file that jiesuan wrote",
        ) from error
    return Statement(told.care, told.home, told.month, items)


def read_pair(books: str, role: Role) -> Pair:
    """Return a pair of regions as a command names it.

    Raises:
        ClaimError: `pair_format`.
    """
    found = re.fullmatch(r"([0-9]{6})/([0-9]{6})", books)
    if found is None:
        raise ClaimError(
            "pair_format",
            f"“{books}”应写作 本地区划/对方区划，如 610100/460000",
            f"{books!r} is to be region/other, such as 610100/460000",
        )
    return Pair(found[1], role, found[2])


def read_amount(text: str) -> int:
    """Return an amount above zero, in fen.

    Raises:
        ClaimError: `amount_not_positive`, or it is no amount.
    """
    fen = parse_fen(text)
    if fen <= 0:
        raise ClaimError(
            "amount_not_positive",
            f"金额 {text} 须大于 0",
            f"the amount {text} must be above zero",
        )
    return fen


def read_deductions(told: Iterable[str]) -> dict[Purse, int]:
    """Return deductions told as fund=yuan.

    Raises:
        ClaimError: `fund_format`, or what `read_amount` refuses.
    """
    found: dict[Purse, int] = {}
    for one in told:
        fund, _, amount = one.partition("=")
        if fund.upper() not in Purse.__members__ or Purse[fund.upper()] in found:
            names = "、".join(purse.name.lower() for purse in Purse)
            raise ClaimError(
                "fund_format",
                f"“{one}”应写作 基金=元，每个基金一次；基金有 {names}",
                f"{one!r} is to be fund=yuan, each fund once; funds are {names}",
            )
        found[Purse[fund.upper()]] = read_amount(amount)
    return found


def write_statement(file: Path, pair: Pair, month: datetime.date, items: Iterable[Item]) -> None:
    """Write what a region of care claims for a month."""
    told = {
        "care": pair.region,
        "home": pair.other,
        "month": month.isoformat(),
        "items": [
            {
                "item": item.item_id,
                "claim": item.claim_id,
                "kind": item.kind.value,
                "day": date_of_day(item.day).isoformat(),
                "purses": {purse.name.lower(): fen for purse, fen in item.purses.items()},
            }
            for item in items
        ],
    }
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
