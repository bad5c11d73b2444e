"""A night's claims and lines in the form in which intake and check leave them, drawn at speed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from benchmarks.sample_policy import LEVELS, REGIONS, figures, terms, write_policies
from engine.claims.columns import Ints
from engine.claims.origin import Origin
from engine.codes.enums import (
    HospitalLevel,
    Insurance,
    ItemCategory,
    ItemClass,
    PersonType,
    Sex,
    VisitKind,
)
from engine.periods import NO_END_DAY, day_number
from engine.storage.lake_tables import ACCUMULATORS
from engine.storage.tables import CATALOGUE_READ, CLAIMS_CHECKED, LINES, PERSONS_READ, Table
from pipelines.staged.staging import StagedWriter, write_staged
from pipelines.threads import in_order

DONE = "done"
CHUNK = 1 << 17
LINES_A_CLAIM = 9.5
CLAIMS_A_PERSON = 3
MOST_LINES = 60
ITEMS = 100_000
FIRST_DAY = day_number(date(2024, 3, 1))
DAYS = 31
BEFORE = "2024-02-29"
INPATIENTS, HEAVY_USERS, OF_HEAVY, WITH_CEILING, WITH_PAST = 0.12, 0.05, 0.4, 0.3, 0.25


@dataclass(frozen=True)
class Workload:
    """The files of one size."""

    folder: Path

    @property
    def policies(self) -> Path:
        """The folder of policy files."""
        return self.folder / "policies"

    def lines(self) -> int:
        """Return how many bill lines there are."""
        return int(pq.read_metadata(self.file("lines")).num_rows)

    def file(self, name: str) -> Path:
        """Return the file of a table: claims, lines, catalogue, persons, past or terms."""
        return self.folder / f"{name}.parquet"


def workload(claims: int, root: Path) -> Workload:
    """Return the files of so many claims under a folder, written now unless they are there."""
    sources = [Path(__file__).with_name(name) for name in ("workload.py", "sample_policy.py")]
    schemas = repr([table.schema for table in (CLAIMS_CHECKED, LINES, CATALOGUE_READ)])
    made_by = b"".join(path.read_bytes() for path in sources) + schemas.encode()
    version = hashlib.sha256(made_by).hexdigest()[:8]
    made = Workload(root / f"{claims}-{version}")
    if not (made.folder / DONE).exists():
        made.folder.mkdir(parents=True, exist_ok=True)
        _write(made, claims)
        (made.folder / DONE).touch()
    return made


def _write(made: Workload, claims: int) -> None:
    write_policies(made.policies)
    terms().write_parquet(made.file("terms"))
    items = min(ITEMS, max(claims // 10, 1_000))
    random = np.random.default_rng(1)
    price_e6 = np.exp(random.uniform(-0.5, 6, items) * np.log(2.7) + 10).astype(np.int64) * 100
    write_staged(_catalogue(price_e6), CATALOGUE_READ, made.file("catalogue"))
    persons = max(claims // CLAIMS_A_PERSON, 1)
    for name, table, drawn in (("persons", PERSONS_READ, _persons), ("past", ACCUMULATORS, _past)):
        with StagedWriter(table, made.file(name)) as file:
            for part in in_order(drawn, _parts(persons)):
                file.append(part)

    def draw(part: range) -> tuple[pl.DataFrame, pl.DataFrame]:
        drawn = _Drawn.of(part.start, len(part), persons)
        lines, totals = _lines(drawn, price_e6)
        return lines, _claims(drawn, totals)

    with (
        StagedWriter(CLAIMS_CHECKED, made.file("claims")) as claims_file,
        StagedWriter(LINES, made.file("lines")) as lines_file,
    ):
        for own_lines, own_claims in in_order(draw, _parts(claims)):
            lines_file.append(own_lines)
            claims_file.append(own_claims)


def _parts(count: int) -> list[range]:
    """Return what is drawn at a time: memory does not grow with the number of claims."""
    return [range(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]


@dataclass(frozen=True)
class _Drawn:
    """Claims of one chunk, as they are drawn."""

    first: int
    person: Ints
    inpatient: Ints
    day: Ints
    second: Ints
    institution: Ints
    random: np.random.Generator

    @classmethod
    def of(cls, first: int, count: int, persons: int) -> "_Drawn":
        random = np.random.default_rng([2, first])
        heavy = random.random(count) < OF_HEAVY
        among = np.where(heavy, max(int(persons * HEAVY_USERS), 1), persons)
        return cls(
            first=first,
            person=(random.random(count) * among).astype(np.int64),
            inpatient=(random.random(count) < INPATIENTS).astype(np.int64),
            day=FIRST_DAY + random.integers(0, DAYS, count),
            second=random.integers(0, 86_400, count),
            institution=random.integers(0, 2_000, count),
            random=random,
        )


def _insurance(person: Ints) -> Ints:
    return np.where(person % 2 == 0, int(Insurance.EMPLOYEE), int(Insurance.RESIDENT))


def _region(person: Ints) -> Ints:
    return person // 2 % len(REGIONS)


def _person_type(person: Ints) -> Ints:
    older = person // 16 % 4 == 0
    employee = np.where(older, int(PersonType.RETIRED), int(PersonType.ACTIVE))
    resident = np.where(older, int(PersonType.ELDERLY_RESIDENT), int(PersonType.ADULT_RESIDENT))
    return np.where(person % 2 == 0, employee, resident)


def _text(prefix: str, numbers: Ints, width: int) -> pl.Series:
    return (prefix + pl.Series(numbers).cast(pl.String).str.zfill(width)).alias(prefix)


def _of(words: tuple[str, ...], at: Ints) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(at)


def _claims(drawn: _Drawn, totals: Ints) -> pl.DataFrame:
    count, person = len(totals), drawn.person
    claim = np.arange(drawn.first, drawn.first + count)
    institution = _text("H", drawn.institution, 11)
    region, level = _of(REGIONS, _region(person)), drawn.institution % len(LEVELS)
    begins = drawn.day - drawn.inpatient * 7
    stamp = pl.Series(drawn.day * 86_400 + drawn.second).cast(pl.String)
    columns = {
        "claim": claim,
        "file": np.zeros(count, np.int64),
        "row": claim + 1,
        "settlement_id": _text("S", claim * 7_919 % 10**12, 15),
        "message_id": institution + stamp + _text("", claim % 10_000, 4),
        "visit_id": _text("V", claim * 104_729 % 10**12, 14),
        "segment": np.ones(count, np.int64),
        "person_id": _text("P", person * 6_700_417 % 10**12, 17),
        "institution_id": institution,
        "home_region": region,
        "care_region": region,
        "disease_code": _text("E", drawn.institution % 97, 2),
        "insurance": _insurance(person),
        "visit_kind": np.where(
            drawn.inpatient == 1, int(VisitKind.INPATIENT), int(VisitKind.OUTPATIENT)
        ),
        "origin": np.full(count, int(Origin.TO_SETTLE)),
        "account_used": person % 2 == 0,
        "begin_day": begins,
        "end_day": drawn.day,
        "settled_at": drawn.day * 86_400 + drawn.second,
        "total_fen": totals,
        "person_type": _person_type(person),
        "sex": 1 + person % 2,
        "birth_day": -(person % 20_000),
        "hospital_level": np.full(count, int(HospitalLevel.L3A)),
        "price_level": 1 + level,
        "deductible_level": _of(LEVELS, level),
        "institution_kind": _of(("hospital",), np.zeros(count, np.int64)),
    }
    return _frame(columns, CLAIMS_CHECKED)


def _lines(drawn: _Drawn, price_e6: Ints) -> tuple[pl.DataFrame, Ints]:
    random, claims = drawn.random, len(drawn.person)
    drawn_lines = 1 + random.exponential(LINES_A_CLAIM - 1, claims)
    counts = np.minimum(drawn_lines + random.random(claims) - 0.5, MOST_LINES).astype(np.int64)
    counts = np.maximum(counts, 1)
    claim = np.repeat(np.arange(claims), counts)
    count = len(claim)
    item = (random.random(count) ** 3 * len(price_e6)).astype(np.int64)
    item = item * 7_919 % len(price_e6)  # What is bought often lies all over the catalogue.
    price = price_e6[item] * (80 + random.integers(0, 41, count)) // 100
    quantity = random.integers(1, 6, count) * (1 + 3 * drawn.inpatient[claim]) * 10_000
    amount = (price * (quantity // 10_000) + 5_000) // 10_000
    totals = np.bincount(claim, weights=amount, minlength=claims).astype(np.int64)
    columns = {
        "claim": claim + drawn.first,
        "item": item,
        "quantity_e4": quantity,
        "price_e6": price,
        "amount_fen": amount,
        "day": drawn.day[claim],
        "approved": np.full(count, -1),
        "file": np.ones(count, np.int64),
        "row": np.arange(count),
    }
    return _frame(columns, LINES), totals


def _catalogue(price_e6: Ints) -> pl.DataFrame:
    """Return a row for each item everywhere, and for some one with ceilings in each region."""
    random = np.random.default_rng(3)
    items = len(price_e6)
    item_class = random.choice([int(ItemClass.A), int(ItemClass.B), int(ItemClass.C)], items,
                               p=[0.45, 0.4, 0.15])  # fmt: skip
    own = (item_class == int(ItemClass.B)) & (random.random(items) < 0.5)  # noqa: PLR2004 - half
    share = np.where(own, 50_000 * random.integers(1, 7, items), -1)
    ceiling = np.flatnonzero(random.random(items) < WITH_CEILING)
    parts = [_rows("*", np.arange(items), item_class, share, None)]
    for region in REGIONS:
        limits = price_e6[ceiling] * random.integers(70, 130, len(ceiling)) // 100
        parts.append(_rows(region, ceiling, item_class, share, limits))
    return pl.concat(parts)


def _rows(
    region: str, items: Ints, item_class: Ints, share: Ints, limits: Ints | None
) -> pl.DataFrame:
    ceilings = {
        f"ceiling_price_{level}_e6": None if limits is None else limits * (8 + level) // 10
        for level in (1, 2, 3)
    }
    columns = {
        "item": items,
        "region": pl.Series([region], dtype=pl.String).gather(np.zeros(len(items), np.int64)),
        "category": np.full(len(items), int(ItemCategory.TREATMENT)),
        "item_class": item_class[items],
        "first_share_ppm": pl.Series(share[items]).replace(-1, None),
        **{name: value for name, value in ceilings.items() if value is not None},
        "sex_limit": np.full(len(items), int(Sex.UNKNOWN)),
        "valid_from": np.zeros(len(items), np.int64),
        "valid_to": np.full(len(items), NO_END_DAY),
    }
    return _frame(columns, CATALOGUE_READ)


def _persons(part: range) -> pl.DataFrame:
    person = np.arange(part.start, part.stop)
    columns = {
        "person_id": _text("P", person * 6_700_417 % 10**12, 17),
        "identity_no": _text("I", person, 17),
        "sex": 1 + person % 2,
        "birth_day": -(person % 20_000),
        "region": _of(REGIONS, _region(person)),
        "insurance": _insurance(person),
        "person_type": _person_type(person),
        "cover_from": np.zeros(len(person), np.int64),
        "cover_to": np.full(len(person), NO_END_DAY),
        "account_balance_fen": np.where(person % 2 == 0, person * 7_919 % 800_000, 0),
    }
    return _frame(columns, PERSONS_READ)


def _past(part: range) -> pl.DataFrame:
    """Return the accumulators that earlier nights have left to some persons."""
    random = np.random.default_rng([4, part.start])
    persons = np.arange(part.start, part.stop)
    person = persons[random.random(len(persons)) < WITH_PAST]
    known = [figures(k, insurance) for k in range(len(REGIONS)) for insurance in _SCHEMES]
    scheme = _region(person) * 2 + person % 2
    most = np.array([one.visit_deductible for one in known])[scheme]
    values = {
        "stays": random.integers(0, 3, len(person)),
        "cost": (random.random(len(person)) ** 3 * 4_000_000).astype(np.int64) * 1_000_000,
        "burden": (random.random(len(person)) ** 3 * 1_500_000).astype(np.int64) * 1_000_000,
        "visit_deductible": (random.random(len(person)) * most).astype(np.int64) * 1_000_000,
    }
    place = {
        "person_id": _text("P", person * 6_700_417 % 10**12, 17),
        "region": _of(REGIONS, _region(person)),
        "scheme": _of(("employee", "resident"), person % 2),
        "year": np.full(len(person), 2024),
        "month": np.zeros(len(person), np.int64),
        "scope": np.zeros(len(person), np.int64),
    }
    at = np.zeros(len(person), np.int64)
    parts = [
        _frame({"night": _of((BEFORE,), at), **place, "counter": _of((name,), at), "value": value},
               ACCUMULATORS)
        for name, value in values.items()
    ]  # fmt: skip
    return pl.concat(parts)


_SCHEMES = (Insurance.EMPLOYEE, Insurance.RESIDENT)


def _frame(columns: Mapping[str, object], table: Table) -> pl.DataFrame:
    """Return a frame of a table; columns that are not given are null, or false."""
    given = {
        name: pl.Series(name, value, strict=True).cast(table.schema[name])  # type: ignore[arg-type]
        for name, value in columns.items()
    }
    count = len(next(iter(given.values())))
    missing = {
        name: pl.repeat(
            value=False if kind == pl.Boolean else None, n=count, dtype=kind, eager=True
        )
        for name, kind in table.schema.items()
        if name not in columns
    }
    return pl.DataFrame({**given, **missing}).select(table.names)
