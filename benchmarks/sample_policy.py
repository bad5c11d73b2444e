"""The sample policy: four regions, two schemes each, in our policy language and as rivals' terms.

Every state of it is a bound of a running sum, because that is all that SQL and data frames can
carry from claim to claim; our own language is not so limited.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from engine.codes.enums import Insurance, PersonType
from engine.money import format_yuan

REGIONS = tuple(f"99{k:02d}00" for k in range(1, 5))
LEVELS = ("L1", "L2", "L3")
CLASS_OF = {
    Insurance.EMPLOYEE: (PersonType.ACTIVE, PersonType.RETIRED),
    Insurance.RESIDENT: (PersonType.ADULT_RESIDENT, PersonType.ELDERLY_RESIDENT),
}
SCHEME_OF = {Insurance.EMPLOYEE: "employee", Insurance.RESIDENT: "resident"}
DEFAULT_SHARE_PPM = 100_000


@dataclass(frozen=True)
class Figures:
    """What differs from region to region and scheme to scheme, in fen and ppm.

    stay: deductibles of the first, second and later stays by level; bands: where they end;
    rates: by band, level and class; serious_*: of the layer on the year's burden.
    """

    stay: tuple[tuple[int, ...], ...]
    bands: tuple[int, ...]
    rates: tuple[tuple[tuple[int, ...], ...], ...]
    large_ppm: int
    large_cap: int
    serious_from: int
    serious_bands: tuple[int, ...]
    serious_rates: tuple[int, ...]
    visit_deductible: int
    visit_rates: tuple[int, ...]
    visit_cap: int


def figures(region: int, insurance: Insurance) -> Figures:
    """Return the figures of a region, counted from 0, and a scheme."""
    resident = int(insurance == Insurance.RESIDENT)
    base = 880_000 - 150_000 * resident + 5_000 * region
    return Figures(
        stay=tuple(
            tuple(first // part for part in (1, 2, 4))
            for first in (20_000 + 1_000 * region, 50_000, 90_000 - 1_000 * region)
        ),
        bands=(1_000_000 + 50_000 * region, 3_000_000, 6_000_000 - 500_000 * resident),
        rates=tuple(
            tuple(
                tuple(base + 20_000 * band - 30_000 * level + 25_000 * kind for kind in (0, 1))
                for level in range(len(LEVELS))
            )
            for band in range(3)
        ),
        large_ppm=900_000 - 20_000 * region,
        large_cap=5_000_000,
        serious_from=1_200_000 + 50_000 * region,
        serious_bands=(5_000_000, 10_000_000),
        serious_rates=(600_000, 650_000, 750_000 + 5_000 * region),
        visit_deductible=20_000 + 5_000 * region,
        visit_rates=(700_000 - 100_000 * resident, 600_000, 500_000 + 10_000 * region),
        visit_cap=300_000 + 10_000 * region,
    )


def write_policies(folder: Path) -> None:
    """Write the policy files of every region and scheme."""
    for k, region in enumerate(REGIONS):
        for insurance, scheme in SCHEME_OF.items():
            path = folder / f"{region}-sample" / f"{scheme}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_policy(region, insurance, figures(k, insurance)), encoding="utf-8")


def terms() -> pl.DataFrame:
    """Return what rivals join: one row for each region, insurance, person type and level."""
    return pl.DataFrame(list(_terms()))


def _terms() -> Iterator[dict[str, object]]:
    for at, region in enumerate(REGIONS):
        for insurance, kinds in CLASS_OF.items():
            f = figures(at, insurance)
            for kind, person_type in enumerate(kinds):
                for level, name in enumerate(LEVELS):
                    yield {
                        "home_region": region,
                        "insurance": int(insurance),
                        "person_type": int(person_type),
                        "deductible_level": name,
                        **{f"stay_{k}": f.stay[level][k] for k in range(3)},
                        **{f"band_{k}": f.bands[k] for k in range(3)},
                        **{f"rate_{k}": f.rates[k][level][kind] for k in range(3)},
                        **{f"serious_band_{k}": f.serious_bands[k] for k in range(2)},
                        **{f"serious_rate_{k}": f.serious_rates[k] for k in range(3)},
                        "visit_ppm": f.visit_rates[level],
                        "has_account": insurance == Insurance.EMPLOYEE,
                        **{
                            "visit_due" if name == "visit_deductible" else name: value
                            for name, value in asdict(f).items()
                            if type(value) is int
                        },
                    }


def _policy(region: str, insurance: Insurance, f: Figures) -> str:
    kinds = [kind.name.lower() for kind in CLASS_OF[insurance]]
    stays = ", ".join(f"{level}: {_list(f.stay[k])}" for k, level in enumerate(LEVELS))
    visits = ", ".join(f"{level}: {_rate(f.visit_rates[k])}" for k, level in enumerate(LEVELS))
    bands = "".join(
        f"\n          - {{to: {_yuan(to)}, rate: {{{_rates(f.rates[k], kinds)}}}}}"
        for k, to in enumerate(f.bands)
    )
    ends = (*map(_yuan, f.serious_bands), "null")
    serious = "".join(
        f"\n          - {{to: {to}, rate: {_rate(rate)}}}"
        for to, rate in zip(ends, f.serious_rates, strict=True)
    )
    account = insurance == Insurance.EMPLOYEE
    return _TEMPLATE.format(
        region=region,
        scheme=SCHEME_OF[insurance],
        first=kinds[0],
        second=kinds[1],
        stays=stays,
        bands=bands,
        large=_rate(f.large_ppm),
        large_cap=_yuan(f.large_cap),
        serious_from=_yuan(f.serious_from),
        serious=serious,
        visit_deductible=_yuan(f.visit_deductible),
        visits=visits,
        visit_cap=_yuan(f.visit_cap),
        stay_account="      account: {pays: [deductible.basic, copay.basic]}" if account else "",
        visit_account="      account: {pays: [deductible.visit, copay.visit, over_cap.visit]}"
        if account
        else "",
        share=_rate(DEFAULT_SHARE_PPM),
    )


def _yuan(fen: int) -> str:
    return f'"{format_yuan(fen)}"'


def _rate(ppm: int) -> str:
    return f"{ppm // 10_000}.{ppm % 10_000:04d}%"


def _list(amounts: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(_yuan, amounts)) + "]"


def _rates(by_level: tuple[tuple[int, ...], ...], kinds: list[str]) -> str:
    return ", ".join(
        f"{kind}: {{"
        + ", ".join(f"{level}: {_rate(by_level[k][at])}" for k, level in enumerate(LEVELS))
        + "}"
        for at, kind in enumerate(kinds)
    )


_TEMPLATE = """\
region: "{region}"
name: 样本市
scheme: {scheme}
status: published
claim_date: end
insurance_year: "01-01"
reversal: last_first
levels: [L1, L2, L3]
person_classes: {{{first}: [{first}], {second}: [{second}]}}
counters:
  stays: {{counts: stays, scope: [year]}}
  cost: {{counts: money, scope: [year]}}
  large: {{counts: money, scope: [year]}}
  burden: {{counts: money, scope: [year]}}
  visit_deductible: {{counts: money, scope: [year]}}
  visit_paid: {{counts: money, scope: [year]}}
source: {{title: sample}}
lines:
- from: 2020-01-01
  reviewed_until: 2026-12-31
  unknown_item: self_pay
  class_b_first_share: {share}
benefits:
  inpatient:
    visits: [inpatient]
    history:
    - from: 2020-01-01
      reviewed_until: 2026-12-31
      ordinal: stays
      layers:
      - name: basic
        fund: pool
        base: [covered]
        takes: cost
        mode: per_claim
        deductible: {{method: per_stay, amount: {{{stays}}}}}
        bands:
          position: cost
          deductible_inside: true
          table:{bands}
        rounding: layer
      - name: large
        fund: large_amount
        base: [over_cap.basic]
        takes: cost
        mode: per_claim
        deductible: {{method: none}}
        bands: {{position: claim, deductible_inside: true, table: [{{to: null, rate: {large}}}]}}
        rounding: layer
        caps: [{{on: payment, amount: {large_cap}, counter: large}}]
      - name: serious
        fund: serious_illness
        base: [deductible.basic, copay.basic]
        takes: burden
        mode: incremental
        total: burden
        deductible: {{method: annual, amount: {serious_from}}}
        bands:
          position: claim
          deductible_inside: false
          table:{serious}
        rounding: layer
        pays_off: [copay.basic, deductible.basic]
{stay_account}
  outpatient:
    visits: [outpatient]
    history:
    - from: 2020-01-01
      reviewed_until: 2026-12-31
      layers:
      - name: visit
        fund: pool
        base: [covered]
        takes: cost
        mode: per_claim
        deductible: {{method: annual, amount: {visit_deductible}, counter: visit_deductible}}
        bands:
          position: claim
          deductible_inside: true
          table: [{{to: null, rate: {{{visits}}}}}]
        rounding: layer
        caps: [{{on: payment, amount: {visit_cap}, counter: visit_paid}}]
{visit_account}
"""
