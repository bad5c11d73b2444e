"""What limits the items of a night: limits of the catalogue, and points of the knowledge base."""

from pathlib import Path

import polars as pl

from engine.codes.enums import Sex
from engine.periods import NO_END_DAY
from engine.rules.facts import LIMIT

EVERYWHERE = "*"
FROM_EVER = 0


def limits_of(catalogue: pl.DataFrame, points: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Return LIMIT of the items that the catalogue holds.

    Args:
        catalogue: CATALOGUE_READ.
        points: knowledge points with their `version`, as engine.storage.knowledge keeps them.
        items: ITEMS. A code of a point that is not among them is charged by nobody.
    """
    of_catalogue = [_sexes(catalogue), _categories(catalogue)]
    return pl.concat([*of_catalogue, _of_points(points, items)])


def limits_of_terms(file: Path, items: pl.DataFrame) -> pl.DataFrame:
    """Return LIMIT of a file of ITEM_TERMS_READ; other items that the catalogue lacks are left out.

    Args:
        items: ITEMS.
    """
    words = pl.col("words").fill_null("").str.split(" ").list.filter(pl.element() != "")
    terms = pl.read_parquet(file).with_columns(words=words)
    others = (
        terms.select("point", item_code=pl.col("others").str.split(" "))
        .explode("item_code")
        .join(items, on="item_code")
        .group_by("point")
        .agg(others="item")
    )
    return _limits(terms.drop("others").join(others, on="point", how="left"))


def _sexes(catalogue: pl.DataFrame) -> pl.DataFrame:
    limited = catalogue.filter(pl.col("sex_limit") != int(Sex.UNKNOWN)).select("item").unique()
    # Rows without a limit stay: the one of a region may lift what holds everywhere.
    rows = catalogue.join(limited, on="item", how="semi")
    return _limits(
        rows.with_columns(
            kind=pl.lit("sex"), point=pl.lit("catalogue"), low=pl.col("sex_limit"), unit=pl.lit("")
        )
    )


def _categories(catalogue: pl.DataFrame) -> pl.DataFrame:
    return _limits(
        catalogue.with_columns(
            kind=pl.lit("category"), point=pl.lit("catalogue"), low=pl.col("category")
        )
    )


def _of_points(points: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    numbered = points.with_columns(
        point=pl.format("{}/{}/{}", "version", "sheet", "row"),
        region=pl.lit(EVERYWHERE),
        valid_from=pl.lit(FROM_EVER),
        valid_to=pl.lit(NO_END_DAY),
    )
    others = (
        numbered.select("point", item_code="others")
        .explode("item_code")
        .join(items, on="item_code")
        .group_by("point")
        .agg(others="item")
    )
    rows = numbered.drop("others").explode("codes").rename({"codes": "item_code"})
    return _limits(rows.join(items, on="item_code").join(others, on="point", how="left"))


def _limits(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows as LIMIT; what they do not say is null."""
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in LIMIT.items()
    )
