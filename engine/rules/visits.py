"""Kinds of visit and of disease, as the parameters of forms name them."""

from typing import Annotated

import polars as pl
from pydantic import AfterValidator

from engine.codes.enums import VisitKind


def visit_kind(name: str) -> str:
    """Return the name of a kind of visit, which stands in small letters."""
    if name.upper() not in VisitKind.__members__ or name != name.lower():
        message = f"{name!r} is no kind of visit"
        raise ValueError(message)
    return name


VisitKindName = Annotated[str, AfterValidator(visit_kind)]


def of_kinds(names: list[str]) -> pl.Expr:
    """Return whether a settlement is of one of these kinds of visit."""
    return pl.col("visit_kind").is_in([int(VisitKind[name.upper()]) for name in names])


def of_diseases(heads: list[str]) -> pl.Expr:
    """Return whether a settlement's disease code begins with one of these; false without a code."""
    begins = [pl.col("disease_code").str.starts_with(head) for head in heads]
    return pl.any_horizontal(pl.lit(value=False), *begins).fill_null(value=False)
