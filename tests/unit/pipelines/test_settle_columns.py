"""Claims become columns of events: facts by hand, and what tells persons and texts apart."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from benchmarks.ours import settle_with
from benchmarks.workload import Workload, workload
from engine.claims.columns import NONE, Event, EventFlag, EventKind, Filing, Ints
from engine.claims.keys import content_key
from engine.errors import InvariantError
from engine.periods import day_number
from engine.policy.book import load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.storage.tables import CLAIMS_CHECKED, Column, Table
from pipelines.staged.staging import StagedWriter, write_staged
from pipelines.steps.settle.claims import Integers, codes_of, frame_of, read_claims
from pipelines.steps.settle.events import Coded, events_of, person_keys

EventOf: TypeAlias = Callable[..., dict[int, int]]

CLAIMS = 100
WORDS = Table("words", (Column("word", "code", "a word"), Column("number", "int32", "a number")))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    return workload(CLAIMS, tmp_path_factory.mktemp("columns"))


@pytest.fixture(scope="module")
def book(made: Workload) -> CompiledBook:
    return compile_book(load_book(made.policies))


@pytest.fixture
def event_of(made: Workload, book: CompiledBook, tmp_path: Path) -> EventOf:
    """Return what gives the event of the first claim, some columns of which say otherwise."""

    def told(**said: object) -> dict[int, int]:
        one = pl.read_parquet(made.file("claims")).head(1)
        kinds = CLAIMS_CHECKED.schema
        one = one.with_columns(
            pl.lit(value, kinds[name]).alias(name) for name, value in said.items()
        )
        table = read_claims(write_staged(one, CLAIMS_CHECKED, tmp_path / "claims.parquet"))
        holders = frame_of(table, ("person_id",)).to_series()
        found = events_of(table, person_keys(holders), Coded.of(table), book)
        return {column: int(values[0]) for column, values in found.items()}

    return told


@pytest.mark.parametrize(
    ("born", "settled", "age"),
    [
        (date(1964, 3, 15), date(2024, 3, 14), 59),
        (date(1964, 3, 15), date(2024, 3, 15), 60),
        (date(2004, 2, 29), date(2024, 2, 28), 19),
        (date(2004, 2, 29), date(2023, 3, 1), 19),
        (date(2004, 2, 29), date(2024, 2, 29), 20),
        (date(2024, 3, 1), date(2024, 3, 31), 0),
    ],
)
def test_a_year_of_age_is_full_on_the_birthday(
    event_of: EventOf, born: date, settled: date, age: int
) -> None:
    day = day_number(settled)
    said = {"birth_day": day_number(born), "end_day": day, "settled_at": day * 86_400 + 86_399}
    assert event_of(**said)[Event.AGE] == age


@pytest.mark.parametrize(
    ("home", "care", "filing", "expected"),
    [
        ("610100", "610102", None, Filing.LOCAL),
        ("610000", "610102", Filing.TRANSFER, Filing.LOCAL),
        ("610100", "610200", Filing.TRANSFER, Filing.TRANSFER),
        ("610100", "620100", None, NONE),
    ],
)
def test_care_below_the_insuring_region_is_local_whatever_the_filing_says(
    event_of: EventOf,
    home: str,
    care: str,
    filing: Filing | None,
    expected: int,
) -> None:
    said = {"home_region": home, "care_region": care, "filing": filing}
    assert event_of(**said)[Event.FILING] == expected


def test_what_no_scheme_of_the_book_names_has_no_position(event_of: EventOf) -> None:
    known = event_of()
    assert min(known[Event.SCHEME], known[Event.LEVEL], known[Event.PERSON_CLASS]) >= 0
    elsewhere = event_of(home_region="990000")
    assert [elsewhere[c] for c in (Event.SCHEME, Event.LEVEL, Event.PERSON_CLASS)] == [NONE] * 3
    assert event_of(deductible_level="L9")[Event.LEVEL] == NONE


def test_a_refund_is_a_reversal_and_flags_add_up(event_of: EventOf) -> None:
    said = {"refund": True, "account_used": True, "interim": True}
    told = event_of(**said)
    assert told[Event.KIND] == EventKind.REVERSAL
    assert told[Event.FLAGS] == EventFlag.ACCOUNT_USED | EventFlag.INTERIM
    assert told[Event.VISIT] != NONE
    assert event_of()[Event.VISIT] == NONE


def test_no_disease_has_key_zero(event_of: EventOf) -> None:
    assert event_of(disease_code=None)[Event.DISEASE] == 0
    assert event_of(disease_code="E11")[Event.DISEASE] == content_key("E11")


def test_two_texts_of_one_key_stop_the_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.steps.settle.claims.content_key", lambda text: int(bool(text)))
    table = pa.table({"level": pa.array(["L1", "L2", None]).dictionary_encode()})
    with pytest.raises(InvariantError, match="two texts have one key"):
        codes_of(table, "level")


def test_two_persons_of_one_number_stop_the_night(
    made: Workload, book: CompiledBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_for_all(persons: pl.Series) -> Ints:
        return np.ones(len(persons), dtype=np.int64)

    monkeypatch.setattr("pipelines.steps.settle.prepare.person_keys", one_for_all)
    with pytest.raises(InvariantError, match="two persons, one number"):
        settle_with(book, made, tmp_path)


def words(texts: list[str | None], numbers: Integers) -> pa.Table:
    return pa.table({"word": pa.array(texts).dictionary_encode(), "number": pa.array(numbers)})


def test_coded_columns_are_read_back_as_texts(tmp_path: Path) -> None:
    path = tmp_path / "words.parquet"
    with StagedWriter(WORDS, path, ["word"]) as writer:
        writer.append_table(words(["b", "a", "b"], np.arange(3, dtype=np.int32)))
        writer.append_table(words(["c"], np.array([3], dtype=np.int32)))
    read = pl.read_parquet(path)
    assert dict(read.schema) == WORDS.schema
    assert read["word"].to_list() == ["b", "a", "b", "c"]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (words(["a", None], np.arange(2, dtype=np.int32)), "a null in words"),
        (words(["a"], np.arange(1, dtype=np.int64)), "wrong type in words"),
        (words(["a"], np.arange(1, dtype=np.int32)).select(["number", "word"]), "wrong columns"),
    ],
)
def test_a_part_that_does_not_fit_the_declaration_is_not_written(
    tmp_path: Path, part: pa.Table, message: str
) -> None:
    with (
        StagedWriter(WORDS, tmp_path / "words.parquet", ["word"]) as writer,
        pytest.raises(InvariantError, match=message),
    ):
        writer.append_table(part)
