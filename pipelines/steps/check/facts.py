"""What reference data and earlier nights say about each claim."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from engine.codes.enums import Insurance
from engine.policy.book import PolicyBook
from engine.settlement.entitlement import has_ended_expr, is_covered_expr
from engine.storage.standing_tables import POSTED_ONLINE, SENT_BEFORE
from engine.storage.tables import Table
from pipelines.steps.check.agreements import refusals

ORIGINAL = "original."
"""Prefix of the columns of the settlement that a refund undoes."""

REGISTERED = "registered."
"""Prefix of the columns of the insured person and of the institution."""

_PERSON_FACTS = ("identity_no", "sex", "birth_day", "person_type")
_PLACE_FACTS = ("hospital_level", "price_level", "deductible_level", "kind")


def nobody_recognised() -> pl.DataFrame:
    """Return recognised injuries where there are none."""
    return pl.DataFrame(schema={"person_id": pl.String, "injured_day": pl.Int32})


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
        ends: ENDS_READ; None for none.
        recognised: `person_id` and `injured_day`, the injuries that are recognised as of work.
        known: KNOWN, what the ledger holds; None for nothing.
        posted: POSTED_ONLINE, and `sent`: SENT_BEFORE; None for none.
        agreements: AGREEMENTS_READ; None where nobody has brought any.
        book: the policies, which say how agreements are asked; None where none are asked.
        regions: regions that have a policy; a claim of any other waits for one.
    """

    claims: Path
    claim_lines: Path
    lines: Path
    rejects: Path
    institutions: Path
    persons: Path
    ends: Path | None = None
    recognised: pl.DataFrame = field(default_factory=nobody_recognised)
    known: Path | None = None
    posted: Path | None = None
    sent: Path | None = None
    agreements: Path | None = None
    book: PolicyBook | None = None
    regions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Nights:
    """The night that is run, and the last one that was published, if any."""

    run: date
    published: date | None = None


def gather_facts(inputs: CheckInputs, known: pl.DataFrame) -> pl.DataFrame:
    """Return the claims, in order, with their lines' sums and all that is known about them.

    Columns under REGISTERED and ORIGINAL are null where there is no such person, institution or
    settlement. `covered` tells whether the insurance covers the begin of the visit, `ended` whether
    entitlement had ended by then, `recognised` whether an injury of that day or before is
    recognised as of work, `agreement` the code that the institution's lack of an agreement has,
    `posted` whether the ledger has settled the claim online, `settled_before` whether its id is one
    of the ledger's otherwise, `message_used` whether its message id came online with something
    else.
    """
    sums = pl.read_parquet(inputs.claim_lines).drop("claim")
    claims = pl.read_parquet(inputs.claims).hstack(sums)
    claims = _join_persons(claims, pl.read_parquet(inputs.persons), inputs.regions)
    claims = claims.with_columns(
        _ended(claims, inputs.ends), _recognised(claims, inputs.recognised)
    )
    claims = claims.with_columns(refusals(claims, inputs.agreements, inputs.book))
    places = pl.read_parquet(inputs.institutions, columns=["institution_id", *_PLACE_FACTS])
    places = places.rename({name: REGISTERED + name for name in _PLACE_FACTS})
    claims = claims.join(places, on="institution_id", how="left", maintain_order="left")
    claims = _join_posted(claims, inputs, known)
    return _join_originals(claims, known)


def _join_posted(claims: pl.DataFrame, inputs: CheckInputs, known: pl.DataFrame) -> pl.DataFrame:
    """Add what the ledger says of a claim's own ids: posted, settled_before, message_used."""
    posted = read_or_empty(inputs.posted, POSTED_ONLINE)["settlement_id"]
    online = pl.col("settlement_id").is_in(posted.implode())
    there = pl.col("settlement_id").is_in(known["settlement_id"].implode())
    used = read_or_empty(inputs.sent, SENT_BEFORE).filter("online")
    used = used.select("institution_id", "message_id", message_used=pl.lit(value=True))
    key = ["institution_id", "message_id"]
    return claims.join(used, on=key, how="left", maintain_order="left").with_columns(
        posted=online,
        settled_before=there & ~online,
        message_used=pl.col("message_used").fill_null(value=False) & ~online,
    )


def read_or_empty(path: Path | None, table: Table) -> pl.DataFrame:
    """Return a file of a declared table; without a file an empty one."""
    return pl.DataFrame(schema=table.schema) if path is None else pl.read_parquet(path)


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
        .filter(is_covered_expr())
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


def _ended(claims: pl.DataFrame, path: Path | None) -> pl.Series:
    """Return whether the person's entitlement had ended when care began."""
    if path is None or not path.is_file():
        return pl.repeat(value=False, n=len(claims), dtype=pl.Boolean, eager=True).alias("ended")
    visits = claims.select("claim", "person_id", "begin_day")
    over = visits.join(pl.read_parquet(path), on="person_id").filter(has_ended_expr())
    return claims["claim"].is_in(over["claim"].implode()).alias("ended")


def _recognised(claims: pl.DataFrame, recognised: pl.DataFrame) -> pl.Series:
    """Return whether the person was injured at work on or before the day on which care began.

    Source: 经办条例 art. 22
    """
    visits = claims.filter(pl.col("insurance") == int(Insurance.WORK_INJURY))
    known = visits.select("claim", "person_id", "begin_day").join(recognised, on="person_id")
    held = known.filter(pl.col("injured_day") <= pl.col("begin_day"))
    return claims["claim"].is_in(held["claim"].implode()).alias("recognised")


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
