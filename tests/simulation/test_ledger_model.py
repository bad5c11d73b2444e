"""Random lives of a ledger against the oracle, on both databases: no operation may differ.

Hypothesis draws what is done, in which order and in what portions; seeds draw who and how much.
"""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from engine.storage import folding
from engine.storage import ledger_tables as t
from engine.storage.messages import Mode, Verb
from tests.postgres import Server
from tests.simulation.ledger_model import MODES, LedgerModel

PARTS = 4
OPERATIONS = {"sqlite": 100_000 // PARTS, "postgresql": 10_000}
SEEDS = st.integers(0, 2**32 - 1)
SETTINGS = settings(
    max_examples=4,
    stateful_step_count=12,
    deadline=None,
    database=None,
    derandomize=False,  # Where CI is set, every round would live the very same lives again.
    print_blob=True,
    phases=[Phase.generate],  # A life is as long as it is: to shrink it takes hours.
    suppress_health_check=list(HealthCheck),
)
UNDONE_BY = (Verb.CANCEL, Verb.REFUND, Verb.REVERSE_MESSAGE)
KINDS = {
    *(f"{verb} {mode}" for verb in UNDONE_BY for mode in MODES),
    *("claim", "late claim", "account_credit", "class_change", "year_close"),
    *("repeat", "preview", "crash", "reopen", "edition", "reversed before it came", "refused"),
}
"""What every run does, and carries out, at least once."""


@pytest.fixture(autouse=True)
def _compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIESUAN_COMPILE", "1")


def in_memory() -> str | None:
    """Return a folder that lies in memory: it is the commits that would cost the time."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a new one is made in it


class Machine(RuleBasedStateMachine):
    """Does everything that may happen to a ledger, in any order."""

    portion = 400
    server: Server | None = None
    operations = 0
    kinds: ClassVar[Counter[str]] = Counter()

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory(dir=in_memory())
        path = Path(self.folder.name) / "ledger.db"
        self.model = LedgerModel(path if self.server is None else self.server.new_database())

    @rule(seed=SEEDS)
    def settle_many(self, seed: int) -> None:
        self.model.advance(seed, 2 * self.portion, self.portion)

    @rule(seed=SEEDS, chunk=st.sampled_from((50, 200, 400)))
    def settle_in_portions(self, seed: int, chunk: int) -> None:
        self.model.advance(seed, self.portion, chunk)

    @rule(seed=SEEDS)
    def settle_one_by_one(self, seed: int) -> None:
        self.model.advance(seed, 5, 1)

    @rule(seed=SEEDS, mode=st.sampled_from(MODES))
    def undo(self, seed: int, mode: Mode) -> None:
        for verb in UNDONE_BY:
            self.model.undo(seed, self.portion // 20, mode, verb)

    @rule(seed=SEEDS)
    def repeat(self, seed: int) -> None:
        self.model.repeat(seed, self.portion // 2)

    @rule(seed=SEEDS)
    def look_ahead(self, seed: int) -> None:
        self.model.look_ahead(seed, 10)

    @rule(seed=SEEDS)
    def crash(self, seed: int) -> None:
        self.model.crash(seed, self.portion // 8)

    @rule()
    def bring_out_another_edition_of_the_policies(self) -> None:
        self.model.edition = 1 - self.model.edition
        self.model.kinds["edition"] += 1

    @rule(seed=SEEDS)
    def reverse_before(self, seed: int) -> None:
        self.model.reverse_before(seed, 10)

    @rule()
    def open_again(self) -> None:
        self.model.reopen()

    def teardown(self) -> None:
        if hasattr(self, "model"):
            try:
                self.model.check()
            finally:
                Machine.operations += self.model.operations
                Machine.kinds.update(self.model.kinds)
                self.model.close()
                self.folder.cleanup()


def lives(operations: int, server: Server | None, portion: int) -> int:
    """Run lives until so many operations, and all kinds, are compared; return how many were."""
    Machine.portion, Machine.server = portion, server
    Machine.operations, Machine.kinds = 0, Counter()
    while Machine.operations < operations or not Machine.kinds.keys() >= KINDS:
        run_state_machine_as_test(Machine, settings=SETTINGS)
        assert Machine.operations < 4 * operations, KINDS - Machine.kinds.keys()
    return Machine.operations


@pytest.mark.parametrize("part", range(PARTS))
def test_no_operation_on_sqlite_differs_from_the_oracle(part: int) -> None:
    assert lives(OPERATIONS["sqlite"], None, 400) >= OPERATIONS["sqlite"], part


@pytest.mark.pg
def test_no_operation_on_postgresql_differs_from_the_oracle(postgres: Server) -> None:
    assert lives(OPERATIONS["postgresql"], postgres, 200) >= OPERATIONS["postgresql"]


def test_a_counter_that_is_off_by_one_is_seen(tmp_path: Path) -> None:
    model = LedgerModel(tmp_path / "ledger.db")
    model.advance(1, 50, 50)
    model.check()
    c = t.COUNTERS.c
    with model.database.transaction() as connection:
        one = connection.execute(sa.select(c.person_id, c.counter).limit(1)).one()
        connection.execute(
            sa.update(t.COUNTERS)
            .where(c.person_id == one.person_id, c.counter == one.counter)
            .values(value=c.value + 1)
        )
    with pytest.raises(AssertionError):
        model.check()
    model.close()


def test_a_ledger_that_forgets_its_state_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = folding.opening_of
    monkeypatch.setattr(folding, "opening_of", lambda state, events: real(state, events)[:0])
    model = LedgerModel(tmp_path / "ledger.db")
    with pytest.raises(Exception, match=r"oracle|invariant|assert|M\d+|P\d+"):
        _live(model)
    model.close()


def _live(model: LedgerModel) -> None:
    for seed in range(20):
        model.advance(seed, 50, 10)
    model.check()
