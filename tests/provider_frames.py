"""Made-up provider aggregates for the tests of the models; nothing of them is real."""

import numpy as np
import polars as pl

from models.features.matrix import PROVIDER, build_matrix
from models.features.registry import given_columns, load_registry
from models.labels import Labelled


def aggregates(count: int, seed: int = 1) -> pl.DataFrame:
    """Aggregates with the registry's columns, all of them plausible non-negative numbers."""
    dice = np.random.default_rng(seed)
    size = np.exp(dice.normal(4, 1, count))
    columns = {
        name: size * dice.uniform(0.5, 1.5, count) for name in given_columns(load_registry())
    }
    ids = [f"P{number:05d}" for number in range(count)]
    return pl.DataFrame({PROVIDER: ids, **columns})


def labelled(count: int = 240, seed: int = 1) -> Labelled:
    """Labelled providers whose label follows the longest stay, with some noise."""
    matrix = build_matrix(aggregates(count, seed))
    dice = np.random.default_rng(seed + 1)
    longest = matrix.column("inpatient_stay_max")
    noisy = np.log(longest) + dice.normal(0, 0.5, count)
    label = noisy > np.quantile(noisy, 0.75)
    return Labelled(matrix, label, np.arange(count) % 5, "0" * 64)
