"""Evaluates the registry's formulas over a frame of aggregates."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import EngineError
from models.features.registry import Feature, given_columns, load_registry

Floats: TypeAlias = NDArray[np.float64]

PROVIDER = "Provider"
ABSENT = -1.0
"""Stands in a matrix for a ratio without a denominator; every real ratio is at least zero."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Features of providers.

    Attributes:
        providers: ids, in the order of the rows.
        values: shape (providers, features); ABSENT where a ratio has no denominator.
        features: what the columns are.
    """

    providers: list[str]
    values: Floats
    features: tuple[Feature, ...]

    def column(self, name: str) -> Floats:
        """Return one feature's values, shape (providers,)."""
        names = [one.name for one in self.features]
        column: Floats = self.values[:, names.index(name)]
        return column

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Matrix":
        """Return the chosen rows."""
        chosen = np.arange(len(self.providers))[rows]
        ids = [self.providers[row] for row in chosen]
        return Matrix(ids, self.values[chosen], self.features)

    def only(self, wanted: list[str]) -> "Matrix":
        """Return the named features alone, in the registry's order."""
        kept = [at for at, one in enumerate(self.features) if one.name in set(wanted)]
        chosen = tuple(self.features[at] for at in kept)
        return Matrix(self.providers, self.values[:, kept], chosen)


def build_matrix(aggregates: pl.DataFrame) -> Matrix:
    """Return every registered feature of every provider.

    Args:
        aggregates: one row a provider: `Provider` and the registry's given columns, no others.

    Raises:
        EngineError: `provider_columns`, when a column is missing, unknown or not a number;
            `provider_rows`, when there is no row, or a provider is named twice or not at all.
    """
    features = load_registry()
    _check_columns(aggregates, given_columns(features))
    providers = _checked_providers(aggregates)
    known: dict[str, Floats] = {}
    for one in features:
        if one.method == "given":
            values = aggregates[one.operands[0]].cast(pl.Float64).to_numpy()
        else:
            values = _derived(one.method, [known[name] for name in one.operands])
        known[one.name] = np.asarray(values, dtype=np.float64)
    return Matrix(providers, np.column_stack(list(known.values())), features)


def _derived(method: str, operands: list[Floats]) -> Floats:
    first, second, *rest = operands
    if method == "ratio":
        absent = np.full(len(first), ABSENT)
        return np.asarray(np.divide(first, second, out=absent, where=second > 0))
    if method == "product":
        return np.asarray(first * second)
    if method == "difference":
        return np.asarray(first - second)
    return np.asarray(first * (second**2 + rest[0] ** 2))


def _check_columns(aggregates: pl.DataFrame, wanted: list[str]) -> None:
    given = set(aggregates.columns)
    missing = [name for name in (PROVIDER, *wanted) if name not in given]
    unknown = sorted(given - set(wanted) - {PROVIDER})
    textual = [name for name in wanted if name in given and not aggregates[name].dtype.is_numeric()]
    unusable = [name for name in wanted if name in given and _has_gap(aggregates[name])]
    if missing or unknown or textual or unusable:
        raise EngineError(
            "provider_columns",
            f"机构汇总表的列不符：缺少 {missing}，多出 {unknown}，不是数值 {textual}，"
            f"有空值或非有限值 {unusable}；列须与 provider_features 相同，不含 label 与 fold",
            f"the provider table does not fit: missing {missing}, unknown {unknown}, "
            f"not numbers {textual}, empty or not finite {unusable}; its columns must be those of "
            "provider_features without label and fold",
        )


def _has_gap(column: pl.Series) -> bool:
    if not column.dtype.is_numeric():
        return False
    return column.null_count() > 0 or not bool(column.cast(pl.Float64).is_finite().all())


def _checked_providers(aggregates: pl.DataFrame) -> list[str]:
    ids = aggregates[PROVIDER]
    providers = ids.cast(pl.String).to_list()
    if not providers or ids.null_count() or len(set(providers)) != len(providers):
        raise EngineError(
            "provider_rows",
            "机构汇总表没有行，或有机构编号为空、重复；每家机构须恰好一行",
            "the provider table has no row, or an id is empty or repeated; "
            "each provider needs exactly one row",
        )
    return [str(one) for one in providers]
