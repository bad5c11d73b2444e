"""Options that several commands take, told alike wherever they stand."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

LAKE = Path("var/lake")

LakePath = Annotated[
    Path, typer.Option("--lake", envvar="JIESUAN_LAKE", help="数据湖文件夹 | folder of the lake")
]
Policies = Annotated[
    Path | None,
    typer.Option(envvar="JIESUAN_POLICIES", help="政策文件夹，缺省用自带的 | policy files"),
]
Json = Annotated[bool, typer.Option("--json", help="标准输出只有一个 JSON 对象 | one JSON object")]
Lang = Annotated[Literal["zh", "en"], typer.Option(help="说明的语言 | language")]
By = Annotated[str, typer.Option("--by", help="经办人 | officer")]
Day = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="哪一天，缺省为今天 | day, default today"),
]
Became = Annotated[
    Literal["sent", "paid", "returned"],
    typer.Option("--state", help="发出、到账或退回 | what became of the order"),
]

ORDER_EVENTS = {"sent": "order_sent", "paid": "paid", "returned": "order_returned"}
"""What the ledger calls what became of a payment order."""
