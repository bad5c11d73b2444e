"""Schemes and decoys planted in a synthetic city; tests/planted_oracle.py finds them apart."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from engine.codes.enums import HospitalLevel, Insurance, ItemCategory, Sex, VisitKind
from engine.periods import NO_END_DAY, day_number
from engine.rules.facts import LIMIT, LINE, RECORD, REGISTER, SETTLEMENT, Facts
from tests.unit.pipelines.synthetic_city import City

Record = dict[str, Any]
Wrong = set[tuple[str, str, int | None, int | None]]
"""Rule, settlement, row of a line, and its excess quantity, or the fen above its legal price where
that is what is wrong; the last two null for a whole claim."""

DAY = day_number(date(2024, 3, 11))
E4 = 10_000
ITEM = 900_000
FOR_WOMEN, DAILY, WEEKLY, COURSE, BED, NEVER, SINGLE, HERB, HOLDER, HELD = range(ITEM, ITEM + 10)
CHILDREN, GROWN, HIGH_LEVEL, AT_DESK, IN_BED, INJURY, MATERNITY, INTERNET, LEGAL = range(
    HELD + 1, HELD + 10
)
LEGAL_E6 = 4_990_000
SMALL = "H-small"
"""The one hospital of the first level."""
KINDS = {
    "11": VisitKind.OUTPATIENT,
    "14": VisitKind.CHRONIC,
    "21": VisitKind.INPATIENT,
    "41": VisitKind.PHARMACY,
}
SCHEMES = {"310": Insurance.EMPLOYEE, "390": Insurance.RESIDENT}


def _limit(kind: str, item: int, **more: Any) -> Record:
    every = {"region": "*", "valid_from": 0, "valid_to": NO_END_DAY, "point": f"{kind}/{item}"}
    return {"kind": kind, "item": item, "unit": "", **every, **more}


LIMITS = [
    _limit("sex", FOR_WOMEN, low=int(Sex.FEMALE)),
    _limit("daily_quantity", DAILY, high=2 * E4, window=1),
    _limit("period_quantity", WEEKLY, high=2 * E4, window=7),
    _limit("course", COURSE, window=3, unit="day"),
    _limit("category", BED, low=int(ItemCategory.BED)),
    _limit("category", SINGLE, low=int(ItemCategory.HERBAL_SLICES)),
    _limit("category", HERB, low=int(ItemCategory.HERBAL_SLICES)),
    _limit("herb_never", NEVER),
    _limit("herb_single", SINGLE),
    _limit("pair", HOLDER, unit="day", others=[HELD]),
    _limit("age", CHILDREN, high=216, unit="month"),
    _limit("age", GROWN, low=216, unit="month"),
    _limit("hospital_level", HIGH_LEVEL, low=2),
    _limit("visit", AT_DESK, words=["outpatient"]),
    _limit("visit", IN_BED, words=["inpatient"]),
    _limit("injury_only", INJURY),
    _limit("maternity_only", MATERNITY),
    _limit("internet_scope", INTERNET),
    _limit("legal_price", LEGAL, high=LEGAL_E6),
]


OVER_PRICE = "price_above_legal"


@dataclass
class World:
    """What is planted, and what of it is wrong."""

    settlements: list[Record] = field(default_factory=list)
    lines: list[Record] = field(default_factory=list)
    registers: list[Record] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    wrong: Wrong = field(default_factory=set)
    schemes: int = 0

    def stay(self, person: str, **changes: Any) -> str:
        """Add a stay of four days of one man, and return its settlement."""
        number = len(self.settlements)
        name = f"planted-{number}"
        row = {
            "settlement_id": name, "message_id": name, "visit_id": name, "person_id": person,
            "institution_id": "H-1", "physician_id": "D-1", "care_region": "330100",
            "disease_code": "J18.900", "visit_kind": int(VisitKind.INPATIENT),
            "insurance": int(Insurance.EMPLOYEE), "sex": int(Sex.MALE), "birth_day": 0,
            "begin_day": DAY, "end_day": DAY + 4, "settled_at": (DAY + 9) * 86_400 + number,
            "total_fen": 500_000 + number, "hospital_level": int(HospitalLevel.L3A),
        }  # fmt: skip
        self.settlements.append(row | changes)
        return name

    def line(self, item: int, quantity: int = 1, day: int = 0) -> int:
        """Charge the last settlement for an item, and return the line's row."""
        row = len(self.lines) + 1
        charge = {"price_e6": 5_000_000, "amount_fen": 500 * quantity, "day": DAY + day}
        self.lines.append(
            {"of": len(self.settlements) - 1, "item": item, "quantity_e4": quantity * E4}
            | charge
            | {"file": 9, "row": row, "approved": -1}
        )
        return row

    def scheme(self, rule: str, settlement: str, *rows: tuple[int, int]) -> None:
        """Note what is wrong: the whole claim, or these rows with their excess."""
        self.schemes += 1
        none: list[tuple[int | None, int | None]] = [(None, None)]
        unit = 1 if rule == OVER_PRICE else E4
        for row, excess in [(row, excess * unit) for row, excess in rows] or none:
            self.wrong.add((rule, settlement, row, excess))

    def register(self, name: str, subject: str, begins: int, ends: int = NO_END_DAY) -> None:
        """Register something of a subject, in days from the stays' first."""
        days = {"begins": DAY + begins, "ends": min(DAY + ends, NO_END_DAY), "source": "n"}
        self.registers.append({"register": name, "subject": subject} | days)


def plant(times: int) -> World:
    """Return a world in which each scheme and its decoy stands so many times."""
    world = World()
    for k in range(times):
        _claims(world, f"p{k}")
        _lines(world, f"q{k}")
        _registers(world, f"r{k}")
        _limits(world, f"t{k}")
        _over_visits(world, f"u{k}")
    return world


def _claims(world: World, who: str) -> None:
    total = {"total_fen": 777_000}
    world.stay(f"{who}-twice", **total)
    world.scheme("duplicate_settlement", world.stay(f"{who}-twice", **total))
    for visit in range(2):  # a segment of one visit, and a couple on one ward
        world.stay(f"{who}-segment", visit_id=f"{who}-visit", **total)
        world.stay(f"{who}-couple-{visit}", **total)
    world.stay(f"{who}-overlap")
    later = {"institution_id": "H-2", "begin_day": DAY + 3, "end_day": DAY + 7}
    world.scheme("overlapping_stays", world.stay(f"{who}-overlap", **later))
    world.stay(f"{who}-transfer")
    world.stay(f"{who}-transfer", **(later | {"begin_day": DAY + 4}))
    world.stay(f"{who}-staged")
    world.stay(f"{who}-staged", begin_day=DAY + 6, end_day=DAY + 9)
    same = {"visit_id": f"{who}-schemes", "total_fen": 778_000}
    world.stay(f"{who}-schemes", **same)
    second = world.stay(f"{who}-schemes", insurance=int(Insurance.RESIDENT), **same)
    world.scheme("benefit_from_two_schemes", second)
    for day in range(3):  # dialysis
        world.stay(
            f"{who}-dialysis", begin_day=DAY + day, end_day=DAY + day, disease_code="N18.500"
        )


def _lines(world: World, who: str) -> None:
    found = world.stay(f"{who}-man")
    world.scheme("item_limited_by_sex", found, (world.line(FOR_WOMEN), 1))
    world.stay(f"{who}-woman", sex=int(Sex.FEMALE))
    world.line(FOR_WOMEN)
    found = world.stay(f"{who}-daily")
    world.scheme("item_past_daily_limit", found, (world.line(DAILY, 5), 3))
    world.stay(f"{who}-two-days")
    for day in range(2):
        world.line(DAILY, 2, day)
    found = world.stay(f"{who}-weekly")
    world.line(WEEKLY, 2)
    world.scheme("item_past_period_limit", found, (world.line(WEEKLY, 1, 3), 1))
    found = world.stay(f"{who}-course")
    world.line(COURSE)
    world.line(COURSE, 1, 2)
    world.scheme("item_past_course", found, (world.line(COURSE, 1, 3), 1))
    found = world.stay(f"{who}-bed")
    world.scheme("beds_past_stay", found, (world.line(BED, 8), 3))
    world.stay(f"{who}-bed-of-a-day-more")
    world.line(BED, 5)
    found = world.stay(f"{who}-never")
    world.scheme("herb_never_paid", found, (world.line(NEVER), 1))
    found = world.stay(f"{who}-alone")
    world.scheme("herb_used_alone", found, (world.line(SINGLE), 1))
    world.stay(f"{who}-compound")
    world.line(SINGLE)
    world.line(HERB)
    found = world.stay(f"{who}-pair")
    world.line(HOLDER)
    world.scheme("bundled_item_charged", found, (world.line(HELD), 1))
    world.stay(f"{who}-pair-on-two-days")
    world.line(HOLDER)
    world.line(HELD, 1, 1)


def _limits(world: World, who: str) -> None:
    """Plant limits that the facts of a claim break, each beside a claim that keeps one alike."""
    for name, rule, broken, kept in (
        ("age", "item_limited_by_age", CHILDREN, GROWN),
        ("visit", "item_limited_by_visit", AT_DESK, IN_BED),
    ):
        found = world.stay(f"{who}-{name}")
        world.scheme(rule, found, (world.line(broken, 2), 2))
        world.line(kept, 2)
    small = {"institution_id": SMALL, "hospital_level": int(HospitalLevel.L1A)}
    found = world.stay(f"{who}-level", **small)
    world.scheme("item_limited_by_level", found, (world.line(HIGH_LEVEL), 1))
    world.stay(f"{who}-level-enough")
    world.line(HIGH_LEVEL)
    for rule, item in (
        ("item_for_injury_only", INJURY),
        ("item_for_maternity_only", MATERNITY),
    ):
        world.scheme(rule, world.stay(f"{who}-{item}"), (world.line(item), 1))
    found = world.stay(f"{who}-internet")
    world.records.append({"record": "internet_visit", "settlement_id": found})
    world.scheme("internet_item_out_of_scope", found, (world.line(INTERNET), 1))
    world.stay(f"{who}-counter")
    world.line(INTERNET)
    found = world.stay(f"{who}-price")
    world.scheme(OVER_PRICE, found, (world.line(LEGAL, 30), 30))  # a fen each


def _over_visits(world: World, who: str) -> None:
    """Plant what only several visits of a person together show, and prescriptions continued."""
    world.stay(f"{who}-weekly")
    world.line(WEEKLY, 2)
    found = world.stay(f"{who}-weekly", begin_day=DAY + 5, end_day=DAY + 8)
    world.scheme("item_past_period_limit", found, (world.line(WEEKLY, 1, 5), 1))
    world.stay(f"{who}-day")
    world.line(DAILY)
    found = world.stay(f"{who}-day", begin_day=DAY, end_day=DAY)
    world.scheme("item_past_daily_limit", found, (world.line(DAILY, 3), 2))
    for place in ("H-1", "H-2"):  # A week of each of two hospitals, the second by transfer.
        later = 4 if place == "H-2" else 0
        world.stay(
            f"{who}-two", institution_id=place, begin_day=DAY + later, end_day=DAY + 4 + later
        )
        world.line(WEEKLY, 2, later)
    desk = {"visit_kind": int(VisitKind.OUTPATIENT), "disease_code": "I10.x00", "total_fen": 90_000}
    for day in (-56, -28, 0):  # A prescription that is continued each month, and a long one.
        world.stay(f"{who}-continued", begin_day=DAY + day, end_day=DAY + day, **desk)
        world.line(WEEKLY, 2, day)
        world.line(DAILY, 2, day)
    world.stay(f"{who}-long", begin_day=DAY, end_day=DAY, **desk)
    world.line(GROWN, 90)


def _registers(world: World, who: str) -> None:
    for register, rule, grace in (
        ("deaths", "care_after_death", 2),
        ("cover_stopped", "care_without_cover", 0),
    ):
        world.register(register, f"{who}-{register}", -grace)
        world.scheme(rule, world.stay(f"{who}-{register}"))
        world.register(register, f"{who}-{register}-later", 1 - grace)
        world.stay(f"{who}-{register}-later")
    places = {"institution_id": f"H-{who}", "physician_id": f"D-{who}"}
    world.register("agreement_suspended", f"H-{who}", -9)
    world.scheme(
        "institution_suspended", world.stay(f"{who}-suspended", **places | {"physician_id": "D-1"})
    )
    emergency = int(VisitKind.EMERGENCY_INPATIENT)
    world.stay(f"{who}-emergency", visit_kind=emergency, **places)
    world.register("not_licensed", f"D-{who}", -9, 9)
    licence = {"physician_id": f"D-{who}"}
    world.scheme("physician_not_allowed", world.stay(f"{who}-not-licensed", **licence))
    world.stay(f"{who}-licensed-again", begin_day=DAY + 9, end_day=DAY + 9, **licence)


def facts_of(city: City, world: World) -> Facts:
    """Return a city without plants of its own, and the world in it."""
    claims = pl.concat([_city_claims(city), pl.DataFrame(world.settlements, schema=SETTLEMENT)])
    claims = claims.with_columns(claim=pl.int_range(pl.len(), dtype=pl.Int32))
    first = len(claims) - len(world.settlements)
    own = pl.DataFrame(world.lines, schema={"of": pl.Int32, **LINE})
    typed = [pl.col(name).cast(dtype) for name, dtype in {"claim": pl.Int32, **LINE}.items()]
    lines = pl.concat(
        [_city_lines(city, claims), own.select((pl.col("of") + first).alias("claim"), *LINE)],
        how="diagonal_relaxed",
    ).select(typed)
    return Facts(
        settlements=claims.lazy(),
        limits=pl.DataFrame(LIMITS, schema=LIMIT),
        registers=pl.DataFrame(world.registers, schema=REGISTER),
        records=pl.LazyFrame(world.records, schema=RECORD),
        lines=lambda: lines.iter_slices(200_000),
    )


def _city_claims(city: City) -> pl.DataFrame:
    days = {name: pl.col(f"{name[:-4]}_date").dt.epoch("d") for name in ("begin_day", "end_day")}
    kept = city.claims.filter(pl.col("refund") == "0")
    return kept.select(
        *(
            pl.lit(None, dtype=dtype).alias(name)
            if name in ("hospital_level", "claim", "physician_id")
            else _city_column(name, days).cast(dtype).alias(name)
            for name, dtype in SETTLEMENT.items()
        )
    )


def _city_column(name: str, days: dict[str, pl.Expr]) -> pl.Expr:
    special = {
        "visit_kind": pl.col("visit_kind").replace_strict({k: int(v) for k, v in KINDS.items()}),
        "insurance": pl.col("insurance").replace_strict({k: int(v) for k, v in SCHEMES.items()}),
        "birth_day": pl.col("birth_date").dt.epoch("d"),
        "settled_at": pl.col("settled_at").dt.epoch("s"),
    } | days
    return special.get(name, pl.col(name))


def _city_lines(city: City, claims: pl.DataFrame) -> pl.DataFrame:
    limited = city.reference("catalogue").unique("item_code").sort("item_code")
    items = limited.select("item_code").with_row_index("item")
    joined = city.lines.join(claims.select("settlement_id", "claim"), on="settlement_id")
    return joined.join(items, on="item_code").select(
        "claim",
        "item",
        "quantity_e4",
        "price_e6",
        "amount_fen",
        day=pl.col("charged_at").dt.date().dt.epoch("d"),
        file=pl.lit(1),
        row=pl.int_range(pl.len()),
        approved=pl.lit(-1),
    )
