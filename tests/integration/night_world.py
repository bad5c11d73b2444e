"""A small world for nights: Xi'an's policies, a few persons and hospitals, bills made by hand."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.policy.book import SHIPPED
from engine.storage.lake import Lake
from pipelines.night import Order, run_night

ROOT = Path(__file__).parents[2]
NIGHT = date(2024, 3, 31)
NEXT = date(2024, 4, 1)
REGION = "610100"
ACTIVE, RETIRED, ADULT = "11", "12", "15"
EMPLOYEE, RESIDENT = "310", "390"
OUTPATIENT, INPATIENT = "11", "21"
Record = dict[str, str]

_CLAIM = {
    "insutype": EMPLOYEE,
    "med_type": OUTPATIENT,
    "fixmedins_code": "H1",
    "insuplc_admdvs": REGION,
    "mdtrtarea_admvs": REGION,
    "begndate": "2024-03-01",
    "enddate": "2024-03-01",
    "acct_used_flag": "0",
    "mid_setl_flag": "0",
    "refd_setl_flag": "0",
    "segment": "1",
    "origin": "to_settle",
    "ref_setl_id": "",
}


def identity_no(number: int) -> str:
    """Return an invented identity number with the right check digit."""
    body = f"99000019600101{number:03d}"
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def a_person(person: str, number: int, **changes: str) -> Record:
    """Return a register row: an active employee of Xi'an without an account balance."""
    return {
        "person_id": person,
        "identity_no": identity_no(number),
        "name": f"测试人{number}",
        "sex": "1",
        "birth_date": "1960-01-01",
        "region": REGION,
        "insurance": EMPLOYEE,
        "person_type": ACTIVE,
        "cover_from": "2020-01-01",
        "cover_to": "",
        "account_balance": "",
    } | changes


PERSONS = [
    a_person("E1", 1, account_balance="100.00"),
    a_person("E2", 2, person_type=RETIRED),
    a_person("R1", 3, insurance=RESIDENT, person_type=ADULT),
    # One number in two schemes of one region, and in two regions.
    a_person("TWO", 4),
    a_person("TWO", 4, insurance=RESIDENT, person_type=ADULT),
    a_person("TOWNS", 5, account_balance="30.00"),
    a_person("TOWNS", 5, insurance=RESIDENT, person_type=ADULT, region="330100"),
    a_person("OLD", 6, birth_date="1930-01-01", cover_from="1950-01-01"),
    *(a_person(f"P{number}", 100 + number) for number in range(1, 16)),
]


def _item(code: str, category: str, item_class: str, **changes: str) -> Record:
    return {
        "item_code": code,
        "region": "*",
        "name": f"项目{code}",
        "category": category,
        "item_class": item_class,
        "first_share": "",
        "ceiling_price_1": "",
        "ceiling_price_2": "",
        "ceiling_price_3": "",
        "sex_limit": "",
        "valid_from": "2015-01-01",
        "valid_to": "",
    } | changes


CATALOGUE = [
    _item("A", "09", "1"),
    _item("B", "09", "2"),
    _item("B10", "09", "2", first_share="0.10"),
    _item("C", "09", "3"),
    _item("BED", "01", "1"),
]
INSTITUTIONS = [
    {
        "institution_id": f"H{level}",
        "name": f"医院{level}",
        "region": REGION,
        "hospital_level": code,
        "price_level": level,
        "deductible_level": f"L{level}",
        "kind": "hospital",
    }
    for level, code in (("1", "08"), ("2", "05"), ("3", "02"))
]
REFERENCE = {"catalogue": CATALOGUE, "institutions": INSTITUTIONS, "persons": PERSONS}


@dataclass(frozen=True)
class Bill:
    """A claim with its lines, in the national form."""

    claim: Record
    lines: list[Record] = field(default_factory=list)


Item = tuple[str, str] | tuple[str, str, int]
"""Item code, unit price and, if not one, the quantity."""


def a_bill(number: int, person: str, *items: Item, **changes: str) -> Bill:
    """Return claim S<number>, settled at `number` minutes into the 20th of March 2024."""
    settled = f"2024-03-20 {number // 60:02d}:{number % 60:02d}:00"
    certificate = {row["person_id"]: row["identity_no"] for row in PERSONS}.get(person, "")
    claim = {
        "setl_id": f"S{number}",
        "msgid": f"M{number:03d}",
        "mdtrt_id": f"V{number}",
        "psn_no": person,
        "certno": certificate,
        "psn_name": f"姓名{person}",
        **_CLAIM,
        "setl_time": settled,
    } | changes
    lines = [_line(claim["setl_id"], place, *item) for place, item in enumerate(items)]
    total = sum(Decimal(line["det_item_fee_sumamt"]) for line in lines)
    return Bill(claim | {"medfee_sumamt": f"{total:.2f}"} | changes, lines)


def _line(settlement: str, place: int, item: str, price: str, quantity: int = 1) -> Record:
    return {
        "setl_id": settlement,
        "feedetl_sn": f"{settlement}-{place}",
        "init_feedetl_sn": "",
        "fee_ocur_time": "2024-03-01 08:00:00",
        "med_list_codg": item,
        "det_item_fee_sumamt": f"{Decimal(price) * quantity:.2f}",
        "cnt": str(quantity),
        "pric": price,
    }


def a_stay(number: int, person: str, *items: Item, **changes: str) -> Bill:
    """Return an in-patient claim of five days at the tertiary hospital."""
    stay = {"med_type": INPATIENT, "fixmedins_code": "H3", "enddate": "2024-03-06"}
    return a_bill(number, person, *items, **(stay | changes))


def a_refund(number: int, original: Bill, **changes: str) -> Bill:
    """Return the refund of a bill, settled at `number` minutes."""
    moment = a_bill(number, original.claim["psn_no"]).claim
    kept = {name: moment[name] for name in ("setl_id", "msgid", "setl_time")}
    claim = original.claim | kept | {
        "refd_setl_flag": "1",
        "ref_setl_id": original.claim["setl_id"],
        "medfee_sumamt": negative(original.claim["medfee_sumamt"]),
    } | changes  # fmt: skip
    lines = [
        line
        | {
            "setl_id": claim["setl_id"],
            "feedetl_sn": f"{claim['setl_id']}-{place}",
            "init_feedetl_sn": line["feedetl_sn"],
            "det_item_fee_sumamt": negative(line["det_item_fee_sumamt"]),
            "cnt": negative(line["cnt"]),
        }
        for place, line in enumerate(original.lines)
    ]
    return Bill(claim, lines)


def negative(amount: str) -> str:
    """Return the opposite of an amount."""
    return amount.removeprefix("-") if amount.startswith("-") else f"-{amount}"


def next_day(bill: Bill, **changes: str) -> Bill:
    """Return a bill settled on the first of April 2024, at the same hour."""
    moment = f"2024-04-01 {bill.claim['setl_time'][-8:]}"
    return Bill(bill.claim | {"setl_time": moment} | changes, bill.lines)


def write(path: Path, records: Sequence[Record], columns: Iterable[str]) -> None:
    """Write records as CSV or Parquet, as the name ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(records, schema=dict.fromkeys(columns, pl.String))
    if path.suffix == ".parquet":
        frame.write_parquet(path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(frame.columns)
        writer.writerows(frame.iter_rows())


def deliver(folder: Path, bills: Sequence[Bill], parts: int = 1, suffix: str = "csv") -> Path:
    """Write bills into a new folder, as so many files of claims and of lines."""
    columns = dict.fromkeys(
        name for bill in [a_bill(0, "", ("A", "1")), *bills] for name in bill.claim
    )
    lines = [line for bill in bills for line in bill.lines]
    for part in range(parts):
        claims = [bill.claim for bill in bills[part::parts]]
        write(folder / f"claims-{part}.{suffix}", claims, columns)
        write(folder / f"lines-{part}.{suffix}", lines[part::parts], _line("", 0, "A", "1"))
    return folder


def write_reference(folder: Path, **changes: list[Record]) -> Path:
    """Write the reference data into a folder."""
    for name, records in (REFERENCE | changes).items():
        write(folder / f"{name}.csv", records, records[0])
    return folder


def joined_stays(folder: Path) -> Path:
    """Return Xi'an's policies, changed so that the bills of a stay are one stay."""
    shutil.copytree(SHIPPED / "610100-xian", folder / "610100-xian")
    employee = folder / "610100-xian" / "employee.yaml"
    text = employee.read_text(encoding="utf-8")
    joined = text.replace("ordinal: stays\n", "ordinal: stays\n      segments: one_stay\n", 1)
    assert joined != text
    employee.write_text(joined, encoding="utf-8")
    return folder


class World:
    """A lake of a test's own, and the nights that it is given."""

    def __init__(self, folder: Path, lake: str = "lake") -> None:
        self.folder = folder
        self.lake = folder / lake
        self.reference = folder / "reference"
        if not self.reference.exists():
            write_reference(self.reference)
        self.told: list[str] = []
        self.summary: dict[str, Any] = {}

    def deliver(self, *bills: Bill, name: str = "input", parts: int = 1) -> Path:
        """Write a delivery, under a name of its own."""
        return deliver(self.folder / name, bills, parts)

    def order(self, delivery: Path, night: date = NIGHT, **changes: Any) -> Order:
        """Return the order of a night."""
        known: dict[str, Any] = {"reference": self.reference, "lake": self.lake}
        return Order(night=night, delivery=delivery, **(known | changes))

    def run(self, delivery: Path, night: date = NIGHT, **changes: Any) -> dict[str, Any]:
        """Run a night and return its summary as JSON gives it."""
        summary = run_night(self.order(delivery, night, **changes), self.told.append)
        return dict(json.loads(json.dumps(summary)))

    def night(self, *bills: Bill, night: date = NIGHT) -> dict[str, Any]:
        """Deliver bills and run their night."""
        return self.run(self.deliver(*bills, name=f"input-{night}"), night)

    def table(self, name: str) -> pl.DataFrame:
        """Return a lake table as the last published night left it."""
        lake = Lake(self.lake)
        with closing(lake.database):
            return lake.read(name).collect()

    def settled(self) -> dict[str, dict[str, Any]]:
        """Return the rows of all settlements by their id."""
        rows = self.table("settlements").iter_rows(named=True)
        return {row["settlement_id"]: row for row in rows}

    def amounts(self, settlement: str) -> dict[str, int]:
        """Return the amounts of a settlement that are not zero, in fen."""
        row = self.settled()[settlement]
        return {name: row[name] for name in AMOUNT_COLUMNS if row[name]}

    def counters(self) -> dict[tuple[str, str, str], int]:
        """Return what each person's counters hold last, if not zero, by scheme and name."""
        key = [
            name for name in self.table("accumulators").columns if name not in ("night", "value")
        ]
        last = self.table("accumulators").sort("night").unique(key, keep="last")
        found = last.filter(pl.col("value") != 0).select("person_id", "scheme", "counter", "value")
        return {(person, scheme, name): value for person, scheme, name, value in found.iter_rows()}

    def rejected(self, night: date = NIGHT) -> dict[str, str]:
        """Return the first code of each rejected claim of a night by its file and row."""
        mine = self.table("rejects").filter(pl.col("night") == night.isoformat())
        claims = mine.filter(pl.col("file").str.starts_with("claims"))
        rows = claims.unique(["file", "row"], keep="first", maintain_order=True)
        return {
            f"{file}:{row}": code for file, row, code in rows.select("file", "row", "code").rows()
        }

    def pending(self) -> dict[str, str]:
        """Return the code of each settlement that has waited."""
        return dict(self.table("pending").select("settlement_id", "code").iter_rows())

    def versions(self) -> dict[str, int]:
        """Return how many entries each table's log has."""
        return {
            log.parent.name: len(list(log.glob("*.json")))
            for log in sorted(self.lake.glob("*/_delta_log"))
        }


def balanced(summary: dict[str, Any]) -> bool:
    """Return whether every record sent is settled, rejected or pending, and the latter by code."""
    fell = sum(
        summary[kind][what] for kind in ("rejected", "pending") for what in ("claims", "lines")
    )
    whole = all(
        summary["settled"][what] + summary["rejected"][what] + summary["pending"][what]
        == summary["input"][what]
        for what in ("claims", "lines")
    )
    return whole and sum(summary["by_code"].values()) == fell


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the jiesuan command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import main; main()", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
