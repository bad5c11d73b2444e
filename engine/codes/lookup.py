"""What a code means in a region on a date: the same code differs between provinces and years."""

import csv
import re
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import NoReturn

import polars as pl

from engine.codes import enums
from engine.errors import ClaimError, PolicyError

NATION = "*"
"""The region of a code that holds wherever no more local row says otherwise."""

_DATA = Path(__file__).with_name("data")
_COLUMNS = ["region", "code", "valid_from", "valid_to", "name", "label_zh", "source"]

_MEMBERS: dict[str, type[IntEnum]] = {
    "clearing_fund": enums.PaymentSource,
    "hospital_level": enums.HospitalLevel,
    "insurance": enums.Insurance,
    "item_category": enums.ItemCategory,
    "item_class": enums.ItemClass,
    "level_group": enums.LevelGroup,
    "payment_source": enums.PaymentSource,
    "person_type": enums.PersonType,
    "sex": enums.Sex,
    "visit_kind": enums.VisitKind,
}

# In these tables a longer code (1102, 140104) refines a shorter one, two digits at a time. Codes
# that start with 99 are free for provinces and refine nothing.
_REFINED = frozenset({"person_type", "visit_kind"})
_REFINING_CODE = r"^(?:[0-8][0-9]|9[0-8])(?:[0-9]{2})+$"


@dataclass(frozen=True, slots=True)
class _Row:
    region: str
    code: str
    valid_from: date
    valid_to: date | None
    member: IntEnum
    label_zh: str

    @property
    def prefix(self) -> str:
        """What the codes of this region and of all places inside it start with."""
        return self.region.removeprefix(NATION).removesuffix("00").removesuffix("00")

    def holds(self, region: str, on: date) -> bool:
        begun = self.valid_from <= on and (self.valid_to is None or on < self.valid_to)
        return begun and region.startswith(self.prefix)

    def clashes(self, other: "_Row") -> bool:
        same = (self.region, self.code) == (other.region, other.code)
        return same and (
            (self.valid_to is None or other.valid_from < self.valid_to)
            and (other.valid_to is None or self.valid_from < other.valid_to)
        )


@dataclass(frozen=True, slots=True)
class CodeTable:
    """One dated table of codes; a row holds from `valid_from` up to, not including, `valid_to`.

    The most local row wins: county, then city, then province, then the nation. In the tables
    whose codes are refined by longer ones, an unlisted code means what its longest listed parent
    means.

    Example:
        >>> CodeTable.load("payment_source").decode("220000", "620100", date(2024, 1, 1)).name
        'CARE'
    """

    name: str
    rows: tuple[_Row, ...]

    @staticmethod
    @cache
    def load(name: str) -> "CodeTable":
        """Return a table that ships with the engine; it is read once."""
        return CodeTable.read(name, _DATA / f"{name}.csv")

    @staticmethod
    def read(name: str, path: Path) -> "CodeTable":
        """Return a table read from a file in the form of the shipped ones.

        Raises:
            PolicyError: `code_table`; the file breaks that form, and the error names the line.
        """
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        if not lines or lines[0] != _COLUMNS:
            _refuse(path, 1, f"列须为 {_COLUMNS}", f"the columns must be {_COLUMNS}")
        rows: list[_Row] = []
        for number, line in enumerate(lines[1:], start=2):
            row = _read_row(_MEMBERS[name], line, path, number)
            if any(row.clashes(earlier) for earlier in rows):
                zh = f"地区 {row.region} 的代码 {row.code} 同一天有两种含义"
                en = f"code {row.code} of region {row.region} has two meanings on one day"
                _refuse(path, number, zh, en)
            rows.append(row)
        # From the nation to the county, so that in a dictionary the more local row comes to stay.
        return CodeTable(name, tuple(sorted(rows, key=lambda row: len(row.prefix))))

    def decode(self, region: str, code: str, on: date) -> IntEnum:
        """Return what a code means in a region on a date.

        Raises:
            ClaimError: `unknown_code`; no row in force gives the code a meaning there.
        """
        meanings = self._meanings(region, on)
        for width in (len(code), *self._parent_widths(code)):
            if code[:width] in meanings:
                return meanings[code[:width]]
        raise ClaimError(
            code="unknown_code",
            message_zh=f"代码表 {self.name} 在 {on} 没有地区 {region} 的代码“{code}”，含义不明就"
            "不能按它结算；请更正代码，或在代码表中为该地区登记",
            message_en=f"table {self.name} has no code {code!r} for region {region} on {on}, and "
            "a claim cannot be settled by a code of unknown meaning; correct it, or enter it in "
            "the table for that region",
            table=self.name,
            value=code,
            region=region,
            on=on.isoformat(),
        )

    def encode(self, region: str, member: IntEnum, on: date) -> str:
        """Return the code for a meaning in a region on a date: the most local, then the first.

        Raises:
            PolicyError: `no_code`; no row in force has that meaning there.
        """
        return self._stated(region, member, on).code

    def label_zh(self, region: str, member: IntEnum, on: date) -> str:
        """Return the Chinese name that goes with the code that `encode` returns.

        Raises:
            PolicyError: `no_code`.
        """
        return self._stated(region, member, on).label_zh

    def _stated(self, region: str, member: IntEnum, on: date) -> _Row:
        meanings = self._meanings(region, on)
        stated = [row for row in self.rows if row.member is member and row.holds(region, on)]
        usable = [row for row in stated if meanings[row.code] is member]
        if not usable:
            raise PolicyError(
                code="no_code",
                message_zh=f"{on} 在地区 {region} 没有表示 {member.name} 的代码；请在代码表中登记",
                message_en=f"no code means {member.name} in region {region} on {on}; "
                "enter one in the table",
                file=f"{self.name}.csv",
            )
        return max(usable, key=lambda row: len(row.prefix))

    def decode_expr(self, region: pl.Expr, code: pl.Expr, on: pl.Expr) -> pl.Expr:
        """Return what decode returns, as Int64; null exactly where it would raise.

        Args:
            region: String column of region codes.
            code: String column of codes of this table.
            on: Date column.
        """
        ends = {row.valid_to for row in self.rows if row.valid_to is not None}
        decoded = pl.lit(None, dtype=pl.Int64)
        for change in sorted(ends | {row.valid_from for row in self.rows}):
            since = self._decode_on(region, code, change)
            decoded = pl.when(on >= change).then(since).otherwise(decoded)
        return decoded

    def _decode_on(self, region: pl.Expr, code: pl.Expr, on: date) -> pl.Expr:
        decoded = self._decode_at("", code, on)
        # Rows go from the nation to the county, so the most local condition is the outermost.
        for place in dict.fromkeys(row.prefix for row in self.rows if row.prefix):
            here = self._decode_at(place, code, on)
            decoded = pl.when(region.str.starts_with(place)).then(here).otherwise(decoded)
        return decoded

    def _decode_at(self, region: str, code: pl.Expr, on: date) -> pl.Expr:
        meanings = self._meanings(region, on)
        decoded = _mapped(code, meanings)
        if self.name not in _REFINED:
            return decoded
        refining = pl.when(code.str.contains(_REFINING_CODE)).then(code)
        widths = sorted({len(known) for known in meanings if len(known) % 2 == 0}, reverse=True)
        return pl.coalesce(
            decoded, *(_mapped(refining.str.head(width), meanings) for width in widths)
        )

    def _meanings(self, region: str, on: date) -> dict[str, IntEnum]:
        return {row.code: row.member for row in self.rows if row.holds(region, on)}

    def _parent_widths(self, code: str) -> range:
        refines = self.name in _REFINED and re.fullmatch(_REFINING_CODE, code)
        return range(len(code) - 2, 0, -2) if refines else range(0)


def _mapped(code: pl.Expr, meanings: dict[str, IntEnum]) -> pl.Expr:
    if not meanings:
        return pl.lit(None, dtype=pl.Int64)
    values = [int(member) for member in meanings.values()]
    return code.replace_strict(list(meanings), values, default=None, return_dtype=pl.Int64)


def _read_row(members: type[IntEnum], line: list[str], path: Path, number: int) -> _Row:
    if len(line) != len(_COLUMNS):
        _refuse(path, number, "列数不对", "wrong number of columns")
    region, code, valid_from, valid_to, name, label_zh, source = line
    if not re.fullmatch(r"\*|[0-9]{6}", region):
        _refuse(
            path,
            number,
            f"地区“{region}”须为 * 或六位数字",
            f"region {region!r} is not * or six digits",
        )
    if not re.fullmatch(r"[0-9]+", code) or not source:
        _refuse(
            path, number, "代码须为数字，且须有来源", "the code must be digits and have a source"
        )
    if name.upper() not in members.__members__:
        _refuse(
            path, number, f"{members.__name__} 没有“{name}”", f"{members.__name__} has no {name!r}"
        )
    try:
        start = date.fromisoformat(valid_from) if valid_from else date.min
        end = date.fromisoformat(valid_to) if valid_to else None
    except ValueError:
        _refuse(path, number, "日期须为 yyyy-MM-dd", "dates must be yyyy-MM-dd")
    return _Row(region, code, start, end, members[name.upper()], label_zh)


def _refuse(path: Path, line: int, message_zh: str, message_en: str) -> NoReturn:
    raise PolicyError(
        code="code_table", message_zh=message_zh, message_en=message_en, file=path.name, line=line
    )
