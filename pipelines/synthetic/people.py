"""The insured persons of one chunk. No number or name of theirs can be a real person's."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.codes.enums import Sex
from engine.money import text_from_scaled
from pipelines.synthetic.figures import CITIES, EMPLOYEE_SHARE, INSURANCE_CODES, Cover
from pipelines.synthetic.plan import CityPlan

Ints = NDArray[np.int64]

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻"
GIVEN = "安柏承德恩方光和嘉静凯兰明宁平清然瑞思涛文晓雅一泽志中子"
CHECK_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
CHECK_DIGITS = np.array(list("10X98765432"))
FAKE_AREA = 999_000
"""Identity numbers begin with 999: no province has 99, so that none of them is anybody's."""

AREAS = 1000
SEQUENCES = 500
BIRTH_GROUPS = 16
YEAR_DAYS = 365.25
EARLIER_COVER_SHARE = 0.04
MALE_SHARE = 0.48
# Type code, share, youngest and oldest age. National codes, two and four digits as they occur.
EMPLOYEES = (
    ("1101", 0.56, 22, 59), ("1102", 0.06, 23, 59), ("1103", 0.06, 25, 59),
    ("1201", 0.26, 55, 92), ("1202", 0.03, 60, 92), ("1203", 0.028, 60, 90),
    ("1300", 0.002, 88, 99),
)  # fmt: skip
RESIDENTS = (
    ("1401", 0.02, 0, 0), ("1402", 0.10, 1, 5), ("1403", 0.18, 6, 17), ("1404", 0.06, 18, 23),
    ("1501", 0.34, 24, 59), ("16", 0.30, 60, 96),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class People:
    """Persons by number within the chunk, and the same as the reference file has them.

    Attributes:
        region: position in CITIES.
        cover: a member of Cover.
        habit: from 0 to 1, picks the institution that the person usually goes to.
        frame: one row per person, with the text that claims carry.
        register: rows of the reference file, one per person and insurance interval.
    """

    region: Ints
    cover: Ints
    sex: Ints
    habit: NDArray[np.float64]
    frame: pl.DataFrame
    register: pl.DataFrame


def make_people(rng: np.random.Generator, plan: CityPlan, first: int, count: int) -> People:
    """Return `count` persons whose numbers begin at `first`, which no other chunk uses."""
    number = np.arange(first, first + count)
    region = rng.choice(len(CITIES), count, p=[city.share for city in CITIES])
    cover = np.where(rng.random(count) < EMPLOYEE_SHARE, Cover.EMPLOYEE, Cover.RESIDENT)
    sex = np.where(rng.random(count) < MALE_SHARE, Sex.MALE, Sex.FEMALE)
    types, ages = _types(rng, cover)
    # The birth date carries the part of the number that the area and the sequence cannot hold.
    group = number // (AREAS * SEQUENCES)
    born = plan.first_day - (ages * YEAR_DAYS).astype(np.int64)
    born = born // BIRTH_GROUPS * BIRTH_GROUPS - group
    frame = pl.DataFrame(
        {
            "number": number,
            "region": pl.Series([city.region for city in CITIES]).gather(region),
            "insurance": pl.Series(INSURANCE_CODES).gather(cover),
            "sex": pl.Series(sex).cast(pl.String),
            "person_type": types,
            "birth_date": pl.Series(born).cast(pl.Int32).cast(pl.Date),
        }
    ).with_columns(
        person_id=pl.col("region") + pl.col("number").cast(pl.String).str.zfill(14),
        name=pl.Series(_names(rng, count)),
        identity_no=_identity_numbers(number, born, sex),
    )
    return People(region, cover, sex, rng.random(count), frame, _register(rng, plan, frame, born))


def _types(rng: np.random.Generator, cover: Ints) -> tuple[pl.Series, NDArray[np.float64]]:
    code = np.empty(len(cover), dtype=np.int64)
    table = EMPLOYEES + RESIDENTS
    for of, rows, offset in (
        (Cover.EMPLOYEE, EMPLOYEES, 0), (Cover.RESIDENT, RESIDENTS, len(EMPLOYEES)),
    ):  # fmt: skip
        mask = cover == of
        code[mask] = offset + rng.choice(len(rows), mask.sum(), p=[row[1] for row in rows])
    youngest = np.array([row[2] for row in table])[code]
    oldest = np.array([row[3] for row in table])[code]
    # A birthday lies at least a month back, so that no visit is before a birth.
    ages = youngest + 0.3 + rng.random(len(cover)) * (oldest - youngest + 0.6)
    return pl.Series([row[0] for row in table]).gather(code), ages


def _names(rng: np.random.Generator, count: int) -> NDArray[np.str_]:
    parts = [
        np.array(list(text))[rng.integers(0, len(text), count)] for text in (SURNAMES, GIVEN, GIVEN)
    ]
    return np.char.add(np.char.add(parts[0], parts[1]), parts[2])


def _identity_numbers(number: Ints, born: Ints, sex: Ints) -> pl.Series:
    day = born.astype("datetime64[D]")
    month = day.astype("datetime64[M]").astype(np.int64)
    date_digits = (
        (1970 + month // 12) * 10_000
        + (month % 12 + 1) * 100
        + (day - day.astype("datetime64[M]")).astype(np.int64)
        + 1
    )
    slot = number % (AREAS * SEQUENCES)
    sequence = slot % SEQUENCES * 2 + (sex == Sex.MALE)  # odd for men
    body = (FAKE_AREA + slot // SEQUENCES) * 10**11 + date_digits * 1000 + sequence
    digits = body[:, None] // 10 ** np.arange(16, -1, -1) % 10
    check = CHECK_DIGITS[(digits @ CHECK_WEIGHTS) % 11]
    return pl.Series(body).cast(pl.String) + pl.Series(check)


def _register(
    rng: np.random.Generator, plan: CityPlan, frame: pl.DataFrame, born: Ints
) -> pl.DataFrame:
    count = len(frame)
    since = np.maximum(plan.first_day - rng.integers(400, 3650, count), born)
    employee = pl.col("insurance") == INSURANCE_CODES[Cover.EMPLOYEE]
    balance = text_from_scaled(pl.lit(pl.Series(rng.integers(0, 1_500_000, count))), 2)
    now = frame.with_columns(
        since=pl.Series(since),
        cover_to=pl.lit(None, dtype=pl.String),
        account_balance=pl.when(employee).then(balance),
    )
    # Some employees were residents before; that interval ended when this one began.
    drawn = pl.lit(pl.Series(rng.random(count) < EARLIER_COVER_SHARE))
    earlier = now.filter(employee & drawn).with_columns(
        cover_to=_day_text("since"),
        since=pl.col("since") - 730,
        insurance=pl.lit(INSURANCE_CODES[Cover.RESIDENT]),
        person_type=pl.lit("1501"),
        account_balance=pl.lit(None, dtype=pl.String),
    )
    columns = [
        "person_id", "identity_no", "name", "sex", "birth_date", "region", "insurance",
        "person_type", "cover_from", "cover_to", "account_balance",
    ]  # fmt: skip
    rows = pl.concat([earlier, now]).with_columns(
        birth_date=pl.col("birth_date").cast(pl.String), cover_from=_day_text("since")
    )
    return rows.sort("number", "since").select(columns)


def _day_text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int32).cast(pl.Date).cast(pl.String)
