"""Receipts: by which policy and engine which facts came to which amounts, as hashes.

A receipt is made of what is kept of a settlement and of nothing else, so that whoever keeps one can
make it again; `docs/receipts.md` says byte for byte what is hashed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import (
    LAYERS_MAX,
    NONE,
    STEP_WIDTH,
    UFEN,
    Event,
    EventKind,
    Ints,
    Part,
    Step,
)
from engine.claims.columns import Result as Column
from engine.periods import date_of_day
from engine.policy.compiler import CompiledBook, RowInfo
from engine.settlement.canonical import hash_of
from engine.settlement.explanation import TraceStep, decode

ENGINE_VERSION = "0.1.0"
"""The version of the engine that settles: that of the package."""

WITH_RECEIPT = frozenset({EventKind.CLAIM, EventKind.REVERSAL, EventKind.APPLICATION})
"""Kinds of event that are settled through a policy row."""

APART = (Part.FINAL_SHARE, Part.SEPARATE, Part.EXCLUDED)
"""Parts of the bill beside the ordinary stream."""


@dataclass(frozen=True)
class Receipt:
    """What a settlement was made by, and hashes of what went in and of what came out."""

    policy_hash: str
    engine_version: str
    input_hash: str
    result_hash: str


@dataclass(frozen=True)
class Kept:
    """What is kept of a settlement: in a result of the fold, in the lake, in the ledger.

    Attributes:
        scheme: region and scheme.
        policy_row: of the book; that of a reversal is not asked for.
        amounts: by the keys of `engine.claims.amounts`, fen.
        layers: payment by layer, then cap left before it by layer, LAYERS_MAX each.
        trace: flat triples.
        lines: `billed_lines.lines_hash` of what was billed, empty for a bill by its totals.
    """

    kind: EventKind
    scheme: tuple[str, str]
    policy_row: int
    year: int
    begin_day: int
    end_day: int
    ordinal: int
    amounts: Mapping[str, int]
    layers: Sequence[int]
    trace: Sequence[int]
    lines: str = ""


def kept_of(
    scheme: tuple[str, str], event: Ints, result: Ints, trace: Ints, lines: str = ""
) -> Kept:
    """Return what is kept of an event of a scheme (region, scheme) and its result in the fold.

    Args:
        lines: `billed_lines.lines_hash` of its lines.
    """
    layers = result[Column.LAYER_PAID : Column.CAP_LEFT + LAYERS_MAX]
    return Kept(
        kind=EventKind(int(result[Column.KIND])),
        scheme=scheme,
        policy_row=int(result[Column.POLICY_ROW]),
        year=int(result[Column.YEAR]),
        begin_day=int(event[Event.BEGIN_DAY]),
        end_day=int(event[Event.END_DAY]),
        ordinal=int(result[Column.ORDINAL]),
        amounts={name: int(result[column]) for name, column in AMOUNT_COLUMNS.items()},
        layers=layers.tolist(),
        trace=trace.tolist(),
        lines=lines,
    )


def receipt_of(book: CompiledBook, kept: Kept) -> Receipt:
    """Return the receipt of a claim, of an application or of the reversal of one.

    Args:
        book: the compiled book that it was settled with.
        kept: what is kept of it.
    """
    region, scheme = kept.scheme
    undone = kept.kind == EventKind.REVERSAL
    facts = _undone(kept) if undone else _facts(book.infos[kept.policy_row], kept)
    told = {"kind": kept.kind.name.lower(), "region": region, "scheme": scheme, "year": kept.year}
    return Receipt(book.book.hash, ENGINE_VERSION, hash_of(told | facts), hash_of(_result(kept)))


def _undone(kept: Kept) -> dict[str, Any]:
    """Return what a reversal is made of: the amounts that it takes back."""
    opposite = {name: -amount for name, amount in kept.amounts.items()}
    return {"amounts": opposite, "layers": [-paid for paid in kept.layers[:LAYERS_MAX]]}


def _facts(info: RowInfo, kept: Kept) -> dict[str, Any]:
    """Return what a claim or an application was made of: its terms, bill and state before."""
    steps = list(decode(kept.trace))
    return {
        "benefit": info.entry.benefit,
        "entry": date_of_day(info.entry.begins).isoformat(),
        "terms": dict(info.row.cell),
        "begin": date_of_day(kept.begin_day).isoformat(),
        "end": date_of_day(kept.end_day).isoformat(),
        "bill": _bill(kept.amounts, steps),
        "state": _state(info, steps),
    } | ({"lines": kept.lines} if kept.lines else {})


def _bill(amounts: Mapping[str, int], steps: Sequence[TraceStep]) -> dict[str, int]:
    """Return the bill as it was priced: the home share and streams apart put back in their place.

    `final_fund_ufen` is the exact part that the fund bears of the final-share stream.
    """
    streams = {step.index: step for step in steps if step.code == Step.STREAM}
    apart = {part: streams[part].basis // UFEN if part in streams else 0 for part in APART}
    home = sum(step.amount // UFEN for step in steps if step.code == Step.HOME_SHARE)
    final = streams.get(Part.FINAL_SHARE)
    in_scope = amounts["covered_fen"] + home - apart[Part.FINAL_SHARE] - apart[Part.SEPARATE]
    return {
        "total_fen": amounts["total_fen"],
        "off_list_fen": amounts["self_pay_off_list_fen"] - apart[Part.EXCLUDED],
        "over_price_fen": amounts["self_pay_over_price_fen"],
        "first_share_fen": amounts["self_pay_first_share_fen"] - home,
        "covered_fen": in_scope,
        **{f"{part.name.lower()}_fen": apart[part] for part in APART},
        "final_fund_ufen": 0 if final is None else final.amount,
    }


def _state(info: RowInfo, steps: Sequence[TraceStep]) -> dict[str, int]:
    """Return what each counter of the terms held before, in millionths of a fen or of a count."""
    return {info.slots[step.index]: step.basis for step in steps if step.code == Step.FEED}


def _result(kept: Kept) -> dict[str, Any]:
    trace = list(kept.trace)
    if kept.kind == EventKind.REVERSAL:
        # A fold notes where the original stood among its results; a record of the night does not.
        trace[1:STEP_WIDTH:STEP_WIDTH] = [NONE]
    return {
        "amounts": dict(kept.amounts),
        "layers_paid_fen": list(kept.layers[:LAYERS_MAX]),
        "caps_left_fen": list(kept.layers[LAYERS_MAX:]),
        "ordinal": kept.ordinal,
        "trace": trace,
    }
