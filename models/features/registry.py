"""The registry of features: name, unit, family, formula, words; one file, `registry.yaml`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.errors import ensure
from engine.policy.reader import read_document
from models.features.refused import refuse

FILE = Path(__file__).with_name("registry.yaml")
FAMILIES = ("level", "dispersion", "mix", "size_free")
OPERANDS = {"given": 1, "ratio": 2, "product": 2, "difference": 2, "second_moment": 3}


@dataclass(frozen=True, slots=True)
class Feature:
    """One quantity of a provider over the period of its delivered claims.

    Attributes:
        unit: of the value: dollars (the data set's own), claims, persons, days, codes, share …
        size_free: a rate, mean or share, which does not grow with the provider's volume.
        high_is_notable: domain knowledge says that more is worth a look.
        about: key of the words that say what would refute a reason.
        method: one of OPERANDS.
        operands: one column of the aggregates for `given`, else names of earlier features.
    """

    name: str
    family: str
    unit: str
    size_free: bool
    high_is_notable: bool
    about: str
    zh: str
    en: str
    method: str
    operands: tuple[str, ...]


@cache
def load_registry(path: Path = FILE) -> tuple[Feature, ...]:
    """Return the features in the order of the file.

    Raises:
        EngineError: `refused_feature`, when a name or a column is of a refused group.
        InvariantError: an entry is not well formed; the file is ours.
    """
    features = tuple(_feature(entry) for entry in read_document(path, path.name).value)
    known: set[str] = set()
    for one in features:
        refuse((one.name, one.en, one.zh, *one.operands))
        ensure(one.family in FAMILIES, "unknown family", feature=one.name, family=one.family)
        ensure(len(one.operands) == OPERANDS.get(one.method), "unknown formula", feature=one.name)
        earlier = one.method == "given" or known.issuperset(one.operands)
        ensure(earlier and one.name not in known, "not in order, or twice", feature=one.name)
        known.add(one.name)
    return features


def given_columns(features: tuple[Feature, ...]) -> list[str]:
    """Return the columns of the aggregates that the features read, in order."""
    return [one.operands[0] for one in features if one.method == "given"]


def _feature(entry: dict[str, Any]) -> Feature:
    ((method, operands),) = entry["formula"].items()
    return Feature(
        name=entry["name"],
        family=entry["family"],
        unit=entry["unit"],
        size_free=entry["size_free"],
        high_is_notable=entry["direction"] == "high",
        about=entry["about"],
        zh=entry["zh"],
        en=entry["en"],
        method=method,
        operands=(operands,) if isinstance(operands, str) else tuple(operands),
    )
