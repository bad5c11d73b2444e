"""A small policy file without findings, and ways to write changed copies of it."""

from pathlib import Path

TOWN = """\
region: "990000"
name: 试点市
scheme: employee
status: published
claim_date: end
insurance_year: "01-01"
reversal: last_first
levels: [L1, L3]
person_classes:
  active: [active]
  retired: [retired, retired_cadre]
assumptions:
- 封顶线按支付额计
counters:
  stays: {counts: stays, scope: [year]}
  paid: {counts: money, scope: [year]}
source: notice
lines:
- from: 2023-01-01
  reviewed_until: 2025-12-31
  unknown_item: self_pay
benefits:
  inpatient:
    visits: [inpatient]
    history:
    - from: 2023-01-01
      reviewed_until: 2023-12-31
      ordinal: stays
      layers:
      - name: basic
        fund: pool
        base: [covered]
        takes: cost
        mode: per_claim
        deductible: {method: per_stay, amount: {L1: ["400.00", "200.00"], L3: "800.00"}}
        bands:
          position: claim
          deductible_inside: true
          table:
          - {to: "10000.00", rate: {active: 80%, retired: 85%}}
          - {to: null, rate: 90%}
        rounding: layer
        caps:
        - {on: payment, amount: "30000.00", counter: paid}
    - from: 2024-01-01
      reviewed_until: 2025-12-31
      layers:
      - name: basic
        fund: pool
        base: [covered]
        takes: cost
        mode: per_claim
        deductible: {method: per_stay, amount: {L1: "400.00", L3: "800.00"}}
        bands: {position: claim, deductible_inside: true, table: [{to: null, rate: 90%}]}
        rounding: layer
"""

SOURCES = """\
sources:
  notice: {title: 试点市医保待遇通知, kind: page}
"""


def changed(old: str, new: str, text: str = TOWN) -> str:
    """Return the text with the first `old` replaced; it must be there."""
    before, found, after = text.partition(old)
    assert found, f"the text has no {old!r}"
    return before + new + after


def folder_of(folder: Path, sources: str = SOURCES, **files: str) -> Path:
    """Write policy files and the list of sources that they cite, and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sources.yaml").write_text(sources, encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def line_of(text: str, part: str) -> int:
    """Return the number of the only line that holds a part."""
    (number,) = (n for n, line in enumerate(text.splitlines(), 1) if part in line)
    return number
