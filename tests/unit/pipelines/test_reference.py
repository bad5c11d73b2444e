from pathlib import Path

import polars as pl
import pytest

from engine.errors import ClaimError
from engine.periods import NO_END_DAY
from engine.storage import tables
from pipelines.steps.reference import Reference, read_reference
from tests.deliveries import NIGHT, REFERENCE, Record, write_parquet, write_reference


def read(folder: Path, **changes: list[Record]) -> Reference:
    work = folder / "work"
    work.mkdir(parents=True)
    return read_reference(write_reference(folder / "reference", **changes), work, NIGHT)


def changed(name: str, **change: str) -> dict[str, list[Record]]:
    first, *others = REFERENCE[name]
    return {name: [first | change, *others]}


def test_items_are_numbered_in_the_order_of_their_codes(tmp_path: Path) -> None:
    made = read(tmp_path, **changed("catalogue", item_code="XC03"))
    assert pl.read_parquet(made.items).rows() == [(0, "XB02"), (1, "XC03")]


def test_catalogue_values_are_exact_integers(tmp_path: Path) -> None:
    change = {"item_class": "02", "first_share": "0.0505", "sex_limit": "2"}
    catalogue = pl.read_parquet(read(tmp_path, **changed("catalogue", **change)).catalogue)
    row = catalogue.row(0, named=True)
    assert (row["item_class"], row["first_share_ppm"], row["sex_limit"]) == (2, 50_500, 2)
    assert (row["ceiling_price_1_e6"], row["ceiling_price_3_e6"]) == (None, 99_500_000)
    assert row["valid_to"] == NO_END_DAY


def test_the_groups_of_items_come_along_and_may_be_left_out(tmp_path: Path) -> None:
    without = pl.read_parquet(read(tmp_path / "without").catalogue)
    assert without["groups"].null_count() == len(without)
    named = [item | {"groups": "implant negotiated"} for item in REFERENCE["catalogue"]]
    with_groups = pl.read_parquet(read(tmp_path / "with", catalogue=named).catalogue)
    assert with_groups["groups"].unique().to_list() == ["implant negotiated"]


def test_persons_come_with_their_cover_and_balance(tmp_path: Path) -> None:
    persons = pl.read_parquet(read(tmp_path).persons)
    row = persons.row(1, named=True)
    assert (row["insurance"], row["person_type"], row["account_balance_fen"]) == (1, 1, 10_000)
    assert (row["cover_from"], row["cover_to"]) == (19_723, 19_844)


@pytest.mark.parametrize("name", ["catalogue", "institutions", "persons"])
def test_a_parquet_file_does_as_well(tmp_path: Path, name: str) -> None:
    folder = write_reference(tmp_path / "reference")
    (folder / f"{name}.csv").unlink()
    records = [{key: value or None for key, value in r.items()} for r in REFERENCE[name]]
    write_parquet(folder / f"{name}.parquet", records)
    (tmp_path / "work").mkdir()
    made = read_reference(folder, tmp_path / "work", NIGHT)
    assert len(pl.read_parquet(getattr(made, name))) == len(REFERENCE[name])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("catalogue", {"item_code": ""}),
        ("catalogue", {"item_code": "XB02"}),
        ("catalogue", {"category": "15"}),
        ("catalogue", {"item_class": "4"}),
        ("catalogue", {"first_share": "1.0001"}),
        ("catalogue", {"first_share": "5%"}),
        ("catalogue", {"ceiling_price_2": "-1"}),
        ("catalogue", {"valid_from": "2024-02-30"}),
        ("catalogue", {"valid_to": "2020-01-01"}),
        ("institutions", {"hospital_level": "12"}),
        ("institutions", {"price_level": "0"}),
        ("persons", {"sex": "3"}),
        ("persons", {"birth_date": "1960-2-29"}),
        ("persons", {"insurance": "999"}),
        ("persons", {"account_balance": "-0.01"}),
        ("persons", {"person_id": "P2"}),
    ],
)
def test_a_bad_value_stops_the_night(tmp_path: Path, name: str, change: Record) -> None:
    with pytest.raises(ClaimError) as caught:
        read(tmp_path, **changed(name, **change))
    assert (caught.value.code, caught.value.facts["table"]) == ("bad_reference", name)


def test_an_institution_twice_stops_the_night(tmp_path: Path) -> None:
    with pytest.raises(ClaimError) as caught:
        read(tmp_path, institutions=REFERENCE["institutions"] * 2)
    assert caught.value.code == "bad_reference"


def test_a_missing_file_stops_the_night(tmp_path: Path) -> None:
    folder = write_reference(tmp_path / "reference")
    (folder / "persons.csv").unlink()
    with pytest.raises(ClaimError) as caught:
        read_reference(folder, tmp_path, NIGHT)
    assert caught.value.facts["table"] == "persons"


def test_numbers_where_text_belongs_stop_the_night(tmp_path: Path) -> None:
    folder = write_reference(tmp_path / "reference")
    (folder / "institutions.csv").unlink()
    records = [record | {"price_level": 3} for record in REFERENCE["institutions"]]
    write_parquet(folder / "institutions.parquet", records)
    with pytest.raises(ClaimError) as caught:
        read_reference(folder, tmp_path, NIGHT)
    assert "price_level" in caught.value.message_en


@pytest.mark.parametrize(
    "table", [value for value in vars(tables).values() if isinstance(value, tables.Table)]
)
def test_every_declared_table_names_each_column_once(table: tables.Table) -> None:
    assert len(set(table.names)) == len(table.names)


def test_registers_are_read_where_they_are_brought(tmp_path: Path) -> None:
    text = "register,subject,begins,ends,source\ndeaths,P1,2024-01-01,,notice 1\n"
    folder = write_reference(tmp_path / "reference")
    (folder / "registers.csv").write_text(text, encoding="utf-8")
    (tmp_path / "work").mkdir()
    made = read_reference(folder, tmp_path / "work", NIGHT)
    assert pl.read_parquet(made.registers).rows() == [
        ("deaths", "P1", 19_723, NO_END_DAY, "notice 1")
    ]


def test_registers_that_nobody_brings_are_empty(tmp_path: Path) -> None:
    assert pl.read_parquet(read(tmp_path).registers).is_empty()


@pytest.mark.parametrize(
    "row", ["births,P1,2024-01-01,,n", "deaths,P1,2024-01-01,2024-01-01,n", "deaths,,2024-01-01,,n"]
)
def test_an_ill_written_register_stops_the_night(tmp_path: Path, row: str) -> None:
    folder = write_reference(tmp_path / "reference")
    text = f"register,subject,begins,ends,source\n{row}\n"
    (folder / "registers.csv").write_text(text, encoding="utf-8")
    (tmp_path / "work").mkdir()
    with pytest.raises(ClaimError, match="registers"):
        read_reference(folder, tmp_path / "work", NIGHT)
