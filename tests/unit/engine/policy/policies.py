"""A small policy file that uses most of the language, and ways to change it."""

from pathlib import Path

import pytest

from engine.errors import PolicyError
from engine.policy.book import Scheme, parse_scheme

BASE = """\
region: "000000"
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
ages: {under_70: [0, 70], from_70: [70, null]}
counters:
  stays: {counts: stays, scope: [year]}
  paid: {counts: money, scope: [year]}
  cost: {counts: money, scope: [year]}
  burden: {counts: money, scope: [year]}
source: {title: made up}
lines:
- from: 2023-01-01
  reviewed_until: 2024-12-31
  unknown_item: self_pay
  class_b_first_share: 4%
  ceilings:
    bed: {L1: "18.00", L3: "32.00"}
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
        deductible: {method: per_stay, amount: ["800.00", "400.00"]}
        bands:
          position: claim
          deductible_inside: true
          table:
          - {to: "40000.00", rate: {active: 90%, retired: 95%}}
          - {to: null, rate: 80%}
        adjust:
        - {points: 2%, for: {level: [L1]}}
        rounding: layer
        caps:
        - {on: payment, amount: "30000.00", counter: paid}
        feeds: {cost: cost}
      - name: serious
        fund: serious_illness
        base: [deductible.basic, copay.basic]
        takes: burden
        mode: incremental
        total: burden
        deductible: {method: annual, amount: "6000.00"}
        bands: {position: claim, deductible_inside: true, table: [{to: null, rate: 60%}]}
        rounding: layer
        pays_off: [copay.basic]
      account: {pays: [deductible.basic]}
  outpatient:
    visits: [outpatient, emergency]
    history:
    - from: 2023-01-01
      reviewed_until: 2023-12-31
      layers:
      - name: basic
        fund: pool
        base: [covered]
        takes: cost
        mode: per_claim
        deductible: {method: none}
        bands: {position: claim, deductible_inside: true, table: [{to: null, rate: 50%}]}
        rounding: layer
    - from: 2024-01-01
      reviewed_until: 2024-12-31
      layers:
      - name: basic
        fund: pool
        base: [covered]
        takes: cost
        mode: per_claim
        deductible: {method: none}
        bands: {position: claim, deductible_inside: true, table: [{to: null, rate: 55%}]}
        rounding: layer
"""


def changed(old: str, new: str, text: str = BASE) -> str:
    """Return the text with the first `old` replaced; it must be there."""
    before, found, after = text.partition(old)
    assert found, f"the text has no {old!r}"
    return before + new + after


def scheme_with(old: str, new: str) -> Scheme:
    return parse_scheme(changed(old, new), "f.yaml")


def refusal(text: str) -> PolicyError:
    """Return the error with which a policy file of this text is refused."""
    with pytest.raises(PolicyError) as caught:
        parse_scheme(text, "f.yaml")
    return caught.value


def marked_line(text: str) -> int:
    """Return the number of the line that ends in `# here`."""
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.endswith("# here"))


def write(folder: Path, name: str, text: str = BASE) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
