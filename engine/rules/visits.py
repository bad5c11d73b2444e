"""Kinds of visit, of disease and of charge, as the parameters of forms name them."""

from typing import Annotated

import polars as pl
from pydantic import AfterValidator

from engine.codes.enums import ItemCategory, VisitKind


def visit_kind(name: str) -> str:
    """Return the name of a kind of visit, which stands in small letters."""
    if name.upper() not in VisitKind.__members__ or name != name.lower():
        message = f"{name!r} is no kind of visit"
        raise ValueError(message)
    return name


def category(name: str) -> str:
    """Return the name of a category of charges, which stands in small letters."""
    if name.upper() not in ItemCategory.__members__ or name != name.lower():
        message = f"{name!r} is no category of charges"
        raise ValueError(message)
    return name


CategoryName = Annotated[str, AfterValidator(category)]
VisitKindName = Annotated[str, AfterValidator(visit_kind)]


def of_kinds(names: list[str]) -> pl.Expr:
    """Return whether a settlement is of one of these kinds of visit."""
    return pl.col("visit_kind").is_in([int(VisitKind[name.upper()]) for name in names])


def of_diseases(heads: list[str]) -> pl.Expr:
    """Return whether a settlement's disease code begins with one of these; false without a code."""
    # Of the rows' own length even without heads: a literal alone is none for frames in chunks.
    never = pl.repeat(value=False, n=pl.len())
    begins = [pl.col("disease_code").str.starts_with(head) for head in heads]
    return pl.any_horizontal(never, *begins).fill_null(value=False)


def of_categories(names: list[str]) -> pl.Expr:
    """Return whether a limit is the category of an item, and one of these."""
    numbers = [int(ItemCategory[name.upper()]) for name in names]
    return (pl.col("kind") == "category") & pl.col("low").is_in(numbers)
