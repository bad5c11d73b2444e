"""Brings the bureau's registers into the lake and its ledger between two nights."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.storage.attempts import in_one_transaction
from engine.storage.clock import local_seconds
from engine.storage.entitled_load import Loaded, load_registers
from engine.storage.lake import Lake
from engine.storage.reference import FOLDER as REFERENCE_READ
from pipelines.findings.evidence import keep_folder
from pipelines.nightly.gate import REFERENCE, reference_folder
from pipelines.steps.reference import read_reference


@dataclass(frozen=True, slots=True)
class Bringing:
    """An order to bring registers.

    Attributes:
        reference: folder of reference data; None for the one that the lake keeps.
        on: the day on which undated codes are read.
        by: who brings them, for the record.
    """

    reference: Path | None
    on: date
    by: str


def bring_registers(
    lake: Lake, bringing: Bringing, progress: Callable[[str], None]
) -> tuple[Loaded, ...]:
    """Return the registers that are not as they were, read, checked and loaded as a night does.

    The ledger takes them all or none. What the counter looks up beside them, catalogue and names,
    is then replaced; where that is cut short, to bring the same again completes it.

    Raises:
        ClaimError: `no_reference`; `bad_reference`, a file, a column or a value cannot be used.
        StorageError: `locked`, a night is at work; `database_unavailable`.
    """
    with lake.lock(), TemporaryDirectory(dir=lake.path, prefix="registers-") as work:
        folder = reference_folder(bringing.reference, lake)
        progress(f"读取并核对 {folder} … | reading and checking")
        read = read_reference(folder, Path(work), bringing.on).folder
        progress("写入账务数据库 … | loading into the ledger")
        loaded = in_one_transaction(
            lake.database,
            lambda connection: load_registers(connection, read, local_seconds(), bringing.by),
        )
        if bringing.reference is not None:
            keep_folder(bringing.reference, lake.path / REFERENCE)
        keep_folder(read, lake.path / REFERENCE_READ)
    return loaded
