"""Checked claims as engine events: identifiers become keys, dimensions become positions."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from engine.claims.columns import (
    EVENT_WIDTH,
    NONE,
    Event,
    EventFlag,
    EventKind,
    Filing,
    Ints,
)
from engine.claims.keys import content_keys
from engine.claims.origin import Origin
from engine.codes.enums import Insurance, PersonType
from engine.policy.compiler import CompiledBook
from engine.policy.dimensions import disease_position

DAY_SECONDS = 86_400
SCHEME_OF = {
    Insurance.EMPLOYEE: "employee",
    Insurance.RESIDENT: "resident",
    Insurance.CIVIL_SERVANT: "civil_servant",
    Insurance.SERIOUS_ILLNESS: "serious_illness",
    Insurance.MATERNITY: "maternity",
    Insurance.WORK_INJURY: "injury",
}


def events_of(claims: pl.DataFrame, book: CompiledBook) -> Ints:
    """Return one event for each checked claim, shape (n, EVENT_WIDTH), in the claims' order.

    A refund is a reversal; its REF is the row of its original, NONE where that is not of this
    night. Claims come with empty buckets: their lines fill them.
    """
    placed = _placed(claims, book)
    events = np.full((len(claims), EVENT_WIDTH), NONE, dtype=np.int64)
    events[:, Event.AMOUNT :] = 0
    columns = {
        Event.KIND: pl.when("refund").then(int(EventKind.REVERSAL)).otherwise(int(EventKind.CLAIM)),
        Event.ORDER_TIME: pl.col("settled_at"),
        # A message's id is the institution's own: two of one second may share it.
        Event.ORDER_TIE: pl.struct("message_id", "settlement_id").rank("ordinal"),
        Event.REF: pl.col("original").fill_null(NONE),
        Event.SEGMENT: pl.col("segment"),
        Event.VISIT_KIND: pl.col("visit_kind"),
        Event.SCHEME: pl.col("scheme").fill_null(NONE),
        Event.BEGIN_DAY: pl.col("begin_day"),
        Event.END_DAY: pl.col("end_day"),
        Event.SETTLED_DAY: pl.col("settled_at") // DAY_SECONDS,
        Event.LEVEL: pl.col("level").fill_null(NONE),
        Event.PRICE_LEVEL: pl.col("price_level"),
        Event.PERSON_CLASS: pl.col("person_class").fill_null(NONE),
        Event.AGE: pl.col("age"),
        Event.SEX: pl.col("sex").fill_null(NONE),
        Event.FILING: pl.when(_is_local()).then(int(Filing.LOCAL)).otherwise(NONE),
        Event.FLAGS: _flags(),
        Event.TOTAL: pl.col("total_fen"),
    }
    values = placed.select(value.cast(pl.Int64).alias(key.name) for key, value in columns.items())
    for key in columns:
        events[:, key] = values[key.name].to_numpy()
    for key, name in (
        (Event.PERSON, "person_id"),
        (Event.INSTITUTION, "institution_id"),
        (Event.DISEASE, "disease_code"),
    ):
        events[:, key] = content_keys(claims[name]).to_numpy()
    events[:, Event.VISIT] = np.arange(len(claims))
    events[:, Event.DISEASE_GROUP] = _disease_groups(events[:, Event.SCHEME], claims, book)
    return events


def _disease_groups(schemes: Ints, claims: pl.DataFrame, book: CompiledBook) -> Ints:
    """Return the position of each claim's disease among the groups of its scheme, or NONE."""
    groups = np.full(len(claims), NONE, dtype=np.int64)
    for at, scheme in enumerate(book.book.schemes):
        if scheme.file.diseases:
            rows = np.flatnonzero(schemes == at)
            codes = claims["disease_code"].gather(rows)
            position = {code: disease_position(scheme.file, code) for code in codes.unique()}
            groups[rows] = codes.replace_strict(position, return_dtype=pl.Int64).to_numpy()
    return groups


def _is_local() -> pl.Expr:
    """Return whether care is given within the region that insures.

    A region's code ends in zeros where it stands for all below it. Across regions the filing
    decides the terms, and a delivery does not tell it.
    """
    prefix = pl.col("home_region").str.replace(r"(00)+$", "")
    return pl.col("care_region").str.starts_with(prefix)


def _flags() -> pl.Expr:
    online = pl.col("origin") == int(Origin.SETTLED_ONLINE)
    return (
        pl.col("account_used").cast(pl.Int64) * int(EventFlag.ACCOUNT_USED)
        + pl.col("interim").cast(pl.Int64) * int(EventFlag.INTERIM)
        + online.cast(pl.Int64) * int(EventFlag.SETTLED_ONLINE)
    )


def _placed(claims: pl.DataFrame, book: CompiledBook) -> pl.DataFrame:
    """Add scheme, level and person_class as positions, age on the claim date, and the original."""
    schemes, levels, classes = _members(book)
    originals = claims.select(
        pl.col("settlement_id").alias("original_settlement_id"),
        pl.col("claim").cast(pl.Int64).alias("original"),
    )
    # The reference's class may differ from the visit's own; the claim says what it was then.
    joined = (
        claims.with_columns(
            pl.col("insurance").cast(pl.Int64), pl.col("person_type").cast(pl.Int64)
        )
        .join(schemes, on=["home_region", "insurance"], how="left", maintain_order="left")
        .join(levels, on=["scheme", "deductible_level"], how="left", maintain_order="left")
        .join(classes, on=["scheme", "person_type"], how="left", maintain_order="left")
        .join(originals, on="original_settlement_id", how="left", maintain_order="left")
    )
    settled = pl.col("settled_at") // DAY_SECONDS
    on = pl.when("by_end").then(pl.col("end_day").cast(pl.Int64)).otherwise(settled)
    birth = pl.col("birth_day").cast(pl.Int32).cast(pl.Date)
    day = on.cast(pl.Int32).cast(pl.Date)
    before_birthday = (
        day.dt.month() * 100 + day.dt.day()
    ) < birth.dt.month() * 100 + birth.dt.day()
    age = day.dt.year().cast(pl.Int64) - birth.dt.year() - before_birthday.cast(pl.Int64)
    return joined.with_columns(age=age.fill_null(NONE))


def _members(book: CompiledBook) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    schemes, levels, classes = [], [], []
    insurance_of = {name: insurance for insurance, name in SCHEME_OF.items()}
    for at, scheme in enumerate(book.book.schemes):
        file = scheme.file
        if file.scheme in insurance_of:
            insurance = int(insurance_of[file.scheme])
            schemes.append((file.region, insurance, at, file.claim_date == "end"))
        levels += [(at, level, k) for k, level in enumerate(file.levels)]
        for k, kinds in enumerate(file.person_classes.values()):
            classes += [(at, int(PersonType[kind.upper()]), k) for kind in kinds]
    return (
        _frame(schemes, {"home_region": pl.String, "insurance": pl.Int64, "scheme": pl.Int64,
                         "by_end": pl.Boolean}),
        _frame(levels, {"scheme": pl.Int64, "deductible_level": pl.String, "level": pl.Int64}),
        _frame(classes, {"scheme": pl.Int64, "person_type": pl.Int64, "person_class": pl.Int64}),
    )  # fmt: skip


def _frame(
    rows: Sequence[tuple[object, ...]], schema: dict[str, type[pl.DataType]]
) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")
