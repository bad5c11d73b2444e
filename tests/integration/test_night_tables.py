"""What a night publishes, as other readers see it and as the law of privacy sees it."""

from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
from deltalake import DeltaTable

from engine.storage.lake_tables import LAKE_TABLES, SETTLEMENTS
from tests.integration.night_world import (
    NEXT,
    PERSONS,
    World,
    a_bill,
    a_refund,
    a_stay,
    command,
    next_day,
)

VISIT = a_bill(2, "E2", ("A", "500.00"))
INTEGERS = [column.name for column in SETTLEMENTS.columns if column.type.startswith("int")]
SUMMED = [name for name in INTEGERS if name != "trace"]
BIG = "999999999.99"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("tables"))
    world.night(
        a_stay(1, "E1", ("A", "5000.33"), ("C", BIG), acct_used_flag="1"),
        VISIT,
        a_bill(3, "NOBODY", ("A", "1.00"), certno=PERSONS[0]["identity_no"]),
        # Somebody else's number, and one that is none: both are rejected.
        a_bill(4, "P1", ("A", "1.00"), certno=PERSONS[0]["identity_no"]),
        a_bill(5, "P1", ("A", "1.00"), certno="990000196001019999"),
    )
    world.night(next_day(a_refund(6, VISIT)), night=NEXT)
    return world


def snapshot(world: World, name: str) -> list[str]:
    return [
        str(world.lake / name / path) for path in DeltaTable(str(world.lake / name)).file_uris()
    ]


def sums_of(frame: pl.DataFrame) -> dict[str, int]:
    return {name: int(frame[name].cast(pl.Int64).sum()) for name in SUMMED}


def test_three_readers_find_the_same_integers_in_the_settlements(world: World) -> None:
    ours = world.table("settlements")
    assert ours["total_fen"].max() == 99999999999 + 500033
    files = snapshot(world, "settlements")
    assert len(files) == 2
    with duckdb.connect() as connection:
        summed = ", ".join(f"sum({name})::bigint AS {name}" for name in SUMMED)
        query = f"SELECT {summed} FROM read_parquet(?)"  # noqa: S608 - names of our own columns
        by_duckdb = connection.execute(query, [files]).fetchone()
        kinds = connection.execute("DESCRIBE SELECT total_fen FROM read_parquet(?)", [files])
        assert kinds.fetchall()[0][1] == "BIGINT"
    by_arrow = pa.concat_tables(pa.parquet.ParquetFile(file).read() for file in files)
    assert by_arrow.schema.field("total_fen").type == pa.int64()
    assert by_duckdb is not None
    assert dict(zip(SUMMED, by_duckdb, strict=True)) == sums_of(ours)
    assert sums_of(pl.DataFrame(by_arrow.select(SUMMED))) == sums_of(ours)
    assert sums_of(pl.scan_delta(str(world.lake / "settlements")).collect()) == sums_of(ours)


def test_three_readers_find_the_same_traces(world: World) -> None:
    ours = dict(world.table("settlements").select("settlement_id", "trace").rows())
    assert all(len(trace) % 3 == 0 and trace for trace in ours.values())
    files = snapshot(world, "settlements")
    query = "SELECT settlement_id, trace FROM read_parquet(?)"
    with duckdb.connect() as connection:
        assert dict(connection.execute(query, [files]).fetchall()) == ours
    tables = [pa.parquet.ParquetFile(file).read(["settlement_id", "trace"]) for file in files]
    rows = pa.concat_tables(tables).to_pylist()
    assert {row["settlement_id"]: row["trace"] for row in rows} == ours


@pytest.mark.parametrize("name", sorted(LAKE_TABLES))
def test_a_table_has_the_columns_and_types_that_are_declared(world: World, name: str) -> None:
    frame = world.table(name)
    assert dict(frame.schema) == LAKE_TABLES[name].schema
    for column in LAKE_TABLES[name].columns:
        assert column.optional or not frame[column.name].null_count(), column.name


def personal() -> list[str]:
    """Return every name and identity number that the deliveries and the register hold."""
    register = [row[name] for row in PERSONS for name in ("name", "identity_no")]
    return [*register, *(f"姓名{row['person_id']}" for row in PERSONS), "990000196001019999"]


def test_no_name_and_no_identity_number_is_in_any_table(world: World) -> None:
    for name in LAKE_TABLES:
        frame = world.table(name)
        texts = {column for column, kind in frame.schema.items() if kind == pl.String}
        held = {value for column in texts for value in frame[column].drop_nulls()}
        assert not [value for value in held if any(secret in value for secret in personal())]


def test_a_person_s_number_is_in_no_column_but_the_one_declared_for_it(world: World) -> None:
    numbers = {row["person_id"] for row in PERSONS} | {"NOBODY"}
    for name in LAKE_TABLES:
        frame = world.table(name)
        for column, kind in frame.schema.items():
            if kind == pl.String and column != "person_id":
                assert not numbers & set(frame[column].drop_nulls()), f"{name}.{column}"


def test_files_on_disk_hold_no_name_either(world: World) -> None:
    tables = [path for name in LAKE_TABLES for path in (world.lake / name).rglob("*.parquet")]
    assert len(tables) == 2 * len(LAKE_TABLES)
    for path in tables:
        columns = pa.parquet.read_schema(path).names
        assert not {"psn_name", "person_name", "identity_no", "certno"} & set(columns)


def test_what_a_night_prints_holds_no_name_and_no_number_of_a_person(
    world: World, tmp_path: Path
) -> None:
    delivery = world.folder / "input-2024-03-31"
    arguments = ("--date", "2024-03-31", "--input", delivery, "--reference", world.reference)
    told = command("night", *arguments, "--lake", tmp_path / "lake", "--json")
    assert told.returncode == 10
    printed = told.stdout + told.stderr
    assert "reference …" in told.stderr
    assert not [secret for secret in personal() if secret in printed]
    assert not [row["person_id"] for row in PERSONS if f'"{row["person_id"]}"' in printed]
