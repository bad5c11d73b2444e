"""A night that is killed anywhere and run again is the night that was not disturbed."""

import multiprocessing
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.storage.lake import Lake
from engine.storage.lake_tables import LAKE_TABLES
from pipelines.night import Order
from pipelines.staged.staging import write_staged
from pipelines.steps.settle.tables import without_night
from tests.integration.night_child import Kill, run_until, watch
from tests.integration.night_world import NEXT, NIGHT, World, a_bill, a_refund, a_stay, next_day

FIRST = (a_stay(1, "P1", ("A", "5000.00"), ("C", "5.00")), a_bill(2, "P2", ("A", "300.00")))
SECOND = (
    next_day(a_stay(3, "P1", ("A", "7000.00"))),
    next_day(a_refund(4, FIRST[1])),
    next_day(a_bill(5, "NOBODY", ("A", "1.00"))),
)
MARKER = "pipelines.staged.stages:_write_marker"
MOVE = "engine.storage.lake:_move"
CREATED = "engine.storage.lake:create_table_with_add_actions"
APPENDED = "engine.storage.lake:DeltaTable.create_write_transaction"
SYNCED = "engine.storage.lake:_sync_log"
RECORDED = "pipelines.nightly.ledger:NightLedger.publish"
KEPT = "pipelines.night:keep_folder"


@pytest.fixture(scope="module")
def server() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.integration.night_child"])
    return context


def killed(server: Any, order: Order, kill: Kill) -> None:
    process = server.Process(target=run_until, args=(order, kill))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL, f"not reached: {kill}"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("undisturbed"))
    world.night(*FIRST)
    world.summary = world.night(*SECOND, night=NEXT)
    return world


def same_as(world: World, other: World) -> bool:
    """Return whether two lakes hold the very same rows, each as often."""
    for name in LAKE_TABLES:
        frames = [one.table(name) for one in (world, other)]
        keys = [column for column in frames[0].columns if column not in ("lines", "trace")]
        if not frames[0].sort(keys).equals(frames[1].sort(keys)):
            return False
    return True


def test_a_night_killed_after_every_stage_goes_on_where_it_stopped(
    server: Any, tmp_path: Path, undisturbed: World
) -> None:
    world = World(tmp_path)
    world.night(*FIRST)
    order = world.order(world.deliver(*SECOND, name="second"), NEXT)
    versions = world.versions()
    for _stage in (
        *("reference", "intake", "stand", "check", "settle", "audit", "score"),
        *("look_back", "flag", "entries", "summary", "stage"),
    ):
        killed(server, order, Kill(MARKER))
        assert len(world.settled()) == len(FIRST), "nothing is seen before it is published"
    summary = world.run(order.delivery, NEXT)
    assert sum("kept" in line for line in world.told) == 12
    assert summary["result_hash"] == undisturbed.summary["result_hash"]
    assert world.versions() == {name: count + 1 for name, count in versions.items()}
    assert same_as(world, undisturbed)
    assert list(world.lake.glob("work")) == []


def test_a_first_night_killed_between_files_commits_and_record_is_published_once(
    server: Any, tmp_path: Path, undisturbed: World
) -> None:
    world = World(tmp_path)
    order = world.order(world.deliver(*FIRST))
    for kill in (
        Kill(MOVE),  # a file lies in a table that is none yet
        Kill(CREATED),
        Kill(MOVE, 3),
        Kill(CREATED, 2, after=False),
        Kill(SYNCED, 1, after=False),  # all tables are committed, none is recorded
        Kill(KEPT, 1, after=False),
        Kill(RECORDED, 1, after=False),
    ):
        killed(server, order, kill)
        assert Lake(world.lake).versions() == {}
    killed(server, order, Kill(RECORDED))
    assert set(Lake(world.lake).versions()) == set(LAKE_TABLES)
    summary = world.run(order.delivery)
    assert set(world.versions().values()) == {1}
    world.night(*SECOND, night=NEXT)
    assert summary["settled"]["claims"] == len(FIRST)
    assert same_as(world, undisturbed)


class Killed(BaseException):
    """Stands for SIGKILL where no code between the fault and the test would see the difference."""


def raise_killed() -> None:
    raise Killed


def killed_here(world: World, order: Order, kill: Kill) -> None:
    undo = watch(kill, raise_killed)
    try:
        with pytest.raises(Killed):
            world.run(order.delivery, order.night)
    finally:
        undo()


@pytest.fixture
def started(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.night(*FIRST)
    return world


@pytest.mark.parametrize("kill", [Kill(APPENDED, 4), Kill(RECORDED, 1, after=False)])
def test_what_another_input_has_staged_is_undone(
    started: World, undisturbed: World, kill: Kill
) -> None:
    other = started.deliver(next_day(a_bill(9, "P9", ("A", "999.00"))), name="other")
    killed_here(started, started.order(other, NEXT), kill)
    summary = started.night(*SECOND, night=NEXT)
    assert summary["result_hash"] == undisturbed.summary["result_hash"]
    assert same_as(started, undisturbed)


def test_two_inputs_staged_in_turn_do_not_lend_each_other_their_versions(
    tmp_path: Path, undisturbed: World
) -> None:
    world = World(tmp_path)
    mine = world.order(world.deliver(*FIRST))
    other = world.order(world.deliver(a_bill(9, "P9", ("A", "999.00")), name="other"))
    # Each has staged version 0 of every table, and the last word is the other's.
    for order in (mine, other):
        killed_here(world, order, Kill(RECORDED, 1, after=False))
    world.run(mine.delivery)
    assert sorted(world.settled()) == ["S1", "S2"]
    world.night(*SECOND, night=NEXT)
    assert same_as(world, undisturbed)


def test_stages_of_a_night_that_was_overtaken_are_not_kept(started: World) -> None:
    third = a_bill(20, "P2", ("A", "100.00"), setl_time="2024-04-02 08:00:00")
    later = started.order(started.deliver(third, name="third"), NEXT.replace(day=2))
    killed_here(started, later, Kill(MARKER, 7))
    delivery = started.deliver(*SECOND, name="second")
    # The night before it is published, and its process dies before it has tidied up.
    killed_here(started, started.order(delivery, NEXT), Kill(RECORDED))
    started.run(later.delivery, later.night)
    # The first visit of P2 is refunded by then, and the year's deductible is due again.
    assert started.settled()["S20"]["deductible_paid_fen"] == 100_00


def test_a_failed_night_leaves_reference_data_of_nights_before(started: World) -> None:
    kept = started.lake / "reference" / "persons.csv"
    before = kept.read_bytes()
    (started.folder / "broken").mkdir()
    shutil.copy(started.reference / "persons.csv", started.folder / "broken")
    order = started.deliver(next_day(a_bill(9, "P9", ("A", "9.00"))), name="next")
    with pytest.raises(Exception, match="bad_reference"):
        started.run(order, NEXT, reference=started.folder / "broken")
    assert kept.read_bytes() == before


# --- the lake alone, killed at every step that reaches the disk

STAGED = {"rejects": ("claims.csv", 1, "", "money_format", ""), "pending": (0, 1, "S1", 2, "late")}
DISK_STEPS = ("engine.storage.lake:sync", "engine.storage.lake:Path.replace")


def staged_files(folder: Path, night: int) -> dict[str, Path]:
    folder.mkdir()
    files = {}
    for name, row in STAGED.items():
        table = without_night(LAKE_TABLES[name])
        frame = pl.DataFrame([row] * night, schema=table.schema, orient="row")
        files[name] = write_staged(frame, table, folder / f"{name}.parquet")
    return files


def steps() -> Iterator[Kill]:
    for where in DISK_STEPS:
        for call in range(1, 15):
            for after in (False, True):
                yield Kill(where, call, after)


def test_a_lake_killed_at_any_disk_step_stages_each_table_once(tmp_path: Path) -> None:
    died = 0
    for number, kill in enumerate(steps()):
        lake = Lake(tmp_path / str(number))
        files = staged_files(tmp_path / f"files-{number}", 2)
        undo = watch(kill, raise_killed)
        try:
            lake.stage(NIGHT, files, "content")
        except Killed:
            died += 1
        finally:
            undo()
        assert lake.stage(NIGHT, files, "content") == {"rejects": 0, "pending": 0}
        for name in STAGED:
            assert len(pl.scan_delta(str(lake.path / name)).collect()) == 2
        lake.database.close()
    assert died > 20
