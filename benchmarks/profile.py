"""Where the settle stage spends its time, beside what reading and writing alone would take.

`python -m benchmarks.profile CLAIMS [PICTURE]`: one thread, warm, CPU seconds.
"""

import cProfile
import os
import pstats
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.ours import settle_with, settle_workload
from benchmarks.run import ROOT, output
from benchmarks.workload import Workload, workload
from engine.policy.book import load_book
from engine.policy.compiler import compile_book
from pipelines.line_pricing import LINE_COLUMNS

PARTS = {
    "read": ("core.py:read_row_group", "core.py:read_table"),
    "price lines": ("sum_lines.py:_sum_lines", "sum_lines.py:_fill_index"),
    "records, wide events": (
        "record.py:take",
        "record.py:put",
        "record.py:_put",
        "record.py:_part",
        "locate.py:_locate",
        "locate.py:_fill_rows",
        "locate.py:claim_dates",
        "events.py:events_of",
    ),
    "order": ("group.py:_group", "group.py:_mark_tied", "argsort", "searchsorted"),
    "fold": ("fold.py:fold", "identities.py:_first_broken"),
    "frames of polars": ("collect", "from_arrow_record_batches", "hash", "rechunk"),
    "claims and columns gathered": (
        "compute.py:take",
        "gather_with_series",
        "gather",
        "ascontiguousarray",
        "to_arrow",
    ),
    "write": ("core.py:write_table",),
}
"""Functions by part; those of Python and of kernels with their file, those of libraries without."""

REST = "rest"
WIDTH, BAR, LEFT = 900, 26, 190


def parts_of(made: Workload) -> dict[str, float]:
    """Return CPU seconds of the stage by part, the rest last."""
    out = output(made, "profile")
    out.mkdir(exist_ok=True)
    settle_workload(made, out)
    profile = cProfile.Profile(time.process_time)
    book = compile_book(load_book(made.policies))
    profile.enable()
    settle_with(book, made, out)
    profile.disable()
    spent = dict.fromkeys([*PARTS, REST], 0.0)
    of_name = {name: part for part, names in PARTS.items() for name in names}
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = vars(
        pstats.Stats(profile)
    )["stats"]
    for (path, _, name), (_, _, own, _, _) in stats.items():
        last = name.rstrip("'>").split("'")[1] if name.startswith("<method") else name
        last = last.removeprefix("<built-in method ").rstrip(">").split(".")[-1]
        part = of_name.get(last) or of_name.get(f"{Path(path).name}:{last}")
        spent[part or REST] += own
    return spent


def codec_seconds(made: Workload) -> tuple[float, float]:
    """Return CPU seconds of reading what the stage reads, and of writing what it writes."""
    read = _timed(lambda: _read(made))
    written = pq.read_table(output(made, "profile") / "settlements.parquet")
    split = [one.name for one in written.schema if pa.types.is_integer(one.type)]
    split = [name for name in split if written.schema.field(name).type.bit_width > 8]  # noqa: PLR2004
    again = output(made, "profile") / "again.parquet"
    write = _timed(
        lambda: pq.write_table(
            written,
            again,
            compression="lz4",
            use_dictionary=["home_region", "care_region", "disease_code", "deductible_level"],
            column_encoding=dict.fromkeys([*split, "trace.list.element"], "BYTE_STREAM_SPLIT"),
            write_statistics=False,
        )
    )
    return read, write


def _read(made: Workload) -> None:
    pq.read_table(made.file("lines"), columns=LINE_COLUMNS, use_threads=False)
    schema = pq.read_schema(made.file("claims"))
    columns = [name for name in schema.names if not name.startswith("online_")]
    pq.read_table(made.file("claims"), columns=columns, use_threads=False)


def _timed(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def picture(spent: dict[str, float], codec: tuple[float, float], claims: int) -> str:
    """Return the parts as bars, in SVG."""
    bars = {**spent, "bound: read alone": codec[0], "bound: write alone": codec[1]}
    longest = max(bars.values())
    rows = []
    for k, (name, seconds) in enumerate(bars.items()):
        top, width = 40 + k * BAR, seconds / longest * (WIDTH - LEFT - 120)
        colour = "#b0b0b0" if name.startswith("bound") else "#2f6f9f"
        told = f"{seconds:.2f} s, {seconds / claims * 1e9:.0f} ns a claim"
        rows.append(
            f'<text x="{LEFT - 8}" y="{top + 16}" text-anchor="end">{name}</text>'
            f'<rect x="{LEFT}" y="{top}" width="{width:.0f}" height="{BAR - 8}" fill="{colour}"/>'
            f'<text x="{LEFT + width + 6:.0f}" y="{top + 16}">{told}</text>'
        )
    height = 50 + len(bars) * BAR
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 80}" height="{height}" '
        f'font-family="sans-serif" font-size="13">'
        f'<text x="10" y="22">settle stage, {claims:,} claims, one thread, CPU seconds</text>'
        f"{''.join(rows)}</svg>\n"
    )


def main() -> None:
    """Print the parts, and draw them where a file is named."""
    os.environ["JIESUAN_THREADS"] = "1"
    claims = int(sys.argv[1])
    made = workload(claims, ROOT)
    spent, codec = parts_of(made), codec_seconds(made)
    for name, seconds in spent.items():
        sys.stdout.write(f"{name:24}{seconds:8.2f} s\n")
    share = sum(codec) / sum(spent.values())
    sys.stdout.write(f"read and write alone {sum(codec):.2f} s: {share:.0%} of the stage\n")
    if sys.argv[2:]:
        Path(sys.argv[2]).write_text(picture(spent, codec, claims), encoding="utf-8")


if __name__ == "__main__":
    main()
