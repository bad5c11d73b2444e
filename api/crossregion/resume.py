"""Asks other regions what became of claims whose outcome is not known here."""

from pathlib import Path

from api.crossregion.client import read_homes
from engine.errors import ClaimError, StorageError
from engine.storage.care_claims import resolve
from engine.storage.care_rows import Claim, read_unknown
from engine.storage.clock import local_seconds
from engine.storage.database import Database


def resolve_all(database: Database, counterparties: Path | None) -> list[Claim]:
    """Resolve what can be resolved, and return the claims whose outcome stays unknown.

    A region that does not answer, or is no longer among the counterparties, keeps its claims open.

    Raises:
        StorageError: `counterparties_format`.
    """
    homes = read_homes(counterparties)
    with database.reading() as connection:
        unknown = read_unknown(connection)
    for claim in unknown:
        home = homes.get(claim.home_region)
        if home is None:
            continue
        try:
            resolve(database, home, claim, local_seconds())
        except (ClaimError, StorageError):
            # It is refused, and then settled again, or still not known: the list below tells.
            continue
    with database.reading() as connection:
        return read_unknown(connection)
