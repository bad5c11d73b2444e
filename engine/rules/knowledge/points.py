"""One knowledge point, and what its parameters mean."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["", "day", "month", "visit", "operation"]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a point limits; None and empty where its kind says nothing of it.

    sex: 1 or 2, for whom alone (kind `sex`). age: `low` up to, not including, `high` in `unit`
    (month or day). hospital_level: the least (`low`) and the highest (`high`) level group.
    daily_quantity, period_quantity: at most `high` (1e-4) within `window` days. course: at most
    `window` of `unit`. pair: `others` are not to be charged beside the point's codes within one
    `unit` (day, visit or operation). indication: `words` are heads of diagnosis codes; visit:
    `words` are the kinds of care that alone are paid.
    """

    low: int | None = None
    high: int | None = None
    window: int | None = None
    unit: Unit = ""
    words: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """A knowledge point as published.

    Attributes:
        kind: a kind of kinds.yaml.
        sheet: the sheet that holds it.
        row: its row there, from 1.
        number: its number in the sheet.
        name: the drug, item or herb.
        codes: the national codes that it speaks of.
        parameters: what it limits.
        logic: the published text on what is to be found.
        ground: the published text on why.
    """

    kind: str
    sheet: str
    row: int
    number: int
    name: str
    codes: tuple[str, ...]
    parameters: Parameters
    logic: str
    ground: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A row, or a sheet as a whole (row 0), that was not taken, and why in both languages."""

    sheet: str
    row: int
    reason: str
