"""Where a night meets the ledger: what it stands on, and the one transaction that posts it."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from engine.periods import day_number
from engine.storage.cases import write_postings
from engine.storage.clearing_items import sort_items
from engine.storage.clock import local_seconds
from engine.storage.closed_months import booked
from engine.storage.database import Database, NightRecord, publish_night
from engine.storage.entitled_load import load_registers
from engine.storage.entry_files import EntryFiles
from engine.storage.night_posting import check_night, post_entries, record_entries
from pipelines.staged.digest import files_hash
from pipelines.staged.stages import Stages
from pipelines.steps.entries import Entered
from pipelines.steps.entries.totals import postings_of

LOADER = "night"


@dataclass(frozen=True)
class NightLedger:
    """The ledger of a night.

    Attributes:
        held: a transaction that has begun already, in which all is to be read and written; None
            for one of each own.
    """

    database: Database
    held: sa.Connection | None = None

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Return a connection to read what the night stands on."""
        return self.database.reading() if self.held is None else nullcontext(self.held)

    def _writing(self) -> AbstractContextManager[sa.Connection]:
        return self.database.transaction() if self.held is None else nullcontext(self.held)

    def publish(
        self,
        record: NightRecord,
        entered: Entered,
        taken: Iterable[tuple[str, str]],
        stages: Stages,
        reference: Path,
    ) -> NightRecord:
        """Post a night's rows and publish its versions at once, and return it as published.

        Args:
            taken: SHA-256 and name of every file that it has used.
            stages: told how long it took, which the summary then says.
            reference: folder of the reference data, as read, that it has settled by.

        Raises:
            StorageError: `ledger_moved`, see `post_entries`.
            InvariantError: what was posted does not hold together; nothing is.
        """
        files, now = EntryFiles(entered.folder), local_seconds()
        digest = files_hash(entered.folder.glob("*.arrow"))
        with self._writing() as connection:

            def post() -> None:
                post_entries(connection, files, now)
                sums = postings_of(files.read("legs"), record.night)
                write_postings(connection, booked(connection, sums))
                record_entries(connection, record.night, entered.settlements, digest, now)

            stages.within("post", post)
            stages.within("reconcile", lambda: check_night(connection))
            night = day_number(record.night)
            stages.within("clear", lambda: sort_items(connection, night))
            stages.within("registers", lambda: load_registers(connection, reference, now, LOADER))
            summary = {**record.summary, "stages": [asdict(one) for one in stages.reports]}
            published = replace(record, summary=summary)
            publish_night(connection, published, taken, now)
        return published
