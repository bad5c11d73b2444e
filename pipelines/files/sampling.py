"""Sampling frames and worksheets as files: drawn by anyone again, estimated when filled in."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from engine.errors import EngineError
from models.chance import public_keys
from models.sampling import CONFIDENCE, Design, Frame, draw, estimate, plan

FOUND = "overpaid_fen"


def draw_worksheet(units: pl.DataFrame, size: int, seed: int, path: Path) -> int:
    """Write the worksheet of a sample and return how many units were drawn.

    It tells, for each unit, its stratum, the stratum's size, the key that drew it and the seed,
    and leaves `overpaid_fen` for the auditor.

    Args:
        units: columns `unit`, `amount_fen`, and `expected_fen` where a screen made it.

    Raises:
        EngineError: `sampling_frame` or `sample_size`, when the frame or the size is unusable.
    """
    known, _, design, rows = _drawn(units, size, seed)
    counts = np.bincount(design.stratum)
    stratum = design.stratum[rows]
    known[rows].with_columns(
        stratum=pl.Series(stratum),
        stratum_units=pl.Series(counts[stratum]),
        stratum_drawn=pl.Series(design.drawn[stratum]),
        key=pl.Series(public_keys(known["unit"].to_list(), seed)[rows]),
        seed=pl.lit(seed),
        overpaid_fen=pl.lit(None, dtype=pl.Int64),
    ).write_csv(path)
    return len(rows)


def estimate_from(
    units: pl.DataFrame, size: int, seed: int, audited: pl.DataFrame
) -> dict[str, Any]:
    """Return the estimate of a filled worksheet; the sample is drawn anew and must agree.

    Raises:
        EngineError: `worksheet`, when other units were audited than were drawn, or an amount is
            missing, below zero or above what was paid.
    """
    known, frame, design, rows = _drawn(units, size, seed)
    drawn = known[rows].select("unit", "amount_fen")
    filled = drawn.join(_found(audited), on="unit", how="left", maintain_order="left")
    bad = filled.filter(
        pl.col(FOUND).is_null() | (pl.col(FOUND) < 0) | (pl.col(FOUND) > pl.col("amount_fen"))
    )
    if len(bad) or len(audited) != len(rows):
        raise EngineError(
            "worksheet",
            f"底稿与抽样不符：应有 {len(rows)} 个单位，底稿有 {len(audited)} 个，"
            f"缺少或超界的 {bad['unit'].head(5).to_list()}；"
            "须逐个填写 0 至 amount_fen 之间的整数分",
            f"the worksheet does not fit the sample: {len(rows)} units were drawn, it has "
            f"{len(audited)}; missing or out of range: {bad['unit'].head(5).to_list()}; "
            "each needs whole fen between 0 and amount_fen",
        )
    found = estimate(frame, design, rows, filled[FOUND].to_numpy())
    return {
        "units": len(known),
        "sample": len(rows),
        "seed": seed,
        "confidence": CONFIDENCE,
        "strata": [int(one) for one in design.drawn],
        **asdict(found),
    }


def _found(audited: pl.DataFrame) -> pl.DataFrame:
    usable = {"unit", FOUND} <= set(audited.columns)
    if not usable or not (audited[FOUND].dtype.is_integer() and audited["unit"].is_unique().all()):
        raise EngineError(
            "worksheet",
            f"底稿须有 unit 与 {FOUND} 两列，单位不重复，金额为整数分",
            f"the worksheet needs the columns unit and {FOUND}, each unit once, whole fen",
        )
    return audited.select(pl.col("unit").cast(pl.String), pl.col(FOUND).cast(pl.Int64))


def _drawn(
    units: pl.DataFrame, size: int, seed: int
) -> tuple[pl.DataFrame, Frame, Design, np.ndarray]:
    known = _checked(units).sort("unit")
    expected = known["expected_fen"].to_numpy() if "expected_fen" in known.columns else None
    frame = Frame(known["amount_fen"].to_numpy(), expected)
    design = plan(frame, size)
    return known, frame, design, draw(design, public_keys(known["unit"].to_list(), seed))


def _checked(units: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in ("unit", "amount_fen", "expected_fen") if name in units.columns]
    amounts = names[1:]
    usable = names[:2] == ["unit", "amount_fen"] and not any(
        units[name].null_count() for name in names
    )
    if not usable or not all(units[name].dtype.is_integer() for name in amounts):
        raise _bad_frame()
    known = units.select(
        pl.col("unit").cast(pl.String), *(pl.col(one).cast(pl.Int64) for one in amounts)
    )
    within = pl.col("expected_fen").is_between(0, pl.col("amount_fen"))
    if not known["unit"].is_unique().all():
        raise _bad_frame()
    if "expected_fen" in amounts and not known.select(within.all()).item():
        raise _bad_frame()
    return known


def _bad_frame() -> EngineError:
    return EngineError(
        "sampling_frame",
        "抽样框须有 unit（不重复）与 amount_fen（整数分），"
        "可有 expected_fen（0 至金额之间的整数分）",
        "the frame needs unit (each once) and amount_fen (whole fen), and may have expected_fen "
        "(whole fen between 0 and the amount)",
    )
