"""What leads to rings are worth on planted worlds, and the weights as they were fitted on one."""

import polars as pl

from models.evaluation.rings import RingFigures, about, ring_figures
from models.rings.groups import group_features, linked_groups
from models.rings.meetings import RING_KINDS, RingKind, meetings
from models.rings.score import RingModel, ring_leads, shipped_models
from models.training.fit_rings import fit_rings
from pipelines.synthetic.rings.make import PREVALENCE, RingWorld, make_ring_world

FIT_PERSONS, FIT_SEED, FIT_PREVALENCE = 300_000, 1, 0.01
"""The world that the shipped weights were fitted on; ten times as many rings as elsewhere."""


def evaluate_rings(persons: int, seed: int) -> RingFigures:
    """Return what the shipped weights reach on a planted world that they were not fitted on."""
    world = make_ring_world(persons, seed, PREVALENCE)
    leads, members = ring_leads(world.claims, world.codes, shipped_models())
    paid = world.ring_claims.join(world.claims.select("claim", "fund_fen"), on="claim")
    money = paid.group_by("unit").agg(pl.col("fund_fen").sum())
    return ring_figures(leads, members, world.truth, money)


def fit_shipped_rings() -> dict[RingKind, RingModel]:
    """Return the models as fitted on the world of FIT_SEED; what the shipped weights are."""
    world = make_ring_world(FIT_PERSONS, FIT_SEED, FIT_PREVALENCE)
    return {kind: _fitted(kind, world) for kind in RING_KINDS}


def _fitted(kind: RingKind, world: RingWorld) -> RingModel:
    met = meetings(kind, world.claims, world.codes)
    groups = linked_groups(met)
    figures = group_features(met, groups, world.claims, world.codes)
    members = groups.select(kind=pl.lit(kind), group="group", person="person")
    truth = about(members, world.truth).select("group", "ring")
    labelled = figures.join(truth, on="group", how="left", maintain_order="left")
    ring = labelled["ring"].fill_null(value=False).to_numpy()
    return fit_rings(kind, figures, ring, FIT_PREVALENCE / PREVALENCE)
