"""Makes a ring world: claims, packs, and who is in which group."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.errors import ensure
from pipelines.synthetic.rings.draft import Draft
from pipelines.synthetic.rings.innocent import (
    GROUPS_PER_MILLION,
    check_ups,
    cycles,
    families,
    planned_care,
    regular_rounds,
    single_visits,
    village_buses,
    wrong_scale_of_code,
)
from pipelines.synthetic.rings.planted import card_pool, phantom_stays, sold_again

PERSONS_MIN = 20_000
PREVALENCE = 0.001


@dataclass(frozen=True, slots=True)
class RingWorld:
    """What was drawn. Detection reads `claims` and `codes` alone.

    Attributes:
        claims: `models.rings.meetings.CLAIM_COLUMNS`.
        codes: `claim` and `code`.
        truth: `unit` the number of the group, `kind`, `person`, whether it is a `ring`.
        ring_claims: `unit` and `claim` of everything that the rings themselves settled.
    """

    claims: pl.DataFrame
    codes: pl.DataFrame
    truth: pl.DataFrame
    ring_claims: pl.DataFrame


def make_ring_world(persons: int, seed: int, prevalence: float = PREVALENCE) -> RingWorld:
    """Return a world in which a part of the persons is in rings; equal arguments, equal rows.

    Args:
        persons: at least PERSONS_MIN.
        prevalence: part of the persons who are in a ring; one ring of each kind at least.
    """
    ensure(persons >= PERSONS_MIN, "too few persons for a ring of each kind", persons=persons)
    draft = Draft.of(persons, seed)
    single_visits(draft)
    families(draft)
    for kind, per_million in GROUPS_PER_MILLION.items():
        _innocent(draft, kind, max(1, round(per_million * persons / 1e6)))
    rings = len(draft.groups)
    ring_claims = _rings(draft, round(persons * prevalence))
    claims, codes = draft.frames()
    units = [
        pl.DataFrame({"unit": number, "kind": kind, "person": members, "ring": number >= rings})
        for number, (kind, members) in enumerate(draft.groups)
    ]
    order = np.random.default_rng([seed, 708]).permutation(len(claims))
    return RingWorld(claims[order], codes, pl.concat(units), ring_claims)


def _innocent(draft: Draft, kind: str, count: int) -> None:
    if kind == "dialysis":
        planned_care(draft, count)
    elif kind == "check_up":
        check_ups(draft, count)
    elif kind == "chemotherapy":
        cycles(draft, count)
    elif kind == "village_bus":
        village_buses(draft, count)
    elif kind == "wrong_scale_of_code":
        wrong_scale_of_code(draft, count)
    else:
        regular_rounds(draft, kind, count)


def _rings(draft: Draft, left: int) -> pl.DataFrame:
    """Plant rings until they hold so many persons; return `unit`, `claim` of what they settle."""
    kinds = (phantom_stays, card_pool, sold_again)
    settled: list[pl.DataFrame] = []
    while left > 0 or len(settled) < len(kinds):
        unit, first = len(draft.groups), draft.claims
        left -= kinds[len(settled) % len(kinds)](draft)
        settled.append(
            pl.DataFrame({"claim": np.arange(first, draft.claims)}).with_columns(unit=unit)
        )
    return pl.concat(settled)
