"""The sandbox: a lake of its own inside the lake, with invented persons and a small catalogue."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.steps.reference import read_reference

FOLDER = "sandbox"
REGION = "610100"
"""Whose shipped policies the sandbox settles by."""

INSTITUTIONS = "institutions.csv"
READ_ON = date(2024, 1, 1)
_CHECK = "10X98765432"
Record = dict[str, str]


def prepare_sandbox(lake: Path, institution_id: str) -> Path:
    """Return the sandbox of a lake, made when it is missing, with an institution entered in it."""
    sandbox = lake / FOLDER
    reference = sandbox / "reference"
    reference.mkdir(parents=True, exist_ok=True)
    _write(reference / "catalogue.csv", _catalogue())
    _write(reference / "persons.csv", [_person("SB-OK", 1), _person("SB-OUT", 2, "2020-02-01")])
    known = {row["institution_id"]: row for row in _read(reference / INSTITUTIONS)}
    known[institution_id] = _institution(institution_id)
    _write(reference / INSTITUTIONS, list(known.values()))
    read = sandbox / "reference_read"
    read.mkdir(exist_ok=True)
    read_reference(reference, read, READ_ON)
    return sandbox


def identity_no(number: int) -> str:
    """Return an invented identity number with the right check digit, of no region that exists."""
    body = f"99000019900101{number:03d}"
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(body))
    return body + _CHECK[total % 11]


def _person(person_id: str, number: int, cover_to: str = "") -> Record:
    return {
        "person_id": person_id,
        "identity_no": identity_no(number),
        "name": "沙箱",
        "sex": "1",
        "birth_date": "1990-01-01",
        "region": REGION,
        "insurance": "310",
        "person_type": "11",
        "cover_from": "2020-01-01",
        "cover_to": cover_to,
        "account_balance": "100.00",
    }


def _institution(institution_id: str) -> Record:
    return {
        "institution_id": institution_id,
        "name": "沙箱机构",
        "region": REGION,
        "hospital_level": "02",
        "price_level": "3",
        "deductible_level": "L3",
        "kind": "hospital",
    }


def _catalogue() -> list[Record]:
    classes: list[tuple[str, str, str]] = [
        ("SB-A", "1", ""),
        ("SB-B", "2", "0.10"),
        ("SB-C", "3", ""),
    ]
    empty: dict[str, Any] = dict.fromkeys(
        ("ceiling_price_1", "ceiling_price_2", "ceiling_price_3", "sex_limit", "valid_to"), ""
    )
    return [
        empty
        | {
            "item_code": code,
            "region": "*",
            "name": code,
            "category": "09",
            "item_class": item_class,
            "first_share": share,
            "valid_from": "2015-01-01",
        }
        for code, item_class, share in classes
    ]


def _write(path: Path, records: list[Record]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, records[0])
        writer.writeheader()
        writer.writerows(records)


def _read(path: Path) -> list[Record]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
