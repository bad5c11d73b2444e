"""The scalar values of a request: money, prices, rates and dates without any float."""

import datetime
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

MONEY_PATTERN: Final = r"^-?[0-9]{1,10}(\.[0-9]{1,2})?$"
PRICE_PATTERN: Final = r"^-?[0-9]{1,10}(\.[0-9]{1,6})?$"
QUANTITY_PATTERN: Final = r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"
RATE_PATTERN: Final = r"^[0-9]{1,3}(\.[0-9]{1,4})?%$"


def _iso_date(value: object) -> datetime.date:
    # fromisoformat also reads week dates and dates without hyphens, which no client may send.
    if isinstance(value, str) and len(value) == len("yyyy-MM-dd") and value[4] == value[7] == "-":
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            pass
    error = "date_format"
    raise PydanticCustomError(error, "a date is text in the form yyyy-MM-dd")


def _whole(value: object) -> object:
    # JSON has one kind of number: 3.0 is the integer 3, and a client may well write it so.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _described(schema: dict[str, Any], description: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({**schema, "description": description, "examples": [example]})


Money: TypeAlias = Annotated[
    str,
    Field(
        pattern=MONEY_PATTERN,
        description="金额，单位元，文本，至多两位小数；不接受 JSON 数字 | "
        "amount in yuan (not fen): text with at most two decimals, never a JSON number",
        examples=["22000.00"],
    ),
]
"""Yuan as text: a number could be meant as fen, or carry a float's error, and nobody would know."""

Price: TypeAlias = Annotated[
    str,
    Field(
        pattern=PRICE_PATTERN,
        description="单价，单位元，文本，至多六位小数 | unit price in yuan, up to six decimals",
        examples=["5000.00"],
    ),
]

Quantity: TypeAlias = Annotated[
    str,
    Field(
        pattern=QUANTITY_PATTERN,
        description="数量，文本，至多四位小数 | quantity, up to four decimals",
        examples=["1"],
    ),
]

Rate: TypeAlias = Annotated[
    str,
    Field(
        pattern=RATE_PATTERN,
        description="比例，带百分号的文本 | rate with a per cent sign",
        examples=["10%"],
    ),
]

Date: TypeAlias = Annotated[
    datetime.date,
    BeforeValidator(_iso_date),
    _described({"type": "string", "format": "date"}, "日期 | date", "2023-03-01"),
]

WHOLE: Final = BeforeValidator(_whole)
"""Stands behind the bounds of an integer; before them, they would not be published."""

Year: TypeAlias = Annotated[
    int, Field(ge=1990, le=2100, description="医保年度 | insurance year", examples=[2023]), WHOLE
]

Name: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$",
        description="政策文件中的名称 | a name of the policy language",
    ),
]

Count: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000), WHOLE]

Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]
