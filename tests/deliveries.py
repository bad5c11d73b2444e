"""Deliveries for the night: bills that are right unless a test says otherwise, and their way in."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet

from engine.storage.tables import KNOWN
from pipelines.steps.check import Checked, CheckInputs, Nights, check
from pipelines.steps.intake import Intake, take_in
from pipelines.steps.reference import read_reference

NIGHT = date(2024, 6, 30)
TONIGHT = Nights(NIGHT)
Record = dict[str, Any]

_IDENTITY = "999000202210155266"
REFERENCE: dict[str, list[Record]] = {
    "catalogue": [
        {
            "item_code": code,
            "region": "*",
            "name": "某药",
            "category": "09",
            "item_class": "1",
            "first_share": "",
            "ceiling_price_1": "",
            "ceiling_price_2": "",
            "ceiling_price_3": "99.5",
            "sex_limit": "",
            "valid_from": "2020-01-01",
            "valid_to": "",
        }
        for code in ("XA01", "XB02")
    ],
    "institutions": [
        {
            "institution_id": "H1",
            "name": "某医院",
            "region": "330100",
            "hospital_level": "02",
            "price_level": "3",
            "deductible_level": "L3",
            "kind": "hospital",
        }
    ],
    "persons": [
        {
            "person_id": person,
            "identity_no": _IDENTITY,
            "name": "某人",
            "sex": "1",
            "birth_date": "1960-02-29",
            "region": "330100",
            "insurance": "310",
            "person_type": "11",
            "cover_from": "2024-01-01",
            "cover_to": cover_to,
            "account_balance": "100.00",
        }
        for person, cover_to in (("P1", ""), ("P2", "2024-05-01"))
    ],
}


@dataclass
class Delivery:
    """Claims and lines in the national form, and what the bureau knows."""

    claims: list[Record] = field(default_factory=list)
    lines: list[Record] = field(default_factory=list)

    def bill(self, number: int, *amounts: str, **changes: Any) -> Record:
        """Add a claim of some lines, and return it for further changes."""
        amounts = amounts or ("10.00", "2.30")
        claim = a_claim(number, amounts) | changes
        self.claims.append(claim)
        self.lines.extend(
            a_line(claim["setl_id"], place, amount) for place, amount in enumerate(amounts)
        )
        return claim

    def refund(self, number: int, original: Record, **changes: Any) -> Record:
        """Add a refund that undoes a claim line by line."""
        undone = [line for line in self.lines if line["setl_id"] == original["setl_id"]]
        claim = original | {
            "setl_id": f"S{number}",
            "msgid": f"M{number}",
            "setl_time": f"2024-06-20 00:{number:02d}:00",
            "medfee_sumamt": negative(original["medfee_sumamt"]),
            "refd_setl_flag": "1",
            "ref_setl_id": original["setl_id"],
        }
        self.claims.append(claim | changes)
        self.lines.extend(
            line
            | {
                "setl_id": f"S{number}",
                "feedetl_sn": f"R{line['feedetl_sn']}",
                "init_feedetl_sn": line["feedetl_sn"],
                "det_item_fee_sumamt": negative(line["det_item_fee_sumamt"]),
                "cnt": negative(line["cnt"]),
            }
            for line in undone
        )
        return self.claims[-1]

    def write(self, folder: Path) -> Path:
        """Write both tables as CSV into a new folder and return it."""
        folder.mkdir(parents=True)
        write_csv(folder / "claims-1.csv", self.claims or [a_claim(0, [])], bool(self.claims))
        write_csv(folder / "lines-1.csv", self.lines or [a_line("S0", 0, "1")], bool(self.lines))
        return folder


@dataclass(frozen=True)
class Outcome:
    """What intake and check made of a delivery."""

    intake: Intake
    checked: Checked

    @property
    def codes(self) -> dict[tuple[str, int], list[str]]:
        """The codes of each rejected record, by file and row."""
        found: dict[tuple[str, int], list[str]] = {}
        for file, row, code in self.rejects.select("file", "row", "code").iter_rows():
            found.setdefault((file, row), []).append(code)
        return found

    @property
    def rejects(self) -> pl.DataFrame:
        return pl.read_parquet(self.checked.rejects)

    @property
    def claims(self) -> pl.DataFrame:
        return pl.read_parquet(self.checked.claims)

    @property
    def lines(self) -> pl.DataFrame:
        return pl.read_parquet(self.checked.lines)

    @property
    def settled(self) -> list[str]:
        """The settlements that are kept."""
        return self.claims["settlement_id"].to_list()

    @property
    def pending(self) -> dict[str, str]:
        """The code of each pending settlement."""
        return dict(pl.read_parquet(self.checked.pending).select("settlement_id", "code").rows())


def a_claim(number: int, amounts: Sequence[str]) -> Record:
    """Return a claim that is right, of visit V<number>."""
    return {
        "setl_id": f"S{number}",
        "msgid": f"M{number}",
        "mdtrt_id": f"V{number}",
        "psn_no": "P1",
        "certno": _IDENTITY,
        "insutype": "310",
        "psn_type": "1101",
        "med_type": "11",
        "hosp_lv": "02",
        "fixmedins_code": "H1",
        "insuplc_admdvs": "330100",
        "mdtrtarea_admvs": "330100",
        "begndate": "2024-06-19",
        "enddate": "2024-06-19",
        "setl_time": f"2024-06-20 00:{number:02d}:00",
        "refd_setl_flag": "0",
        "medfee_sumamt": total_of(amounts),
        "segment": "1",
        "origin": "to_settle",
        "filing": "",
        "ref_setl_id": "",
    }


def a_line(settlement_id: str, place: int, amount: str) -> Record:
    """Return a line that is right, of one piece."""
    return {
        "setl_id": settlement_id,
        "feedetl_sn": f"{settlement_id}-{place}",
        "init_feedetl_sn": "",
        "fee_ocur_time": "2024-06-19 08:00:00",
        "med_list_codg": "XA01",
        "det_item_fee_sumamt": amount,
        "cnt": "1",
        "pric": amount,
    }


def total_of(amounts: Sequence[str]) -> str:
    """Return the sum of amounts with two decimals, in yuan."""
    fen = sum(int(amount.replace(".", "")) for amount in amounts)
    return f"{fen // 100}.{fen % 100:02d}"


def negative(amount: str) -> str:
    """Return the opposite of an amount."""
    return amount.removeprefix("-") if amount.startswith("-") else f"-{amount}"


def write_csv(path: Path, records: Sequence[Record], rows: bool = True) -> None:
    """Write records as CSV in UTF-8, or their header alone."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records if rows else [])


def write_parquet(path: Path, records: Sequence[Record], **options: Any) -> None:
    """Write records as Parquet; types follow the values."""
    pa.parquet.write_table(pa.Table.from_pylist(list(records)), path, **options)


def write_reference(folder: Path, **changes: list[Record]) -> Path:
    """Write the reference files as CSV into a new folder and return it."""
    folder.mkdir(parents=True)
    for name, records in (REFERENCE | changes).items():
        write_csv(folder / f"{name}.csv", records)
    return folder


def read_items(folder: Path) -> Path:
    """Return the file of catalogue items."""
    work = folder / "reference-read"
    work.mkdir()
    return read_reference(write_reference(folder / "reference"), work, NIGHT).items


def taken(folder: Path, source: Path, seen_hashes: frozenset[str] = frozenset()) -> Intake:
    """Take the delivery of a folder in, under another folder."""
    work = folder / "work"
    work.mkdir()
    return take_in(source, work, read_items(folder), seen_hashes)


def rejects_of(intake: Intake) -> list[tuple[str, int, str, str]]:
    """Return file, row, column and code of what intake rejected."""
    return pl.read_parquet(intake.rejects).select("file", "row", "column", "code").rows()


def write_parquet_delivery(delivery: Delivery, folder: Path, **options: Any) -> Path:
    """Write both tables as Parquet into a new folder and return it."""
    folder.mkdir()
    write_parquet(folder / "claims.parquet", delivery.claims, **options)
    write_parquet(folder / "lines.parquet", delivery.lines, **options)
    return folder


def run(
    delivery: Delivery | Path,
    folder: Path,
    known: list[Record] | None = None,
    nights: Nights = TONIGHT,
    **reference: list[Record],
) -> Outcome:
    """Take a delivery in and check it, under a folder of the test's own."""
    source = delivery if isinstance(delivery, Path) else delivery.write(folder / "input")
    works = {name: folder / f"work-{name}" for name in ("reference", "intake", "check")}
    for work in works.values():
        work.mkdir(parents=True)
    read = read_reference(
        write_reference(folder / "reference", **reference), works["reference"], NIGHT
    )
    intake = take_in(source, works["intake"], read.items)
    known_file = None
    if known is not None:
        known_file = folder / "known.parquet"
        pl.DataFrame(known, schema=KNOWN.schema).write_parquet(known_file)
    inputs = CheckInputs(
        claims=intake.claims,
        claim_lines=intake.claim_lines,
        lines=intake.lines,
        rejects=intake.rejects,
        institutions=read.institutions,
        persons=read.persons,
        known=known_file,
        regions=frozenset({"330100", "610100"}),
    )
    return Outcome(intake, check(inputs, intake.files, works["check"], nights))
