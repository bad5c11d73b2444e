"""The settle stage gives what `settle` gives, into however many buckets and threads it is put."""

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from benchmarks.workload import Workload, workload
from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import Event, Result, Status
from engine.codes.enums import PersonType
from engine.policy.book import load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.policy.insurances import SCHEME_OF
from engine.settlement.settle import Earlier, located, settle_located
from engine.storage.tables import CLAIMS_CHECKED
from pipelines.staged.staging import write_staged
from pipelines.steps.settle import SettledNight, SettleInputs, settle_night
from pipelines.steps.settle.history import Past
from pipelines.steps.settle.prepare import prepare
from tests.spark import read_with_spark, why_no_spark

CLAIMS = 2_000


@dataclass(frozen=True)
class Stage:
    """Files to settle and the policies to settle them by."""

    inputs: SettleInputs
    past: Past
    book: CompiledBook

    def run(self, work: Path, buckets: int) -> SettledNight:
        work.mkdir()
        return settle_night(self.inputs, self.past, self.book, work, buckets)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    return workload(CLAIMS, tmp_path_factory.mktemp("stage"))


@pytest.fixture(scope="module")
def sample(made: Workload) -> Stage:
    files = (made.file(name) for name in ("claims", "lines", "catalogue", "persons"))
    past = Past.of(counters=pl.scan_parquet(made.file("past")))
    return Stage(SettleInputs(*files), past, compile_book(load_book(made.policies)))


@pytest.fixture(scope="module")
def shipped(made: Workload, sample: Stage, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Return the sample's claims, dealt out to all shipped schemes, their levels and classes."""
    places = [
        (scheme.file.region, int(insurance), level, int(PersonType[kinds[0].upper()]))
        for scheme in load_book().schemes
        for insurance, name in SCHEME_OF.items()
        if name == scheme.file.scheme
        for level in scheme.file.levels
        for kinds in scheme.file.person_classes.values()
        if kinds
    ]
    dealt = pl.DataFrame(
        [places[k % len(places)] for k in range(CLAIMS)],
        schema=["home_region", "insurance", "deductible_level", "person_type"],
        orient="row",
    ).with_columns(pl.col("insurance", "person_type").cast(pl.Int8), care_region="home_region")
    claims = pl.read_parquet(made.file("claims")).with_columns(dealt)
    path = tmp_path_factory.mktemp("shipped") / "claims.parquet"
    write_staged(claims, CLAIMS_CHECKED, path)
    return Stage(replace(sample.inputs, claims=path), Past.of(), compile_book(load_book()))


@pytest.fixture(scope="module")
def whole(sample: Stage, tmp_path_factory: pytest.TempPathFactory) -> SettledNight:
    return sample.run(tmp_path_factory.mktemp("whole") / "work", 1)


@pytest.mark.parametrize(("buckets", "threads"), [(1, "2"), (2, "1"), (16, "2"), (64, "3")])
def test_buckets_and_threads_change_no_row(
    sample: Stage, whole: SettledNight, tmp_path: Path, buckets: int, threads: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JIESUAN_THREADS", threads)
        other = sample.run(tmp_path / "work", buckets)
    one, two = (pl.read_parquet(files.settled).sort("claim") for files in (whole, other))
    assert one.equals(two)
    key = ["person_id", "region", "scheme", "counter", "year", "month", "scope"]
    one, two = (pl.read_parquet(files.accumulators).sort(key) for files in (whole, other))
    assert one.equals(two)


def test_the_same_buckets_write_the_same_bytes_with_any_threads(
    sample: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for threads in ("1", "3"):
        monkeypatch.setenv("JIESUAN_THREADS", threads)
        files = sample.run(tmp_path / threads, 8)
        written.append((files.settled.read_bytes(), files.accumulators.read_bytes()))
    assert written[0] == written[1]


@pytest.mark.parametrize("name", ["sample", "shipped"])
def test_the_stage_gives_what_settle_gives_for_all_events_at_once(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    stage: Stage = request.getfixturevalue(name)
    night = prepare(stage.inputs, stage.past, stage.book, 4)
    events = night.records.take(slice(None))
    events = located(stage.book, events)
    priced = night.status != Status.SETTLED
    events[priced, Event.POLICY_ROW] = -night.status[priced].astype(np.int64)
    results = settle_located(stage.book, events, night.opening, Earlier.none()).results
    results = results[np.argsort(results[:, Result.EVENT])]
    results = results[results[:, Result.STATUS] == Status.SETTLED]
    told = pl.read_parquet(stage.run(tmp_path / "work", 4).settled).sort("claim")
    assert len(told) > CLAIMS // 3
    assert told["claim"].to_list() == results[:, Result.EVENT].tolist()
    for column, at in AMOUNT_COLUMNS.items():
        assert told[column].to_list() == results[:, at].tolist(), column


def _sums(frame: pl.DataFrame) -> dict[str, int]:
    amounts = [name for name in frame.columns if name.endswith("_fen")]
    return dict(frame.select(pl.col(amounts).sum()).row(0, named=True))


def test_duckdb_reads_the_published_files_as_polars_does(whole: SettledNight) -> None:
    frame = pl.read_parquet(whole.settled)
    read = duckdb.read_parquet(str(whole.settled)).pl()
    assert read.columns == frame.columns
    assert read.sort("claim").equals(frame.sort("claim"))


def test_spark_reads_the_published_files_as_polars_does(
    whole: SettledNight, tmp_path: Path
) -> None:
    reason = why_no_spark()
    if reason:
        pytest.skip(reason)
    frame = pl.read_parquet(whole.settled)
    read = read_with_spark(whole.settled, tmp_path)
    assert _sums(read) == _sums(frame)
    assert read.sort("claim")["trace"].to_list() == frame.sort("claim")["trace"].to_list()
    assert read["settlement_id"].sort().equals(frame["settlement_id"].sort())
