"""Precision–recall, ROC and reliability curves as one SVG, drawn without a plotting library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from models.evaluation.metrics import Bools, reliability
from models.features.matrix import Floats

SIDE, MARGIN, TOP, LEGEND = 300, 48, 56, 20
COLOURS = ("#b3261e", "#1f6f8b", "#5b7f2b", "#8a6d1d", "#6a4c93", "#7a7a7a", "#2a9d8f", "#c77dba")
_POINTS = 200


@dataclass(frozen=True, slots=True)
class Panel:
    """One square plot with both axes from 0 to 1."""

    title: str
    across: str
    up: str
    lines: Mapping[str, tuple[Floats, Floats]]
    diagonal: bool = True


def curves_svg(label: Bools, probabilities: Mapping[str, Floats], notice: str) -> str:
    """Return an SVG with three panels for the named rankings, the same bytes for the same input.

    Args:
        probabilities: name → shape (providers,), out of fold.
        notice: what the data is, shown under the curves.
    """
    panels = [
        Panel(
            "查准–查全 | precision–recall",
            "recall",
            "precision",
            _pr(label, probabilities),
            diagonal=False,
        ),
        Panel("ROC", "false positives", "true positives", _roc(label, probabilities)),
        Panel("校准 | calibration", "expected", "observed", _calibration(label, probabilities)),
    ]
    width = len(panels) * (SIDE + MARGIN) + MARGIN
    height = TOP + SIDE + MARGIN + LEGEND * (len(probabilities) + 2)
    body = [_panel(panel, MARGIN + at * (SIDE + MARGIN)) for at, panel in enumerate(panels)]
    body += _legend(list(probabilities), notice)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12" fill="#222">\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _pr(label: Bools, by: Mapping[str, Floats]) -> dict[str, tuple[Floats, Floats]]:
    found = {name: precision_recall_curve(label, one) for name, one in by.items()}
    return {name: (recall[::-1], precision[::-1]) for name, (precision, recall, _) in found.items()}


def _roc(label: Bools, by: Mapping[str, Floats]) -> dict[str, tuple[Floats, Floats]]:
    return {name: roc_curve(label, one)[:2] for name, one in by.items()}


def _calibration(label: Bools, by: Mapping[str, Floats]) -> dict[str, tuple[Floats, Floats]]:
    found = {name: reliability(label, one) for name, one in by.items()}
    return {name: (one.expected, one.observed) for name, one in found.items()}


def _panel(panel: Panel, left: int) -> str:
    bottom = TOP + SIDE
    parts = [
        f'<text x="{left}" y="{TOP - 12}" font-weight="bold">{escape(panel.title)}</text>',
        f'<rect x="{left}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>',
        f'<text x="{left + SIDE / 2}" y="{bottom + 32}" text-anchor="middle">{panel.across}</text>',
        f'<text x="{left + SIDE - 6}" y="{bottom - 8}" text-anchor="end">↑ {panel.up}</text>',
    ]
    for tick in (0.0, 0.5, 1.0):
        x, y = _place(left, tick, 0.0)
        parts.append(f'<text x="{x}" y="{y + 15}" text-anchor="middle" fill="#666">{tick:g}</text>')
    if panel.diagonal:
        parts.append(_polyline(left, np.array([0.0, 1.0]), np.array([0.0, 1.0]), "#ccc"))
    for colour, (x_values, y_values) in zip(COLOURS, panel.lines.values(), strict=False):
        parts.append(_polyline(left, x_values, y_values, colour))
    return "\n".join(parts)


def _polyline(left: int, across: Floats, up: Floats, colour: str) -> str:
    chosen = np.unique(np.linspace(0, len(across) - 1, _POINTS).astype(np.int64))
    places = (_place(left, float(across[at]), float(up[at])) for at in chosen)
    points = " ".join(f"{x:g},{y:g}" for x, y in places)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def _place(left: int, across: float, up: float) -> tuple[float, float]:
    return round(left + SIDE * across, 1), round(TOP + SIDE * (1 - up), 1)


def _legend(names: Sequence[str], notice: str) -> list[str]:
    start = TOP + SIDE + MARGIN
    entries = []
    for at, (name, colour) in enumerate(zip(names, COLOURS, strict=False)):
        y = start + LEGEND * at
        entries.append(f'<rect x="{MARGIN}" y="{y}" width="18" height="4" fill="{colour}"/>')
        entries.append(f'<text x="{MARGIN + 26}" y="{y + 7}">{escape(name)}</text>')
    y = start + LEGEND * len(names) + 10
    return [*entries, f'<text x="{MARGIN}" y="{y}" fill="#666">{escape(notice)}</text>']
