"""What stands beside a city's claims: terms of items, and records with the faults of feeds."""

from pathlib import Path

import numpy as np
import polars as pl

from engine.codes.enums import ItemCategory
from engine.storage.beside_tables import ITEM_TERMS, RECORDS
from engine.wire.translate import to_english
from pipelines.synthetic.plan import CityPlan, Purpose
from pipelines.synthetic.write import write_parquet

LOST_CODE, SCANNED_TWICE = 0.03, 0.0005
LOST_RESULT, LOST_CARE, LEAVE = 0.015, 0.03, 0.01
TEMPLATE, TYPING_ERROR, OTHER_GROUP = 0.005, 0.003, 0.015
QUANTITY_E4 = 10_000
ON_THE_INTERNET, LATE_INVOICE = 0.03, 0.01
MONTHS = ("2024-01-01", "2023-12-01", "2023-11-01")
STAY, OUTPATIENT = "21", "11"
CHAPTERS = "I J K E M H L G R"
_C = ItemCategory


def draw_beside(folder: Path, plan: CityPlan) -> None:
    """Write `item_terms` and `records` beside the reference data of a city that is there.

    Args:
        folder: of the city, its input in Parquet.
        plan: of the city.
    """
    catalogue = pl.read_parquet(folder / "reference/catalogue.parquet").unique(
        "item_code", maintain_order=True
    )
    terms = _terms(catalogue)
    write_parquet(folder / "reference/item_terms.parquet", _table(terms, ITEM_TERMS.names))
    claims = _english(folder, "claims", "claim", "settlement").filter(pl.col("refund") == "0")
    lines = _english(folder, "lines", "line")
    rng = plan.random(Purpose.BESIDE)
    records = [
        *_of_lines(rng, claims, lines, terms),
        *_of_visits(rng, claims),
        *_of_stays(rng, claims),
    ]
    whole = pl.concat([_table(one, RECORDS.names) for one in records])
    write_parquet(folder / "reference/records.parquet", whole)


def _english(folder: Path, name: str, *tables: str) -> pl.DataFrame:
    files = sorted((folder / "input").glob(f"{name}-*.parquet"))
    return to_english(pl.read_parquet(files), *tables)


def _table(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(pl.String).alias(name)
        for name in names
    )


def _terms(catalogue: pl.DataFrame) -> pl.DataFrame:
    numbered = catalogue.select("item_code", "category").with_columns(
        number=pl.int_range(pl.len()).over("category")
    )
    drugs, labs, tests, care = _C.WESTERN_DRUG, _C.LABORATORY, _C.EXAMINATION, _C.TREATMENT
    rows = [
        _every(numbered, "traced", drugs, (5, 0)),
        _every(numbered, "supply", drugs, (5, 1), low="3"),
        _every(numbered, "second_line", drugs, (200, 2), others=_first(numbered, drugs, 60)),
        _every(numbered, "resulted", labs, (3, 0)),
        _every(numbered, "package", labs, (300, 1), others=_first(numbered, labs, 6)),
        _every(numbered, "test_indication", tests, (20, 0), words=CHAPTERS),
        _every(numbered, "therapy", care, (50, 0), high="4", window="7"),
        _every(numbered, "procedure", _C.CONSUMABLES, (70, 0), others=_first(numbered, care, 300)),
    ]
    every = {"region": "*", "valid_from": "2020-01-01", "source": "synthetic"}
    return pl.concat(rows, how="diagonal").with_columns(
        pl.lit(v).alias(k) for k, v in every.items()
    )


def _every(
    items: pl.DataFrame, kind: str, category: ItemCategory, each: tuple[int, int], **said: str
) -> pl.DataFrame:
    step, first = each
    own = pl.col("category") == f"{category:02d}"
    chosen = items.filter(own, pl.col("number") % step == first)
    values = {"kind": kind, **said}
    return chosen.select(
        "item_code", *(pl.lit(value).alias(name) for name, value in values.items())
    )


def _first(items: pl.DataFrame, category: ItemCategory, count: int) -> str:
    own = pl.col("category") == f"{category:02d}"
    return " ".join(items.filter(own)["item_code"].head(count))


def _of_lines(
    rng: np.random.Generator, claims: pl.DataFrame, lines: pl.DataFrame, terms: pl.DataFrame
) -> list[pl.DataFrame]:
    named = lines.select(
        "settlement_id", "item_code", code="line_id", used=pl.col("quantity_e4") / QUANTITY_E4
    ).join(claims.select("settlement_id", subject="institution_id"), on="settlement_id")
    traced = named.join(terms.filter(pl.col("kind") == "traced"), on="item_code", how="semi")
    tested = named.join(terms.filter(pl.col("kind") == "resulted"), on="item_code", how="semi")
    kept = traced.filter(rng.random(len(traced)) >= LOST_CODE)
    twice = rng.random(len(kept)) < SCANNED_TWICE
    codes = kept["code"].gather(np.where(twice, 0, np.arange(len(kept))))
    result = tested.filter(rng.random(len(tested)) >= LOST_RESULT)
    return [
        kept.select("settlement_id", "item_code", value="8" + codes, record=pl.lit("trace_code")),
        result.select("settlement_id", "item_code", record=pl.lit("result")),
        *_of_stock(rng, traced),
    ]


def _of_stock(rng: np.random.Generator, traced: pl.DataFrame) -> list[pl.DataFrame]:
    used = traced.group_by("subject", "item_code", maintain_order=True).agg(pl.col("used").sum())
    brought = np.where(rng.random(len(used)) < LATE_INVOICE, 0.9, 1.1)
    months = [used["used"] * rng.uniform(0.6, 1.4, len(used)) for _ in MONTHS]

    def noted(record: str, quantity: pl.Series, day: str | None = None) -> pl.DataFrame:
        return used.select(
            "subject",
            "item_code",
            record=pl.lit(record),
            quantity=quantity.ceil().cast(pl.Int64),
            day=pl.lit(day, dtype=pl.String),
        )

    monthly = [noted("monthly_use", m, day) for m, day in zip(months, MONTHS, strict=True)]
    return [noted("received", used["used"] * brought), *monthly]


def _of_visits(rng: np.random.Generator, claims: pl.DataFrame) -> list[pl.DataFrame]:
    visits = claims.filter(pl.col("visit_kind") != STAY)
    moment = pl.col("settled_at").dt
    clock = moment.hour().cast(pl.Int32) * 60 + moment.minute()
    device = pl.Series(rng.integers(1, 4, len(visits))).cast(pl.String)
    online = visits.filter(
        pl.Series(rng.random(len(visits)) < ON_THE_INTERNET) & (pl.col("visit_kind") == OUTPATIENT)
    )
    return [
        visits.select(
            "settlement_id",
            record=pl.lit("terminal"),
            value=pl.col("institution_id") + "-" + device,
            day=moment.date(),
            minute=clock,
        ),
        online.select("settlement_id", record=pl.lit("internet_visit")),
    ]


def _of_stays(rng: np.random.Generator, claims: pl.DataFrame) -> list[pl.DataFrame]:
    stays = claims.filter(pl.col("visit_kind") == STAY).with_columns(subject="person_id")
    dates = pl.date_ranges("begin_date", "end_date")
    days = stays.select("settlement_id", day=dates).explode("day")
    drawn = rng.random(len(days))
    told = pl.when(pl.Series(drawn < LEAVE)).then(pl.lit("leave")).otherwise(pl.lit("care_record"))
    cared = days.with_columns(record=told).filter(drawn < 1 - LOST_CARE)
    count = len(stays)
    group = pl.Series("group", ["A", "B", "AB", "O"]).gather(
        stays["subject"].rank("dense").cast(pl.Int64) % 4
    )
    wrong = pl.Series(rng.random(count) < TYPING_ERROR)
    own = pl.when(pl.Series(rng.random(count) >= TEMPLATE)).then("settlement_id")
    again = pl.when(pl.Series(rng.random(count) < OTHER_GROUP)).then(pl.lit("G2"))
    name = pl.col("settlement_id")
    return [
        cared,
        stays.select(name, "subject", record=pl.lit("blood_group"),
                     value=pl.when(wrong).then(pl.lit("?")).otherwise(pl.lit(group))),
        stays.select(name, record=pl.lit("note_print"), value=own.otherwise("institution_id")),
        stays.select(name, record=pl.lit("group_billed"), value=pl.lit("G1")),
        stays.select(name, record=pl.lit("group_again"), value=again.otherwise(pl.lit("G1"))),
    ]  # fmt: skip
