"""The optional tables that rules read beside claims, read strictly where they are brought."""

from pathlib import Path

import polars as pl
import pytest

from engine.errors import ClaimError
from engine.periods import NO_END_DAY
from engine.rules.catalogue import load_rules
from engine.rules.facts import Asks
from engine.rules.limits import limits_of_terms
from engine.rules.records import RECORD_NAMES, TERM_NAMES
from engine.storage.beside_tables import ITEM_TERMS, RECORDS
from engine.storage.tables import Table
from pipelines.steps.reference import Reference, read_reference
from tests.deliveries import NIGHT, write_reference

TERM = {
    "kind": "legal_price",
    "item_code": "XB02",
    "region": "*",
    "valid_from": "2024-01-01",
    "high": "12.345678",
    "source": "n",
}
NOTED = {"record": "trace_code", "settlement_id": "S1", "item_code": "XB02", "value": "8123"}


def read(folder: Path, table: Table, row: dict[str, str]) -> Reference:
    reference = write_reference(folder / "reference")
    values = ",".join(row.get(name, "") for name in table.names)
    text = f"{','.join(table.names)}\n{values}\n"
    (reference / f"{table.name}.csv").write_text(text, encoding="utf-8")
    (folder / "work").mkdir()
    return read_reference(reference, folder / "work", NIGHT)


def test_a_price_is_exact_and_any_other_bound_counts_in_ten_thousandths(tmp_path: Path) -> None:
    made = read(tmp_path / "price", ITEM_TERMS, TERM)
    assert pl.read_parquet(made.item_terms)["high"].to_list() == [12_345_678]
    other = TERM | {"kind": "therapy", "high": "4", "window": "7"}
    row = pl.read_parquet(read(tmp_path / "other", ITEM_TERMS, other).item_terms)
    assert (row["high"][0], row["window"][0], row["valid_to"][0]) == (40_000, 7, NO_END_DAY)


def test_others_are_found_by_code_and_those_not_listed_are_left_out(tmp_path: Path) -> None:
    term = TERM | {"kind": "package", "high": "", "others": "XB02 XZ99"}
    made = read(tmp_path, ITEM_TERMS, term)
    limits = limits_of_terms(made.item_terms, pl.read_parquet(made.items))
    [item] = limits["item"]
    assert limits["others"].to_list() == [[item]]


def test_a_record_of_an_unlisted_item_says_so(tmp_path: Path) -> None:
    row = pl.read_parquet(read(tmp_path, RECORDS, NOTED | {"item_code": "XZ99"}).records)
    assert (row["item"][0], row["day"][0], row["quantity_e4"][0]) == (-1, None, None)


def test_a_record_without_an_item_names_none(tmp_path: Path) -> None:
    noted = NOTED | {"item_code": "", "day": "2024-01-02", "minute": "1439", "quantity": "1.5"}
    row = pl.read_parquet(read(tmp_path, RECORDS, noted).records).row(0, named=True)
    assert (row["item"], row["day"], row["minute"], row["quantity_e4"]) == (
        None, 19_724, 1439, 15_000,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (ITEM_TERMS, TERM | {"kind": "guess"}),
        (ITEM_TERMS, TERM | {"high": "-1"}),
        (ITEM_TERMS, TERM | {"high": "1.2345678"}),
        (ITEM_TERMS, TERM | {"low": "1.5"}),
        (ITEM_TERMS, TERM | {"valid_to": "2024-01-01"}),
        (RECORDS, NOTED | {"record": "guess"}),
        (RECORDS, NOTED | {"settlement_id": ""}),
        (RECORDS, NOTED | {"record": "received", "subject": ""}),
        (RECORDS, NOTED | {"minute": "1440"}),
        (RECORDS, NOTED | {"quantity": "1e3"}),
    ],
)
def test_an_ill_written_row_stops_the_night(
    tmp_path: Path, table: Table, row: dict[str, str]
) -> None:
    with pytest.raises(ClaimError, match=table.name):
        read(tmp_path, table, row)


def test_every_record_and_every_term_is_read_by_a_rule() -> None:
    asked = [rule.parameters.asks() for rule in load_rules()]
    assert {name for asks in asks_of(asked, "records") for name in asks} | {"leave"} == {
        *RECORD_NAMES
    }
    assert {name for asks in asks_of(asked, "limits") for name in asks} >= {*TERM_NAMES}


def asks_of(asked: list[Asks], name: str) -> list[tuple[str, ...]]:
    return [getattr(one, name) for one in asked]
