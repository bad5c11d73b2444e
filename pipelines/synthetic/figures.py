"""The figures that shape the city: places, kinds of visit, items, quantities and price levels.

The means and tails aim at what has been published of one city's store: bills of 874 yuan (95 %
below 3,480) of 14 lines of 63 yuan (95 % below 200). Prices and shares here are relative;
`price_scale` scales them to the mean bill. They are random draws, not money: money begins when a
price is rounded.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from engine.codes.enums import ItemCategory, VisitKind

Floats = NDArray[np.float64]

BILL_MEAN_FEN = 87_400


@dataclass(frozen=True, slots=True)
class City:
    """One region: its share of the population and what it calls its deductible levels.

    `primary_share` is the share of residents' out-patient visits bound to primary care: all of
    them where the residents' scheme pays out-patient care nowhere else.
    """

    region: str
    name: str
    share: float
    deductible_levels: tuple[str, str, str]  # of price levels 1, 2 and 3
    primary_share: float


CITIES = (
    City("110000", "北京", 0.45, ("L1", "L2", "L3"), 0.3),
    City("330100", "杭州", 0.25, ("L0", "L2", "L3"), 0.3),
    City("610100", "西安", 0.30, ("L1", "L2", "L3"), 1.0),
)


class Cover(IntEnum):
    """The insurance of a person, as a position in the tables of this file."""

    EMPLOYEE = 0
    RESIDENT = 1


INSURANCE_CODES = ("310", "390")
EMPLOYEE_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Visit:
    """A kind of visit: how often it is met by insurance, and how long its bill is.

    `lines` is relative to the other kinds; `spread` is the sigma of its log-normal factor;
    `mix` is the share of lines by item category.
    """

    kind: VisitKind
    code: str
    clearing: str
    shares: tuple[float, float]  # of employees' and of residents' claims
    lines: float
    spread: float
    mix: dict[ItemCategory, float]


_C = ItemCategory
VISITS = (
    Visit(
        VisitKind.OUTPATIENT,
        "11",
        "11",
        (0.617, 0.89),
        5.0,
        0.7,
        {
            _C.CONSULTATION: 0.08,
            _C.EXAMINATION: 0.09,
            _C.LABORATORY: 0.20,
            _C.TREATMENT: 0.10,
            _C.SURGERY: 0.002,
            _C.NURSING: 0.01,
            _C.CONSUMABLES: 0.06,
            _C.WESTERN_DRUG: 0.27,
            _C.HERBAL_SLICES: 0.08,
            _C.PATENT_DRUG: 0.09,
            _C.REGISTRATION: 0.01,
            _C.OTHER: 0.008,
        },
    ),
    Visit(
        VisitKind.CHRONIC,
        "14",
        "11",
        (0.01, 0.02),
        6.0,
        0.6,
        {
            _C.CONSULTATION: 0.06,
            _C.EXAMINATION: 0.02,
            _C.LABORATORY: 0.08,
            _C.WESTERN_DRUG: 0.55,
            _C.HERBAL_SLICES: 0.05,
            _C.PATENT_DRUG: 0.22,
            _C.GENERAL_CONSULTATION: 0.02,
        },
    ),
    # Residents have no personal account to shop with.
    Visit(
        VisitKind.PHARMACY,
        "41",
        "41",
        (0.32, 0.0),
        3.2,
        0.5,
        {_C.CONSUMABLES: 0.05, _C.WESTERN_DRUG: 0.52, _C.HERBAL_SLICES: 0.10, _C.PATENT_DRUG: 0.33},
    ),
    Visit(
        VisitKind.INPATIENT,
        "21",
        "21",
        (0.053, 0.09),
        80.0,
        0.8,
        {
            _C.BED: 0.04,
            _C.EXAMINATION: 0.05,
            _C.LABORATORY: 0.24,
            _C.TREATMENT: 0.16,
            _C.SURGERY: 0.012,
            _C.NURSING: 0.08,
            _C.CONSUMABLES: 0.12,
            _C.WESTERN_DRUG: 0.24,
            _C.HERBAL_SLICES: 0.02,
            _C.PATENT_DRUG: 0.03,
            _C.OTHER: 0.008,
        },
    ),
)
OUTPATIENT, CHRONIC, PHARMACY, STAY = range(4)
PRIMARY = 4


@dataclass(frozen=True, slots=True)
class Category:
    """A category of items: how many, their relative prices, the quantities they are billed in.

    `classes` are the shares of class A, B and C; `quantities` pairs a quantity with its share.
    """

    category: ItemCategory
    label: str
    prefix: str
    items: int
    price: float
    spread: float
    classes: tuple[float, float, float]
    quantities: tuple[tuple[float, float], ...]

    @property
    def code(self) -> str:
        """The national code of the category."""
        return f"{self.category:02d}"

    @property
    def national(self) -> bool:
        """Whether one list holds for all regions, as for drugs."""
        return self.category in {_C.WESTERN_DRUG, _C.HERBAL_SLICES, _C.PATENT_DRUG}


_ONE = ((1, 1.0),)
_SERVICE = (0.80, 0.12, 0.08)
_DRUG = (0.45, 0.43, 0.12)
CATEGORIES = (
    # A stay's lines of beds come to its days, which is about so many each.
    Category(_C.BED, "床位", "0011", 60, 45, 0.4, _SERVICE, ((2, 0.8), (3, 0.2))),
    Category(_C.CONSULTATION, "诊察", "0012", 40, 12, 0.5, _SERVICE, _ONE),
    Category(_C.EXAMINATION, "检查", "0021", 1000, 150, 0.8, _SERVICE, ((1, 0.95), (2, 0.05))),
    Category(_C.LABORATORY, "化验", "0025", 1500, 20, 0.9, _SERVICE, _ONE),
    Category(_C.TREATMENT, "治疗", "0031", 1200, 28, 1.0, _SERVICE, ((1, 0.7), (2, 0.2), (4, 0.1))),
    Category(_C.SURGERY, "手术", "0033", 500, 1500, 0.9, _SERVICE, _ONE),
    Category(_C.NURSING, "护理", "0013", 60, 14, 0.5, _SERVICE, ((1, 0.8), (2, 0.1), (24, 0.1))),
    Category(
        _C.CONSUMABLES,
        "耗材",
        "C010",
        3500,
        75,
        1.7,
        (0.3, 0.5, 0.2),
        ((1, 0.7), (2, 0.2), (5, 0.1)),
    ),
    Category(
        _C.WESTERN_DRUG,
        "西药",
        "XA0",
        7000,
        26,
        1.1,
        _DRUG,
        ((1, 0.45), (2, 0.3), (3, 0.15), (6, 0.1)),
    ),
    Category(
        _C.HERBAL_SLICES,
        "饮片",
        "T00",
        1500,
        0.35,
        0.9,
        _DRUG,
        ((6, 0.2), (9, 0.2), (10, 0.3), (12.5, 0.1), (15, 0.15), (30, 0.05)),
    ),
    Category(
        _C.PATENT_DRUG,
        "中成药",
        "ZA0",
        3500,
        30,
        1.1,
        _DRUG,
        ((1, 0.4), (2, 0.35), (3, 0.15), (6, 0.1)),
    ),
    Category(_C.GENERAL_CONSULTATION, "一般诊疗", "0015", 20, 8, 0.3, _SERVICE, _ONE),
    Category(_C.REGISTRATION, "挂号", "0014", 20, 6, 0.3, _SERVICE, _ONE),
    Category(_C.OTHER, "其他", "0041", 100, 15, 0.7, _SERVICE, _ONE),
)


def visit_shares() -> Floats:
    """Shares of all claims by kind of visit."""
    employees, residents = np.array([visit.shares for visit in VISITS]).T
    shares: Floats = EMPLOYEE_SHARE * employees + (1 - EMPLOYEE_SHARE) * residents
    return shares


def visit_lines(lines_mean: float) -> Floats:
    """Mean lines per claim by kind of visit, so that all claims together have `lines_mean`."""
    relative = np.array([visit.lines for visit in VISITS])
    lines: Floats = relative * lines_mean / (visit_shares() @ relative)
    return lines


def category_mix() -> Floats:
    """Shares of a bill's lines, shape (kinds of visit, categories)."""
    return np.array([[v.mix.get(c.category, 0.0) for c in CATEGORIES] for v in VISITS])


def price_scale(lines_mean: float) -> float:
    """Yuan per unit of relative price, so that the mean bill is BILL_MEAN_FEN."""
    quantity = np.array([sum(q * share for q, share in c.quantities) for c in CATEGORIES])
    line = category_mix() @ (np.array([c.price for c in CATEGORIES]) * quantity)
    return float(BILL_MEAN_FEN / 100 / ((visit_shares() * visit_lines(lines_mean)) @ line))
