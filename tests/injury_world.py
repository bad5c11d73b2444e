"""A region with basic insurance, as in tests/ledger_world.py, and work injury that pays in full."""

from functools import lru_cache
from pathlib import Path

from engine.policy.book import PolicyBook, parse_scheme
from engine.policy.compiler import CompiledBook, compile_book
from tests.ledger_world import POLICY

INJURY = """\
region: "000000"
name: 虚拟统筹区（工伤）
scheme: injury
status: archival
claim_date: end
insurance_year: "01-01"
reversal: last_first
levels: [L2, L3]
person_classes:
  active: [active]
benefits:
  inpatient:
    visits: [inpatient]
    history:
    - from: 2023-01-01
      reviewed_until: 2024-12-31
      source: worked-by-hand
      layers:
      - name: injury
        fund: injury
        base: [covered]
        takes: cost
        mode: per_claim
        deductible: {method: none}
        bands:
          position: claim
          deductible_inside: false
          table:
          - {to: null, rate: 100%}
        rounding: layer
"""


@lru_cache(maxsize=1)
def injury_book() -> CompiledBook:
    """Return the book of both schemes."""
    texts = (POLICY.read_text(encoding="utf-8"), INJURY)
    return compile_book(PolicyBook([parse_scheme(text, "policy") for text in texts]))


def write_policies(folder: Path) -> Path:
    """Write both schemes as a folder of policy files."""
    folder.mkdir()
    (folder / "employee.yaml").write_text(POLICY.read_text(encoding="utf-8"), "utf-8")
    (folder / "injury.yaml").write_text(INJURY, "utf-8")
    sources = POLICY.with_name("sources.yaml").read_text(encoding="utf-8")
    (folder / "sources.yaml").write_text(sources, "utf-8")
    return folder
