"""One chunk of a synthetic city: its own persons, all of their claims, and what is planted."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.wire.translate import to_national
from pipelines.synthetic.copies import (
    Counts,
    Draw,
    as_claims,
    with_duplicates,
    with_overlaps,
    with_refunds,
)
from pipelines.synthetic.lines import Lines, draw_lines
from pipelines.synthetic.people import People, make_people
from pipelines.synthetic.plan import CLAIMS_PER_PERSON, Purpose
from pipelines.synthetic.records import (
    CLAIM_COLUMNS,
    claim_records,
    first_positions,
    in_file_order,
    line_ids,
    line_records,
)
from pipelines.synthetic.spoils import (
    Spoils,
    spoil_claim_text,
    spoil_dates_and_signs,
    spoil_items,
    spoil_line_text,
    spoil_persons,
)
from pipelines.synthetic.truth import BAD_ROWS, Plant, truth_rows
from pipelines.synthetic.visits import draw_visits
from pipelines.synthetic.world import World

Ints = NDArray[np.int64]

LINE_PLANTS = (Plant.OTHER_SEX_ITEM, Plant.THIRD_DECIMAL, Plant.UNKNOWN_ITEM, Plant.ORPHAN_LINE)
"""Plants that concern one line: the first of their claim."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk as it is written: files in national form, register and truth."""

    claims: pl.DataFrame
    lines: pl.DataFrame
    register: pl.DataFrame
    truth: pl.DataFrame
    persons: int
    refunds: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class _Draft:
    """A chunk in numbers; `spoils` and `wrong_sex` are row numbers of claims."""

    claims: pl.DataFrame
    lines: Lines
    people: People
    spoils: Spoils
    wrong_sex: Ints


def make_chunk(world: World, number: int, first_person: int, claims: int) -> Chunk:
    """Return a chunk of so many claims, whose persons are numbered from `first_person`."""
    draft = _draft(world, number, first_person, claims)
    ordered = in_file_order(draft.claims, number)
    totals_fen = draft.lines.totals_fen()
    position = np.argsort(ordered["row"].to_numpy())
    spoilt = {plant: position[rows] for plant, rows in draft.spoils.items()}
    first = first_positions(ordered, draft.lines)
    spoilt_lines = {plant: first[at] for plant, at in spoilt.items()}

    records = spoil_persons(claim_records(ordered, world, draft.people, totals_fen), spoilt)
    lines = line_records(ordered, records, world, draft.lines, number)
    orphans = line_ids(number, len(lines) + np.arange(len(spoilt[Plant.ORPHAN_LINE])))
    line_text = to_national(spoil_items(lines, spoilt_lines), "line")
    claim_text = to_national(records.select(CLAIM_COLUMNS), "claim", "settlement")

    planted = spoilt | {Plant.OTHER_SEX_ITEM: position[draft.wrong_sex]}
    return Chunk(
        claims=spoil_claim_text(claim_text, spoilt),
        lines=spoil_line_text(line_text, spoilt_lines, orphans),
        register=draft.people.register,
        truth=_truth(ordered, records, planted, lines["line_id"].gather(first), orphans),
        persons=len(draft.people.frame),
        refunds=int(ordered["refund"].sum()),
        total_fen=int(records["total_fen"].sum()),
    )


def persons_of(claims: int) -> int:
    """How many persons a chunk of so many claims has."""
    return round(claims / CLAIMS_PER_PERSON)


def _draft(world: World, number: int, first_person: int, claims: int) -> _Draft:
    plan = world.plan
    rng = plan.random(Purpose.CLAIMS, number)
    counts = Counts.of(plan, claims)
    people = make_people(rng, plan, first_person, persons_of(claims))
    drawn = as_claims(draw_visits(rng, world, people, counts.base))
    draw = Draw(rng, counts.base)
    own = with_overlaps(drawn, draw, world.places, counts.overlaps)
    copied = with_refunds(with_duplicates(own, draw, counts.duplicates), draw, plan, counts)
    anywhere = np.arange(counts.base)
    wrong_sex = draw.take(anywhere, counts.sex_items)
    spoils = {plant: draw.take(anywhere, counts.bad_each) for plant in BAD_ROWS}
    lines = draw_lines(rng, world, people, own, wrong_sex)
    return _Draft(spoil_dates_and_signs(copied, plan, spoils), lines, people, spoils, wrong_sex)


def _truth(
    claims: pl.DataFrame,
    records: pl.DataFrame,
    planted: Spoils,
    first_line_ids: pl.Series,
    orphans: pl.Series,
) -> pl.DataFrame:
    ids = claims.select("row", "pair", "plant", settlement_id=records["settlement_id"])
    copies = ids.drop_nulls("plant").join(
        ids.select(pair="row", earlier_id="settlement_id"), on="pair"
    )
    paired = copies.select(
        kind="plant",
        settlement_ids=pl.concat_list("earlier_id", "settlement_id"),
        line_ids=pl.lit([], dtype=pl.List(pl.String)),
    )
    single = [
        _planted(plant, at, records, first_line_ids, orphans) for plant, at in planted.items()
    ]
    return truth_rows(pl.concat([paired, *single]))


def _planted(
    plant: Plant, at: Ints, records: pl.DataFrame, first_line_ids: pl.Series, orphans: pl.Series
) -> pl.DataFrame:
    settlement = records["settlement_id"].gather(at)
    line = orphans if plant is Plant.ORPHAN_LINE else first_line_ids.gather(at)
    if plant is Plant.ORPHAN_LINE:
        settlement = "X" + settlement
    frame = pl.DataFrame({"settlement": settlement, "line": line})
    lists = pl.concat_list("line") if plant in LINE_PLANTS else pl.lit([], pl.List(pl.String))
    return frame.select(
        kind=pl.lit(str(plant)), settlement_ids=pl.concat_list("settlement"), line_ids=lists
    )
