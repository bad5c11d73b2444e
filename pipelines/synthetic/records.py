"""The claims and lines of one chunk as records: English names, our units, identifiers as text."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.synthetic.figures import CITIES, VISITS
from pipelines.synthetic.lines import Lines
from pipelines.synthetic.people import People
from pipelines.synthetic.visits import DISEASES
from pipelines.synthetic.world import World

Ints = NDArray[np.int64]

CHUNK_SERIALS = 10_000_000
CHUNK_LINES = 1_000_000_000
CLAIM_COLUMNS = (
    "settlement_id", "message_id", "visit_id", "person_id", "identity_no", "person_name", "sex",
    "birth_date", "insurance", "person_type", "visit_kind", "hospital_level", "institution_id",
    "home_region", "care_region", "begin_date", "end_date", "settled_at", "disease_code",
    "account_used", "interim", "refund", "total_fen", "segment", "origin",
    "original_settlement_id", "doctor_code",
)  # fmt: skip
LINE_COLUMNS = (
    "settlement_id", "line_id", "original_line_id", "visit_id", "person_id", "charge_batch",
    "disease_code", "charged_at", "item_code", "institution_item_code", "amount_fen",
    "quantity_e4", "price_e6", "billing_department_code", "billing_department_name",
    "billing_doctor_code", "hospital_approved",
)  # fmt: skip
DEPARTMENTS = pl.Series(
    ["A02", "A03", "A04", "A05", "A06", "A07", "A10", "A11", "A12", "A13", "A20", "A50"]
)
DEPARTMENT_NAMES = pl.Series(
    ["全科", "内科", "外科", "妇产科", "妇女保健科", "儿科", "眼科", "耳鼻喉科", "口腔科",
     "皮肤科", "急诊科", "中医科"]
)  # fmt: skip


def in_file_order(claims: pl.DataFrame, chunk: int) -> pl.DataFrame:
    """Return claims by time with `serial`, unique in the city, and `visit_serial`.

    A refund belongs to the visit of its original.
    """
    claims = claims.sort("settled_at", "row").with_row_index("position")
    serial = chunk * CHUNK_SERIALS + pl.col("position").cast(pl.Int64) + 1
    claims = claims.with_columns(serial=serial)
    of_pair = claims.select(pair="row", pair_serial="serial")
    visit_serial = pl.when("refund").then("pair_serial").otherwise("serial")
    return claims.join(of_pair, on="pair", how="left", maintain_order="left").with_columns(
        visit_serial=visit_serial
    )


def claim_records(
    claims: pl.DataFrame, world: World, people: People, totals_fen: Ints
) -> pl.DataFrame:
    """Return the claim file's records, and beside them what only their lines carry.

    Args:
        claims: in file order.
        totals_fen: bills by row of the claim that has the lines.
    """
    night = f"{world.plan.night:%Y%m%d}"
    doctor_code = pl.when(~pl.col("pharmacy")).then(
        "D" + pl.col("institution_id").str.tail(5) + _digits("department", 2) + _digits("doctor", 2)
    )
    return _with_names(claims, world, people).select(
        "person_id", "identity_no", "person_name", "sex", "birth_date", "insurance",
        "visit_kind", "hospital_level", "institution_id", "home_region", "care_region",
        "disease_code",
        settlement_id=night + _digits("serial", 12),
        message_id=pl.col("institution_id") + night + _digits("serial", 10),
        visit_id=_digits("visit_serial", 18),
        person_type=pl.when("short_type")
        .then(pl.col("person_type").str.head(2))
        .otherwise("person_type"),
        begin_date=_date("begin_day"),
        end_date=_date("end_day"),
        settled_at=pl.from_epoch("settled_at"),
        account_used=_flag("account_used"),
        interim=pl.lit("0"),
        refund=_flag("refund"),
        total_fen=pl.Series(totals_fen[claims["source"].to_numpy()]) * pl.col("sign"),
        segment=pl.lit(1),
        origin=pl.when("online").then(pl.lit("settled_online")).otherwise(pl.lit("to_settle")),
        original_settlement_id=pl.when("refund").then(night + _digits("pair_serial", 12)),
        charge_batch="C" + _digits("serial", 12),
        billing_department_code=_named("department", DEPARTMENTS),
        billing_department_name=_named("department", DEPARTMENT_NAMES),
        doctor_code=doctor_code,
        billing_doctor_code=doctor_code,
    )  # fmt: skip


def line_records(
    claims: pl.DataFrame, records: pl.DataFrame, world: World, lines: Lines, chunk: int
) -> pl.DataFrame:
    """Return the line file's records, clustered by claim in the order of the claims.

    Args:
        claims: in file order.
        records: what `claim_records` made of them.
        lines: by row of the claim that has them; a copy repeats them, a refund with its sign.
    """
    source = claims["source"].to_numpy()
    count = lines.count[source]
    claim = np.repeat(np.arange(len(count)), count)
    start = first_positions(claims, lines)
    within = np.arange(len(claim)) - start[claim]
    line = lines.first[source][claim] + within
    item = pl.Series(lines.item[line])
    sign = claims["sign"].to_numpy()[claim]
    carried = records.select(name for name in LINE_COLUMNS if name in records.columns)
    return (
        carried[claim]
        .with_columns(
            line_id=line_ids(chunk, np.arange(len(claim))),
            original_line_id=_original_line_ids(claims, start, claim, within, chunk),
            charged_at=pl.from_epoch(pl.lit(pl.Series(lines.charged_at[line]))),
            item_code=world.catalogue.codes.gather(item),
            institution_item_code="L" + pl.lit(item).cast(pl.String).str.zfill(6),
            amount_fen=pl.Series(lines.amount_fen[line] * sign),
            quantity_e4=pl.Series(lines.quantity_e4[line] * sign),
            price_e6=pl.Series(lines.price_e6[line]),
            hospital_approved=pl.lit("1"),
        )
        .select(LINE_COLUMNS)
    )


def first_positions(claims: pl.DataFrame, lines: Lines) -> Ints:
    """The position in the line file of each claim's first line, claims being in file order."""
    count = lines.count[claims["source"].to_numpy()]
    start: Ints = np.cumsum(count) - count
    return start


def line_ids(chunk: int, positions: Ints) -> pl.Series:
    """The identifiers of lines by their position in the line file of a chunk."""
    return pl.Series((chunk + 1) * CHUNK_LINES + positions).cast(pl.String)


def _with_names(claims: pl.DataFrame, world: World, people: People) -> pl.DataFrame:
    places = world.places
    institution = claims["institution"].to_numpy()
    person = people.frame[claims["person"].to_numpy()].drop("number")
    return claims.with_columns(
        *person.rename({"region": "home_region", "name": "person_name"}).get_columns(),
        visit_kind=_named("visit", pl.Series([kind.code for kind in VISITS])),
        hospital_level=places.levels.gather(institution),
        institution_id=places.ids.gather(institution),
        care_region=pl.Series([city.region for city in CITIES]).gather(places.region[institution]),
        disease_code=_named("disease", DISEASES),
        pharmacy=pl.Series(places.pharmacy[institution]),
    ).with_columns(department=pl.when(~pl.col("pharmacy")).then("department"))


def _original_line_ids(
    claims: pl.DataFrame, start: Ints, claim: Ints, within: Ints, chunk: int
) -> pl.Series:
    position = np.empty(len(claims), dtype=np.int64)
    position[claims["row"].to_numpy()] = np.arange(len(claims))
    original = position[claims["pair"].fill_null(0).to_numpy()]
    refund = claims["refund"].to_numpy()[claim]
    ids = line_ids(chunk, (start[original][claim] + within)[refund])
    texts = pl.Series([None], dtype=pl.String).extend_constant(None, len(claim) - 1)
    return texts.scatter(np.flatnonzero(refund), ids)


def _named(column: str, names: pl.Series) -> pl.Expr:
    return pl.lit(names).gather(pl.col(column))


def _digits(column: str, width: int) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.zfill(width)


def _date(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int32).cast(pl.Date)


def _flag(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int8).cast(pl.String)
