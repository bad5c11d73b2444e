"""What reference data and earlier nights say about each claim."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from engine.storage.tables import KNOWN

ORIGINAL = "original."
"""Prefix of the columns of the settlement that a refund undoes."""

REGISTERED = "registered."
"""Prefix of the columns of the insured person and of the institution."""

_PERSON_FACTS = ("identity_no", "sex", "birth_day", "person_type")
_PLACE_FACTS = ("hospital_level", "price_level", "deductible_level", "kind")


@dataclass(frozen=True, slots=True)
class CheckInputs:
    """The files that check reads.

    Attributes:
        claims: CLAIMS_TAKEN.
        claim_lines: CLAIM_LINES.
        lines: LINES.
        rejects: REJECTS of intake.
        institutions: INSTITUTIONS_READ.
        persons: PERSONS_READ.
        known: KNOWN, the settlements of earlier nights; None for none.
        regions: regions that have a policy; a claim of any other waits for one.
    """

    claims: Path
    claim_lines: Path
    lines: Path
    rejects: Path
    institutions: Path
    persons: Path
    known: Path | None = None
    regions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Nights:
    """The night that is run, and the last one that was published, if any."""

    run: date
    published: date | None = None


def gather_facts(inputs: CheckInputs, known: pl.DataFrame) -> pl.DataFrame:
    """Return the claims, in order, with their lines' sums and all that is known about them.

    Columns under REGISTERED and ORIGINAL are null where there is no such person, institution or
    settlement. `covered` tells whether the insurance covers the begin of the visit,
    `settled_before` whether the settlement is one of an earlier night.
    """
    sums = pl.read_parquet(inputs.claim_lines).drop("claim")
    claims = pl.read_parquet(inputs.claims).hstack(sums)
    claims = _join_persons(claims, pl.read_parquet(inputs.persons), inputs.regions)
    places = pl.read_parquet(inputs.institutions, columns=["institution_id", *_PLACE_FACTS])
    places = places.rename({name: REGISTERED + name for name in _PLACE_FACTS})
    claims = claims.join(places, on="institution_id", how="left", maintain_order="left")
    settled_before = pl.col("settlement_id").is_in(known["settlement_id"].implode())
    claims = claims.with_columns(settled_before=settled_before)
    return _join_originals(claims, known)


def read_known(path: Path | None) -> pl.DataFrame:
    """Return the settlements of earlier nights."""
    return pl.DataFrame(schema=KNOWN.schema) if path is None else pl.read_parquet(path)


def _join_persons(
    claims: pl.DataFrame, persons: pl.DataFrame, regions: frozenset[str]
) -> pl.DataFrame:
    """Add the facts of the cover that holds on the first day, else of the person's last one.

    A cover is one of the region that the claim says insures, so that no other region's fund pays.
    Of a region without a policy nothing is settled, and the register need not know it.
    """
    covers = persons.select(
        "person_id", "region", "insurance", "cover_from", "cover_to", *_PERSON_FACTS
    )
    named = {name: REGISTERED + name for name in _PERSON_FACTS}
    visits = claims.select("claim", "person_id", "insurance", "begin_day", "home_region")
    there = (pl.col("region") == pl.col("home_region")) | ~pl.col("home_region").is_in(regions)
    held = (
        visits.join(covers, on=["person_id", "insurance"])
        .filter(there)
        .filter(pl.col("begin_day").is_between("cover_from", "cover_to", closed="left"))
        .select("claim", *_PERSON_FACTS, covered=pl.lit(value=True))
    )
    last = covers.sort("person_id", "cover_from").unique("person_id", keep="last")
    uncovered = (
        visits.join(held, on="claim", how="anti")
        .join(last, on="person_id")
        .select("claim", *_PERSON_FACTS, covered=pl.lit(value=False))
    )
    facts = pl.concat([held, uncovered]).rename(named)
    return claims.join(facts, on="claim", how="left", maintain_order="left")


def _join_originals(claims: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Add, to refunds, what they undo: a claim of the input or a settlement of earlier nights."""
    tonight = claims.select(
        "settlement_id",
        "institution_id",
        "visit_id",
        "segment",
        "person_id",
        "total_fen",
        live=~pl.col("refund"),
        claim="claim",
        fallen="fallen",
        print="print",
    )
    earlier = known.join(tonight, on="settlement_id", how="anti")
    originals = pl.concat([tonight, earlier], how="diagonal").select(pl.all().name.prefix(ORIGINAL))
    refunds = claims.filter("refund").select("claim", "original_settlement_id")
    found = refunds.join(
        originals, left_on="original_settlement_id", right_on=ORIGINAL + "settlement_id"
    ).drop("original_settlement_id")
    return claims.join(found, on="claim", how="left", maintain_order="left")
