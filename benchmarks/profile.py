"""Where the settle stage spends its time, beside what reading and writing alone would take.

`python -m benchmarks.profile CLAIMS [PICTURE]`: one thread, warm, CPU seconds.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.ours import settle_with, settle_workload
from benchmarks.run import ROOT, output
from benchmarks.workload import Workload, workload
from engine.policy.book import load_book
from engine.policy.compiler import compile_book
from pipelines.pricing.lines import LINE_COLUMNS

PARTS = {
    "read": ("parquet/core.py:read", "parquet/core.py:read_row_group"),
    "claims, holders, prints": ("settle/claims.py", "settle/prepare.py", "settle/step.py"),
    "opening state": ("settle/history.py", "settle/registers.py"),
    "catalogue and terms": ("pipelines/pricing/lines.py", "settlement/line_book.py:__init__"),
    "narrow records": ("settle/events.py", "settle/record.py:put"),
    "price lines": ("settle/pricing.py", "settlement/sum_lines.py"),
    "wide events, policy rows": (
        "settle/record.py",
        "settlement/locate.py",
        "settlement/line_book.py",
        "settlement/registered.py",
    ),
    "order": ("settlement/group.py", "settle/shards.py"),
    "fold": ("settlement/settle.py", "settlement/identities.py"),
    "buckets": ("settle/bucket.py",),
    "columns of amounts": ("settlement/columns.py",),
    "texts, tables": ("settle/output.py", "settle/visits.py", "settle/waits.py"),
    "write": ("staged/staging.py", "parquet/core.py:write_table", "parquet/core.py:close"),
}
"""Files by part, the last folder with each, or single functions of them."""

REST = "rest"
WIDTH, BAR, LEFT = 900, 26, 190


class _Spent:
    """Lays a thread's time to the part whose function was entered last.

    What functions of no part take, libraries' and kernels' among them, is their caller's.
    """

    def __init__(self) -> None:
        self.by_part = dict.fromkeys([*PARTS, REST], 0.0)
        self._of_place = {place: part for part, places in PARTS.items() for place in places}
        self._of_code: dict[CodeType, str | None] = {}
        self._within = [REST]
        self._begun = time.process_time()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            code = frame.f_code
            if code not in self._of_code:
                self._of_code[code] = self._part(code)
            self._enter(self._of_code[code] or self._within[-1])
        elif event == "return" and len(self._within) > 1:
            self._charge()
            self._within.pop()

    def _enter(self, part: str) -> None:
        self._charge()
        self._within.append(part)

    def _charge(self) -> None:
        now = time.process_time()
        self.by_part[self._within[-1]] += now - self._begun
        self._begun = now

    def _part(self, code: CodeType) -> str | None:
        file = "/".join(Path(code.co_filename).parts[-2:])
        return self._of_place.get(f"{file}:{code.co_name}") or self._of_place.get(file)


def parts_of(made: Workload) -> dict[str, float]:
    """Return CPU seconds of the stage by part, the rest last."""
    out = output(made, "profile")
    out.mkdir(exist_ok=True)
    settle_workload(made, out)
    book = compile_book(load_book(made.policies))
    spent = _Spent()
    sys.setprofile(spent)
    settle_with(book, made, out)
    sys.setprofile(None)
    return spent.by_part


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
