"""Claims: from the records of a file to the columns of `CLAIMS_TAKEN`."""

from dataclasses import dataclass

import polars as pl

from engine.claims.codes import Code
from engine.claims.columns import Filing
from engine.claims.origin import Origin
from engine.codes.lookup import CodeTable
from engine.periods import day_number_expr
from engine.storage.tables import CLAIMS_TAKEN, ONLINE_AMOUNTS, ONLINE_PREFIX
from engine.wire.fields import by_english
from engine.wire.translate import to_english
from pipelines.steps.intake.faults import (
    RAW,
    Check,
    check,
    find_faults,
    id_check,
    missing,
    value_check,
)
from pipelines.steps.intake.identity import is_identity_number
from pipelines.steps.intake.layout import Layout

_IDS = {
    "settlement_id": True,
    "message_id": True,
    "visit_id": True,
    "person_id": True,
    "institution_id": True,
    "original_settlement_id": False,
    "doctor_code": False,
}
_VALUES = {"begin_date": True, "end_date": True, "settled_at": True, "total_fen": True}
_VALUES |= {"segment": False} | dict.fromkeys(ONLINE_AMOUNTS, False)
_REGIONS = ("home_region", "care_region")
_CODES = {"insurance": True, "visit_kind": True, "person_type": False, "hospital_level": False}
_PLACE_OF_CODE = {
    "insurance": "home_region",
    "visit_kind": "care_region",
    "person_type": "home_region",
    "hospital_level": "care_region",
}
_FLAGS = ("refund", "account_used", "interim")
_FROM_STEP = ("claim", "file")
_TEXTS = ("identity_no", "identity_type", "disease_code", "origin", "filing")

WANTED = {
    **_IDS,
    **_VALUES,
    **dict.fromkeys(_REGIONS, True),
    **_CODES,
    **dict.fromkeys(_FLAGS, False),
    **dict.fromkeys(_TEXTS, False),
}
"""The fields that are read, and whether a file must have a column for each."""

TAKEN = {name: dtype for name, dtype in CLAIMS_TAKEN.schema.items() if name not in _FROM_STEP}
"""Columns of the claims of one file."""

_UNKNOWN = Code.UNKNOWN_CODE
_IDENTITY_CARD = "01"
_FILINGS = {filing.name.lower(): int(filing) for filing in Filing if filing is not Filing.LOCAL}
"""How care outside the region was filed; whether it is outside, the regions tell."""

_ORIGINS = {origin.name.lower(): int(origin) for origin in Origin}


@dataclass(frozen=True, slots=True)
class ClaimBatch:
    """A batch of claims.

    Attributes:
        taken: TAKEN columns of the sound records.
        fallen_ids: settlement identifiers of the others, as sent.
        faults: FAULTS of the batch.
    """

    taken: pl.DataFrame
    fallen_ids: pl.Series
    faults: pl.DataFrame


def read_claims(batch: pl.DataFrame, layout: Layout, first_row: int) -> ClaimBatch:
    """Return the claims of a batch of records, the first of which has the number `first_row`."""
    national = layout.national(batch)
    fields = by_english(*layout.tables)
    sent = national.select(pl.col(fields[english].code).alias(RAW + english) for english in WANTED)
    records = (
        to_english(national, *layout.tables)
        .with_row_index("row", first_row)
        .with_columns(pl.col("row").cast(pl.Int64))
        .hstack(sent)
        .with_columns(_decoded())
    )
    failed, faults = find_faults(records, _checks(layout, sent))
    return ClaimBatch(
        taken=records.filter(~failed).select(_columns()),
        fallen_ids=records.filter(failed)[RAW + "settlement_id"],
        faults=faults,
    )


def drop_repeated(claims: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the claims without those whose settlement identifier is taken, and the latter.

    Of several claims of one identifier the first in the order of settlement is kept. Which that
    is hangs on their content alone, so that the order of files decides nothing.
    """
    repeated = claims.filter(pl.col("settlement_id").is_duplicated())
    content = [name for name in claims.columns if name not in ("file", "row")]
    order = list(dict.fromkeys(["settled_at", "message_id", *content, "file", "row"]))
    dropped = repeated.sort(order).filter(~pl.col("settlement_id").is_first_distinct())
    return claims.join(dropped, on=["file", "row"], how="anti", maintain_order="left"), dropped


def _decoded() -> list[pl.Expr]:
    """Return the codes as integers, null where they have no meaning there on that day."""
    return [
        CodeTable.load(name).decode_expr(pl.col(place), pl.col(name), pl.col("begin_date"))
        for name, place in _PLACE_OF_CODE.items()
    ]


def _checks(layout: Layout, sent: pl.DataFrame) -> list[Check]:
    fields = by_english(*layout.tables)
    identity_card = missing("identity_type") | (pl.col("identity_type") == _IDENTITY_CARD)
    wrong_identity = identity_card & ~is_identity_number(pl.col("identity_no"))
    unknown_origin = ~pl.col("origin").is_in(list(_ORIGINS))
    unknown_filing = ~pl.col("filing").is_in(list(_FILINGS))
    return [
        *(id_check(fields[name], required=must) for name, must in _IDS.items()),
        *(
            value_check(fields[name], sent.schema[RAW + name], required=must)
            for name, must in _VALUES.items()
        ),
        *(check(name, missing(name), Code.MISSING_VALUE) for name in _REGIONS),
        *(
            check(name, ~missing(name) & ~pl.col(name).str.contains(r"^[0-9]{6}$"), _UNKNOWN)
            for name in _REGIONS
        ),
        *(check(name, missing(name), Code.MISSING_VALUE) for name, must in _CODES.items() if must),
        *(_decode_check(name) for name in _CODES),
        *(
            check(name, ~missing(name) & ~pl.col(name).is_in(["0", "1"]), Code.FLAG_FORMAT)
            for name in _FLAGS
        ),
        check("segment", pl.col("segment") < 1, Code.NUMBER_FORMAT),
        check("origin", ~missing("origin") & unknown_origin, _UNKNOWN),
        check("filing", ~missing("filing") & unknown_filing, _UNKNOWN),
        check("identity_no", ~missing("identity_no") & wrong_identity, Code.ID_CHECK_DIGIT),
    ]


def _decode_check(name: str) -> Check:
    # Without a day a code has no meaning yet, and the day is what the record is rejected for.
    undated = pl.col("begin_date").is_null()
    return check(name, ~missing(name) & ~undated & pl.col(name).is_null(), _UNKNOWN)


def _columns() -> list[pl.Expr]:
    """Return the columns of CLAIMS_TAKEN that a record has by itself."""
    present = {
        "row": pl.col("row"),
        **{name: pl.col(name) for name in ("home_region", "care_region")},
        **{name: pl.col(name) for name in _IDS},
        **{name: _filled(name) for name in ("original_settlement_id", "disease_code")},
        "physician_id": _filled("doctor_code"),
        "identity_no": _filled("identity_no").str.to_uppercase(),
        "origin": _filled("origin").replace_strict(_ORIGINS, default=None).fill_null(0),
        "filing": _filled("filing").replace_strict(_FILINGS, default=None),
        "segment": pl.col("segment").fill_null(1),
        "begin_day": day_number_expr(pl.col("begin_date")),
        "end_day": day_number_expr(pl.col("end_date")),
        "settled_at": pl.col("settled_at").dt.epoch("s"),
        **{name: pl.col(name) for name in _CODES},
        **{name: (pl.col(name) == "1").fill_null(value=False) for name in _FLAGS},
        "total_fen": pl.col("total_fen"),
        **{ONLINE_PREFIX + name: pl.col(name) for name in ONLINE_AMOUNTS},
    }
    return [present[name].cast(dtype).alias(name) for name, dtype in TAKEN.items()]


def _filled(name: str) -> pl.Expr:
    return pl.when(~missing(name)).then(pl.col(name))
