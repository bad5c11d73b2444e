"""What rules look at, and what they find: the columns of both."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

import numpy as np
import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict

Schema: TypeAlias = dict[str, pl.DataType | type[pl.DataType]]

SETTLEMENT: Schema = {
    "settlement_id": pl.String,
    "message_id": pl.String,
    "visit_id": pl.String,
    "person_id": pl.String,
    "institution_id": pl.String,
    "physician_id": pl.String,
    "care_region": pl.String,
    "disease_code": pl.String,
    "visit_kind": pl.Int8,
    "insurance": pl.Int8,
    "hospital_level": pl.Int8,
    "sex": pl.Int8,
    "birth_day": pl.Int32,
    "begin_day": pl.Int32,
    "end_day": pl.Int32,
    "settled_at": pl.Int64,
    "total_fen": pl.Int64,
    "claim": pl.Int32,
}
"""A settlement. `claim` is the position that its lines name: below zero for one of an earlier night
whose lines are looked at too, null for one without. Null for every earlier night: `hospital_level`
and `birth_day`."""

LIMIT: Schema = {
    "kind": pl.String,
    "point": pl.String,
    "item": pl.Int32,
    "region": pl.String,
    "valid_from": pl.Int32,
    "valid_to": pl.Int32,
    "low": pl.Int64,
    "high": pl.Int64,
    "unit": pl.String,
    "window": pl.Int64,
    "words": pl.List(pl.String),
    "others": pl.List(pl.Int32),
}
"""What limits an item: a knowledge point, or a limit of the catalogue. `point` tells one from
another; `region` is the region of care, `*` for all; engine/rules/knowledge/points.py says what
`low` to `others` mean for each kind. A row of the region stands before one for everywhere.
Of the catalogue are the kinds `sex` and `category` (`low` an ItemCategory)."""

REGISTER: Schema = {
    "register": pl.String,
    "subject": pl.String,
    "begins": pl.Int32,
    "ends": pl.Int32,
    "source": pl.String,
}
"""What others register of a person, physician or institution, from a day up to another."""

RECORD: Schema = {
    "record": pl.String,
    "settlement_id": pl.String,
    "subject": pl.String,
    "item": pl.Int32,
    "day": pl.Int32,
    "minute": pl.Int32,
    "value": pl.String,
    "quantity_e4": pl.Int64,
}
"""What was noted of a settlement, or of a subject (person or institution): engine/rules/records.py
says what each record holds. `item` is -1 for a code that no catalogue lists, null where none is
named; `minute` is of the day."""

LINE: Schema = {
    "file": pl.Int32,
    "row": pl.Int64,
    "item": pl.Int32,
    "quantity_e4": pl.Int64,
    "price_e6": pl.Int64,
    "amount_fen": pl.Int64,
    "day": pl.Int32,
    "approved": pl.Int8,
}

CLAIM_LINE: Schema = {"claim": pl.Int32, **LINE}
"""A line that names its claim."""

FLAGGED: Schema = {**LINE, "excess_e4": pl.Int64, "over_fen": pl.Int64}
"""A line that is wrong, how much of its quantity is, and how much of its charge lies above the
price that holds."""

BESIDE: Schema = {"settlement_id": pl.String, "row": pl.Int64}
"""A line of another settlement without which nothing would be wrong."""

CANDIDATES: Schema = {
    "settlement_id": pl.String,
    "other_settlement_id": pl.String,
    "lines": pl.List(pl.Struct(FLAGGED)),
    "beside": pl.List(pl.Struct(BESIDE)),
}
"""What a form finds: a settlement of tonight, the one it collides with if any, the lines that are
wrong in it, none where the whole claim is, and the lines of others that make them so."""

TONIGHT = pl.col("claim").fill_null(-1) >= 0
PERSON = "person_id"
IN_ORDER = ("settled_at", "message_id", "settlement_id")


@dataclass(frozen=True)
class Facts:
    """What rules look at: those of a whole night, or of some of its persons.

    Attributes:
        settlements: SETTLEMENT of tonight and of earlier nights, those that stand.
        limits: LIMIT.
        registers: REGISTER, empty where nobody brought any.
        records: RECORD, empty where nobody brought any.
        lines: opens the lines of tonight in parts: CLAIM_LINE.
        earlier_lines: CLAIM_LINE of earlier nights, as far back as rules look.
        persons: the settlements once more, in shares of persons that are looked at one after the
            other, so that one of them has room in memory; none where all are looked at at once.
    """

    settlements: pl.LazyFrame
    limits: pl.DataFrame
    registers: pl.DataFrame
    records: pl.LazyFrame
    lines: Callable[[], Iterable[pl.DataFrame]]
    earlier_lines: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CLAIM_LINE))
    persons: tuple[pl.LazyFrame, ...] = ()


def _fact(name: str) -> str:
    if name not in SETTLEMENT:
        message = f"{name!r} is no column of a settlement; there are {', '.join(SETTLEMENT)}"
        raise ValueError(message)
    return name


FactName = Annotated[str, AfterValidator(_fact)]


@dataclass(frozen=True)
class Reach:
    """How far back a rule looks at lines of the same person: `days` before the first of tonight's.

    `limits` and `categories` say of which items: those that a limit of the kind names, or is held
    against, and those of the category. Neither means every item.
    """

    days: int
    limits: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


class Parameters(BaseModel):
    """The parameters of a form."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def asks(self) -> "Asks":
        """Return the facts without which a rule finds nothing although there is something."""
        return Asks()

    def reach(self) -> Reach | None:
        """Return how far back the rule looks at lines; None where tonight's are enough."""
        return None

    def split_by(self) -> FactName | None:
        """Return the column whose values a rule may look at in shares, None for all at once.

        By `person_id`, what is found of persons needs no settlement, line or record of others. By
        another column, settlements alone are looked at.
        """
        return PERSON


@dataclass(frozen=True)
class Asks:
    """What a rule looks at beside settlements.

    Attributes:
        limits: kinds of limit without which it does not run; lines of the items that these name.
        registers: one of these.
        records: records without which it does not run.
        columns: columns of settlements that not every night brings.
        every_line: lines of any item.
    """

    limits: tuple[str, ...] = ()
    registers: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    every_line: bool = False


def lacks(asked: Iterable[Asks], facts: Facts) -> list[list[str]]:
    """Return what each asks for and is not there, as `limit:sex`, `register:deaths` and the like.

    Of registers one is enough. A night without settlements lacks no column.
    """
    asking = list(asked)
    columns = sorted({name for asks in asking for name in asks.columns})
    told = facts.settlements.select(pl.len(), *(pl.col(name).count() for name in columns)).collect()
    there = _names("limit", facts.limits.lazy().select("kind"))
    there |= _names("register", facts.registers.lazy().select("register"))
    there |= _names("record", facts.records.select("record"))
    there |= {f"column:{name}" for name in columns if told[name][0] or not told["len"][0]}
    return [_lacking(asks, there) for asks in asking]


def _names(what: str, column: pl.LazyFrame) -> set[str]:
    return {f"{what}:{name}" for name in column.unique().collect().to_series()}


def _lacking(asks: Asks, there: set[str]) -> list[str]:
    registers = {f"register:{name}" for name in asks.registers}
    wanted = [f"limit:{kind}" for kind in asks.limits]
    if not registers & there:
        wanted += [f"register:{name}" for name in asks.registers]
    wanted += [f"record:{name}" for name in asks.records]
    wanted += [f"column:{name}" for name in asks.columns]
    return [name for name in wanted if name not in there]


def standing(settlements: pl.LazyFrame) -> pl.LazyFrame:
    """Return the settlements that stand: neither refunds nor cancelled by one.

    Args:
        settlements: with `refund` and `original_settlement_id`.
    """
    cancelled = settlements.filter("refund").select(settlement_id="original_settlement_id")
    return settlements.filter(~pl.col("refund")).join(cancelled, on="settlement_id", how="anti")


def tonight(facts: Facts, *columns: str) -> pl.DataFrame:
    """Return columns of tonight's settlements."""
    return facts.settlements.filter(TONIGHT).select(columns).collect()


def known(facts: Facts, *columns: str) -> pl.DataFrame:
    """Return columns of the settlements whose lines are looked at, tonight's and earlier ones."""
    return facts.settlements.drop_nulls("claim").select(columns).collect()


def known_lines(facts: Facts, items: pl.Series) -> pl.DataFrame:
    """Return the lines of some items that earlier nights and tonight hold, as CLAIM_LINE."""
    before = facts.earlier_lines.filter(pl.col("item").is_in(items.unique().implode()))
    return pl.concat([before, lines_of(facts, items)])


def lines_of(facts: Facts, items: pl.Series) -> pl.DataFrame:
    """Return tonight's lines of some items, as CLAIM_LINE."""
    return _chosen(facts, "item", items)


def not_taken_back(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of items of which a claim charges more than its lines of refund take back.

    Of what was charged and taken back again nothing is left that could be wrong, or make another
    line so.
    """
    of_claim = ["claim", "item"]
    back = lines.filter(pl.col("quantity_e4") < 0).select(of_claim).unique()
    if back.is_empty():
        return lines
    sums = lines.join(back, on=of_claim, how="semi").group_by(of_claim)
    gone = sums.agg(pl.col("quantity_e4").sum()).filter(pl.col("quantity_e4") <= 0)
    return lines.join(gone, on=of_claim, how="anti")


def lines_of_claims(facts: Facts, claims: pl.Series) -> pl.DataFrame:
    """Return the lines of some of tonight's claims, as CLAIM_LINE."""
    return _chosen(facts, "claim", claims)


def _chosen(facts: Facts, name: str, values: pl.Series) -> pl.DataFrame:
    parts = list(chosen_parts(facts.lines(), name, values))
    return pl.concat([pl.DataFrame(schema=CLAIM_LINE), *(part for part in parts if len(part))])


def chosen_parts(
    parts: Iterable[pl.DataFrame], name: str, values: pl.Series
) -> Iterator[pl.DataFrame]:
    """Yield of each part the lines whose item or claim is among some, as CLAIM_LINE.

    Args:
        name: `item` or `claim`.
    """
    # Numbers run from -1 and are dense: a place for each is quicker asked than a set of them.
    wanted = values.drop_nulls().to_numpy()
    table = np.zeros(int(wanted.max(initial=0)) + 3, dtype=np.bool_)
    table[wanted + 1] = True
    for part in parts:
        among = table.take(part[name].to_numpy() + 1, mode="clip")
        yield part.filter(pl.Series(among)).select(*CLAIM_LINE)


def with_institutions(facts: Facts, lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines of tonight with their `settlement_id` and `institution_id`."""
    claims = facts.settlements.filter(TONIGHT, pl.col("claim").is_in(lines["claim"].implode()))
    named = claims.select("claim", "settlement_id", "institution_id").collect()
    return lines.join(named, on="claim")


def records_of(facts: Facts, name: str) -> pl.LazyFrame:
    """Return the records of a kind."""
    return facts.records.filter(pl.col("record") == name)


def alone(found: pl.LazyFrame) -> pl.DataFrame:
    """Return settlements that collide with no other as CANDIDATES of whole claims."""
    return candidates(found.with_columns(other_settlement_id=pl.lit(None, dtype=pl.String)))


def candidates(found: pl.LazyFrame) -> pl.DataFrame:
    """Return settlement and other settlement as CANDIDATES of whole claims."""
    nothing = [pl.lit([], dtype=CANDIDATES[name]).alias(name) for name in ("lines", "beside")]
    return found.select("settlement_id", "other_settlement_id", *nothing).collect()


def gathered(lines: list[pl.DataFrame], beside: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return wrong lines, each once, gathered by their settlement, as CANDIDATES.

    The last settlement of `beside` is the one that it collides with.

    Args:
        lines: frames of settlement_id and FLAGGED; where a line comes several times the greatest
            excess holds.
        beside: frame of `flagged`, a settlement, and of BESIDE, in any order.
    """
    empty = pl.DataFrame(schema={"settlement_id": pl.String, **FLAGGED})
    return (
        pl.concat([empty, *lines])
        .sort(
            *("settlement_id", "file", "row", "excess_e4", "over_fen"),
            descending=[False, False, False, True, True],
        )
        .unique(["settlement_id", "file", "row"], keep="first", maintain_order=True)
        .group_by("settlement_id", maintain_order=True)
        .agg(pl.struct(*FLAGGED).alias("lines"))
        .join(_others(beside), on="settlement_id", how="left", maintain_order="left")
        .with_columns(pl.col("beside").fill_null([]))
        .select(*CANDIDATES)
    )


def _others(beside: pl.DataFrame | None) -> pl.DataFrame:
    """Return what stands beside each flagged settlement, and the last settlement among it."""
    rows = pl.DataFrame(schema={"flagged": pl.String, **BESIDE}) if beside is None else beside
    return (
        rows.select("flagged", *BESIDE)
        .unique()
        .sort("flagged", "settlement_id", "row")
        .group_by(settlement_id="flagged", maintain_order=True)
        .agg(pl.struct(*BESIDE).alias("beside"), other_settlement_id=pl.last("settlement_id"))
    )


def whole(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines that are wrong whole, as settlement_id and FLAGGED."""
    return in_part(lines.with_columns(excess_e4="quantity_e4"))


def in_part(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines that are wrong by their `excess_e4`, as settlement_id and FLAGGED."""
    none = pl.lit(0, dtype=pl.Int64).alias("over_fen")
    return lines.select("settlement_id", *LINE, "excess_e4", none)
