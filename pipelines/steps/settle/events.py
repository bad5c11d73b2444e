"""Checked claims as engine events: identifiers become keys, dimensions become positions."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from engine.claims.columns import (
    NONE,
    Event,
    EventFlag,
    EventKind,
    Filing,
    Ints,
)
from engine.claims.keys import content_key, content_keys
from engine.claims.origin import Origin
from engine.codes.enums import PersonType
from engine.errors import ensure
from engine.policy.compiler import CompiledBook
from engine.policy.dimensions import disease_position
from engine.policy.insurances import SCHEME_OF

DAY_SECONDS = 86_400


class TextKeys:
    """Content keys of texts of which many are alike, chunk by chunk."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {0: ""}
        self._keys: dict[str, int] = {"": 0}

    def of(self, texts: pl.Series) -> Ints:
        """Return the keys of texts; null and empty text have key 0.

        Raises:
            InvariantError: two different texts, of this chunk or an earlier one, have one key.
        """
        held = texts.to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
        keys = [0]
        for text in held.dictionary.to_pylist():
            if text not in self._keys:
                key = content_key(text)
                ensure(self._texts.setdefault(key, text) == text, "two texts have one key")
                self._keys[text] = key
            keys.append(self._keys[text])
        # Null is -1 and so finds the key before the first.
        at: Ints = held.indices.fill_null(-1).to_numpy() + 1
        return np.array(keys)[at]


def events_of(claims: pl.DataFrame, book: CompiledBook, keys: TextKeys) -> dict[int, Ints]:
    """Return the columns of the events of checked claims, in the claims' order.

    A refund is a reversal, whose REF is not known here. Claims come with empty buckets: their
    lines fill them. What all events leave constant is not among the columns.
    """
    placed = _placed(claims, book)
    expressions = {
        Event.KIND: pl.when("refund").then(int(EventKind.REVERSAL)).otherwise(int(EventKind.CLAIM)),
        Event.ORDER_TIME: pl.col("settled_at"),
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
        Event.FILING: pl.when(_is_local())
        .then(int(Filing.LOCAL))
        .otherwise(pl.col("filing").fill_null(NONE)),
        Event.FLAGS: _flags(),
        Event.TOTAL: pl.col("total_fen"),
    }
    values = placed.select(
        value.cast(pl.Int64).alias(key.name) for key, value in expressions.items()
    )
    columns: dict[int, Ints] = {key: values[key.name].to_numpy() for key in expressions}
    columns[Event.PERSON] = person_keys(claims["person_id"])
    columns[Event.INSTITUTION] = keys.of(claims["institution_id"])
    columns[Event.DISEASE] = keys.of(claims["disease_code"])
    columns[Event.ORDER_TIE] = np.zeros(len(claims), dtype=np.int64)
    columns[Event.VISIT] = _stays(claims)
    columns[Event.DISEASE_GROUP] = _disease_groups(columns[Event.SCHEME], claims, book)
    return columns


def _stays(claims: pl.DataFrame) -> Ints:
    """Return the key of the stay that each segment is part of, NONE for a stay billed whole."""
    stays = np.full(len(claims), NONE, dtype=np.int64)
    part = claims.select(pl.col("interim") | (pl.col("segment") > 1)).to_series()
    rows = np.flatnonzero(part.to_numpy())
    stays[rows] = stay_keys(claims[rows])
    return stays


def stay_keys(claims: pl.DataFrame) -> Ints:
    """Return the key of each claim's visit at its institution."""
    visit = pl.concat_str("institution_id", "visit_id", separator="/")
    keys: Ints = content_keys(claims.select(visit).to_series()).to_numpy()
    return keys


def person_keys(persons: pl.Series) -> Ints:
    """Return numbers that tell a night's persons apart; whether they do, `bucket` checks."""
    numbers: Ints = (persons.hash().to_numpy() >> np.uint64(1)).astype(np.int64)
    return numbers


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
    decides the terms, if the delivery tells it.
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
    """Add scheme, level and person_class as positions, and age on the claim date."""
    schemes, levels, classes = _members(book)
    # The reference's class may differ from the visit's own; the claim says what it was then.
    joined = (
        claims.with_columns(
            pl.col("insurance").cast(pl.Int64), pl.col("person_type").cast(pl.Int64)
        )
        .join(schemes, on=["home_region", "insurance"], how="left", maintain_order="left")
        .join(levels, on=["scheme", "deductible_level"], how="left", maintain_order="left")
        .join(classes, on=["scheme", "person_type"], how="left", maintain_order="left")
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
