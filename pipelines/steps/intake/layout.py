"""Which column of a file holds which field, and whether the file may be read at all."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from engine.claims.codes import Code
from engine.wire.fields import Field, by_code, by_english
from pipelines.files import tabular
from pipelines.staged.tally import Subject

_TABLES: dict[Subject, tuple[str, ...]] = {
    "claims": ("claim", "settlement"),
    "lines": ("line",),
}
_EVERY_TABLE = ("claim", "line", "settlement", "line_result", "fund_detail")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one file that are read.

    Attributes:
        tables: the tables of the dictionary that the fields come from.
        columns: column of the file by the English name of its field.
        absent: English names that are wanted and not there.
    """

    tables: tuple[str, ...]
    columns: dict[str, str]
    absent: tuple[str, ...]

    def national(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return a batch of the file, named by code; absent fields are null throughout."""
        fields = by_english(*self.tables)
        return batch.select(
            *(pl.col(name).alias(fields[english].code) for english, name in self.columns.items()),
            *(pl.lit(None, dtype=pl.String).alias(fields[english].code) for english in self.absent),
        )

    def column(self, english: str) -> str:
        """Return what the file calls a field, or its code where the file lacks it."""
        return self.columns.get(english) or by_english(*self.tables)[english].code


def lay_out(
    table: tabular.TableFile, subject: Subject, wanted: Mapping[str, bool], mapping: dict[str, str]
) -> Layout:
    """Return where the wanted fields of a file are.

    Args:
        wanted: whether a field must have a column, by its English name.
        mapping: code by column name, for columns that have a name of their own.

    Raises:
        ClaimError: `unknown_column`, `duplicate_column`, `missing_column`, `id_column_type` or
            `date_column_type`.
    """
    codes = {name: mapping.get(name, name) for name in table.columns}
    _check_names(table, codes)
    fields = by_english(*_TABLES[subject])
    column_of = {code: name for name, code in codes.items()}
    there = {e: column_of[fields[e].code] for e in wanted if fields[e].code in column_of}
    missing = [fields[e].code for e, must in wanted.items() if must and e not in there]
    if missing:
        raise tabular.refusal(Code.MISSING_COLUMN, table.path, ", ".join(missing))
    for english, name in there.items():
        _check_type(table, name, fields[english])
    return Layout(_TABLES[subject], there, tuple(e for e in wanted if e not in there))


def _check_names(table: tabular.TableFile, codes: dict[str, str]) -> None:
    known = by_code(*_EVERY_TABLE)
    unknown = [name for name, code in codes.items() if code not in known]
    if unknown:
        raise tabular.refusal(Code.UNKNOWN_COLUMN, table.path, ", ".join(unknown))
    taken = list(codes.values())
    repeated = [name for name, code in codes.items() if taken.count(code) > 1]
    if repeated:
        raise tabular.refusal(Code.DUPLICATE_COLUMN, table.path, ", ".join(repeated))


def _check_type(table: tabular.TableFile, name: str, field: Field) -> None:
    dtype = table.types[name]
    if field.unit or dtype in (pl.String, pl.Null):
        return  # A number of an untrusted type rejects its records, not the file.
    if field.type not in ("D", "T"):
        raise tabular.refusal(Code.ID_COLUMN_TYPE, table.path, f"{name}: {dtype}")
    naive = isinstance(dtype, pl.Datetime) and dtype.time_zone is None
    if not (dtype == pl.Date if field.type == "D" else naive):
        raise tabular.refusal(Code.DATE_COLUMN_TYPE, table.path, f"{name}: {dtype}")
