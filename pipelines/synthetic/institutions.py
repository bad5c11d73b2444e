"""The hospitals, community centres and pharmacies of a synthetic city."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.codes.enums import HospitalLevel
from pipelines.synthetic.figures import CITIES, PHARMACY, PRIMARY, STAY
from pipelines.synthetic.plan import CityPlan, Purpose

INSTITUTIONS = 300
SIZE_SPREAD = 1.0
PRICE_SPREAD = 0.03
WHOLE_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of institution: its share, its levels, how often it is visited."""

    name: str
    label: str
    prefix: str
    share: float
    levels: tuple[HospitalLevel, ...]
    busy: float


_L = HospitalLevel
_KINDS = (
    _Kind(
        "hospital",
        "医院",
        "H",
        0.3,
        (_L.L3A, _L.L3B, _L.L3C, _L.L2A, _L.L2A, _L.L2B, _L.L2C, _L.L3_SPECIAL, _L.L1A),
        3.0,
    ),
    _Kind("community", "社区卫生服务中心", "H", 0.3, (_L.L1A, _L.L1B, _L.L1C), 1.0),
    _Kind("pharmacy", "药店", "P", 0.4, (_L.NONE,), 1.0),
)


@dataclass(frozen=True, slots=True)
class Institutions:
    """Institutions by dense number, and the same as the reference file has them.

    Attributes:
        region: position in CITIES.
        price_ppm: what they charge of the catalogue's usual price.
        open_to: cumulative share of visits, shape (kinds of visit + 1, regions, institutions);
            the last, PRIMARY, is of visits bound to primary care.
    """

    ids: pl.Series
    levels: pl.Series
    region: NDArray[np.int64]
    pharmacy: NDArray[np.bool_]
    price_ppm: NDArray[np.int64]
    open_to: NDArray[np.float64]
    frame: pl.DataFrame


def make_institutions(plan: CityPlan) -> Institutions:
    """Return the institutions of a plan."""
    rng = plan.random(Purpose.INSTITUTIONS)
    rows = [
        {
            "institution_id": f"{kind.prefix}{city.region}{number + 1:05d}",
            "name": f"{city.name}第{number + 1}{kind.label}",
            "region": city.region,
            "hospital_level": level,
            "price_level": max(level.group, 1),
            "deductible_level": city.deductible_levels[max(level.group, 1) - 1],
            "kind": kind.name,
            "busy": kind.busy,
        }
        for city in CITIES
        for kind in _KINDS
        for number, level in _numbered(kind, city.share)
    ]
    frame = pl.DataFrame(rows)
    level_code = pl.col("hospital_level").cast(pl.String).str.zfill(2)
    reference = frame.drop("busy").with_columns(level_code, pl.col("price_level").cast(pl.String))
    place = {city.region: i for i, city in enumerate(CITIES)}
    factor = rng.normal(1.0, PRICE_SPREAD, len(frame)).clip(0.9, 1.1)
    return Institutions(
        ids=frame["institution_id"],
        levels=reference["hospital_level"],
        region=frame["region"].replace_strict(place).to_numpy().astype(np.int64),
        pharmacy=(frame["kind"] == "pharmacy").to_numpy(),
        price_ppm=np.rint(factor * WHOLE_PPM).astype(np.int64),
        open_to=_open_to(rng, frame),
        frame=reference,
    )


def _numbered(kind: _Kind, share: float) -> list[tuple[int, HospitalLevel]]:
    # Pharmacies and hospitals are numbered apart; a community centre follows the hospitals.
    first = 10_000 if kind.name == "community" else 0
    count = max(round(INSTITUTIONS * kind.share * share), 2)
    return [(first + i, kind.levels[i % len(kind.levels)]) for i in range(count)]


def _open_to(rng: np.random.Generator, frame: pl.DataFrame) -> NDArray[np.float64]:
    size = frame["busy"].to_numpy() * rng.lognormal(0.0, SIZE_SPREAD, len(frame))
    kind = frame["kind"].to_numpy()
    primary = (frame["price_level"] == 1).to_numpy() & (kind != "pharmacy")
    own = {PHARMACY: kind == "pharmacy", STAY: kind == "hospital", PRIMARY: primary}
    share = np.zeros((PRIMARY + 1, len(CITIES), len(frame)))
    for visit in range(PRIMARY + 1):
        serves = own.get(visit, kind != "pharmacy")
        for place, city in enumerate(CITIES):
            here = (frame["region"] == city.region).to_numpy()
            share[visit, place] = np.cumsum(size * serves * here)
    return share / share[:, :, -1:]
