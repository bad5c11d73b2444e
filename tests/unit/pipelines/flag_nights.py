"""Small nights for the flag step: checked claims and lines, settled as the night settles them."""

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from engine.claims.origin import Origin
from engine.codes.enums import Insurance, ItemCategory, ItemClass, PersonType, Sex, VisitKind
from engine.periods import NO_END_DAY, day_number
from engine.policy.compiler import CompiledBook
from engine.storage.beside_tables import ITEM_TERMS_READ, RECORDS_READ
from engine.storage.knowledge import POINTS
from engine.storage.lake_tables import SETTLEMENTS
from engine.storage.tables import (
    CATALOGUE_READ,
    CLAIMS_CHECKED,
    ITEMS,
    LINES,
    PERSONS_READ,
    REGISTERS_READ,
)
from pipelines.staged.staging import StagedWriter, write_staged
from pipelines.steps.flag import FlagInputs, flag
from pipelines.steps.settle import SettleInputs, settle_night
from pipelines.steps.settle.history import Past
from tests.unit.engine.settlement.stories import book_of, layer, per_stay, policy

Record = dict[str, Any]

BESIDE = {
    "registers": REGISTERS_READ,
    "item_terms": ITEM_TERMS_READ,
    "records": RECORDS_READ,
}
"""What others bring to a night, none of which these nights have."""

REGION = "330100"
MARCH_10 = day_number(date(2023, 3, 10))
ANYONE, FOR_WOMEN_B, FOR_WOMEN_C, FOR_WOMEN_BED, ABSENT = 0, 1, 2, 3, -1
PRICE_LEVEL = 3

BOOK = book_of(
    policy(
        layer(("1000.00", "80%"), (None, "90%"), deductible=per_stay(["100.00", "50.00"])),
        counters="stays",
        ordinal="stays",
        account={"pays": ["deductible.basic", "copay.basic"]},
    )
    | {
        "region": REGION,
        "lines": [
            {
                "from": date(2023, 1, 1),
                "reviewed_until": date(2024, 12, 31),
                "unknown_item": "self_pay",
                "class_b_first_share": "10%",
            }
        ],
    }
)
"""Stays: deductible 100, then 50; 80 % up to 1,000, 90 % above; class B costs 10 % first."""


def _item(number: int, kind: ItemClass, sex: Sex, ceiling_e6: int | None = None) -> Record:
    return {
        "item": number,
        "region": "*",
        "category": int(ItemCategory.OTHER),
        "item_class": int(kind),
        "ceiling_price_3_e6": ceiling_e6,
        "sex_limit": int(sex),
        "valid_from": 0,
        "valid_to": NO_END_DAY,
    }


CATALOGUE = [
    _item(ANYONE, ItemClass.A, Sex.UNKNOWN),
    _item(FOR_WOMEN_B, ItemClass.B, Sex.FEMALE) | {"groups": "other implant"},
    _item(FOR_WOMEN_C, ItemClass.C, Sex.FEMALE),
    _item(FOR_WOMEN_BED, ItemClass.A, Sex.FEMALE, 300_000_000),
]


@dataclass
class Night:
    """The claims of one night with their lines; all of one man at one hospital unless told."""

    claims: list[Record] = field(default_factory=list)
    lines: list[Record] = field(default_factory=list)
    book: CompiledBook = BOOK

    def bill(self, name: str, *lines: tuple[int, int], **changes: Any) -> None:
        """Add a claim whose lines are item and fen; each begins a day and ends the next.

        A line below zero takes back one that was charged.
        """
        number = len(self.claims)
        day = changes.pop("day", MARCH_10)
        sign = -1 if changes.get("refund") else 1
        for row, (item, fen) in enumerate(lines, start=len(self.lines) + 1):
            self.lines.append(
                {"claim": number, "item": item, "price_e6": abs(fen) * 10_000}
                | {"quantity_e4": -10_000 if fen < 0 else 10_000}
                | {"amount_fen": sign * fen, "day": day, "approved": -1, "file": 1, "row": row}
            )
        self.claims.append(
            {
                "claim": number,
                "settlement_id": name,
                "message_id": f"m-{name}",
                "visit_id": f"v-{name}",
                "segment": 1,
                "person_id": "P1",
                "institution_id": "H1",
                "home_region": REGION,
                "care_region": REGION,
                "disease_code": "J18",
                "insurance": int(Insurance.EMPLOYEE),
                "visit_kind": int(VisitKind.INPATIENT),
                "origin": int(Origin.TO_SETTLE),
                "refund": False,
                "account_used": False,
                "interim": False,
                "begin_day": day,
                "end_day": day + 1,
                "settled_at": (day + 1) * 86_400 + number,
                "total_fen": sign * sum(fen for _, fen in lines),
                "person_type": int(PersonType.ACTIVE),
                "sex": int(Sex.MALE),
                "birth_day": 0,
                "deductible_level": "L3",
                "price_level": PRICE_LEVEL,
                "file": 0,
                "row": number + 1,
                "hospital_level": 1,
                "institution_kind": "hospital",
            }
            | changes
        )

    def settle(self, work: Path, balance_fen: int = 0, past: Past | None = None) -> "SettledFiles":
        """Settle the night; P1's account opens with the balance."""
        work.mkdir()
        register = pl.DataFrame([_person(balance_fen)], schema=PERSONS_READ.schema)
        claims = pl.DataFrame(self.claims, schema=CLAIMS_CHECKED.schema)
        catalogue = pl.DataFrame(CATALOGUE, schema=CATALOGUE_READ.schema)
        inputs = SettleInputs(
            claims=write_staged(claims, CLAIMS_CHECKED, work / "claims.parquet"),
            lines=self._write_lines(work / "lines.parquet"),
            catalogue=write_staged(catalogue, CATALOGUE_READ, work / "catalogue.parquet"),
            persons=write_staged(register, PERSONS_READ, work / "persons.parquet"),
        )
        files = settle_night(inputs, past or Past.of(), self.book, work)
        assert pl.read_parquet(files.fallen).is_empty()
        settled = pl.read_parquet(files.settled).with_columns(
            price_level=pl.lit(PRICE_LEVEL, dtype=pl.Int8)
        )
        path = work / "settled.parquet"
        settled.write_parquet(path)
        items = pl.DataFrame({"item": [0, 1, 2, 3], "item_code": ["I0", "I1", "I2", "I3"]})
        numbered = write_staged(
            items.select(pl.col("item").cast(pl.Int32), "item_code"), ITEMS, work / "items.parquet"
        )
        return SettledFiles(
            FlagInputs(
                settled=path,
                claims=inputs.claims,
                lines=inputs.lines,
                catalogue=inputs.catalogue,
                items=numbered,
                **{
                    name: write_staged(
                        pl.DataFrame(schema=table.schema), table, work / f"{name}.parquet"
                    )
                    for name, table in BESIDE.items()
                },
                points=no_points(),
            ),
            work,
            self.book,
        )

    def _write_lines(self, path: Path) -> Path:
        """Write the lines a claim at a time, so that reading them in parts is put to use."""
        with StagedWriter(LINES, path) as writer:
            for claim in range(len(self.claims)):
                mine = [line for line in self.lines if line["claim"] == claim]
                writer.append(pl.DataFrame(mine, schema=LINES.schema))
        return path


@dataclass(frozen=True)
class SettledFiles:
    """What the flag step is given."""

    inputs: FlagInputs
    work: Path
    book: CompiledBook

    @property
    def settled(self) -> Path:
        return self.inputs.settled

    def flag(
        self, earlier: pl.LazyFrame | None = None, points: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        inputs = self.inputs if points is None else replace(self.inputs, points=points)
        return pl.read_parquet(flag(inputs, earlier, self.book, self.work).findings)

    def as_earlier(self) -> pl.LazyFrame:
        """The night's settlements as a later night reads them."""
        rows = pl.scan_parquet(self.settled).with_columns(night=pl.lit("2023-03-11"))
        return rows.select(SETTLEMENTS.names)

    def paid(self, fund: str = "pool") -> dict[str, int]:
        """Settlement -> paid by a fund, in fen."""
        rows = pl.read_parquet(self.settled)
        return dict(zip(rows["settlement_id"], rows[f"{fund}_paid_fen"], strict=True))


def no_points() -> pl.DataFrame:
    """A knowledge base without points."""
    return pl.DataFrame(schema={**POINTS, "version": pl.String})


def point(kind: str, codes: list[str], **changes: Any) -> pl.DataFrame:
    """A knowledge base of one point."""
    row = {"kind": kind, "sheet": "一", "row": 2, "codes": codes, "version": "v1", "others": []}
    return pl.DataFrame([row | changes], schema={**POINTS, "version": pl.String})


def _person(balance_fen: int) -> Record:
    return {
        "person_id": "P1",
        "identity_no": "1",
        "sex": int(Sex.MALE),
        "birth_day": 0,
        "region": REGION,
        "insurance": int(Insurance.EMPLOYEE),
        "person_type": int(PersonType.ACTIVE),
        "cover_from": 0,
        "cover_to": NO_END_DAY,
        "account_balance_fen": balance_fen,
    }
