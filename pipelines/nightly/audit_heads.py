"""The heads of the audit chain, written beside the lake every night to be kept elsewhere."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from engine.errors import StorageError
from engine.storage.audit import Head, Verified, export, exported_heads, verify
from engine.storage.database import Database
from engine.storage.lake import Lake, database_place, sync

HEADS = "audit-heads"


def export_heads(lake: Lake, night: date) -> None:
    """Write the heads as a published night left them, once; a file that is there stays.

    The bureau copies the folder to where nobody who writes the database can write.

    Source: 经办条例 art. 38
    """
    folder = lake.path / HEADS
    target = folder / f"{night.isoformat()}.json"
    if target.exists():
        return
    folder.mkdir(exist_ok=True)
    with lake.database.reading() as connection:
        text = export(connection, night.isoformat())
    draft = target.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    sync(draft)
    draft.replace(target)
    sync(folder)


def verify_lake(lake: Path, kept: Path | None) -> Verified:
    """Return whether a lake's audit chain is whole, and agrees with the heads that were kept.

    Args:
        lake: folder of the lake.
        kept: folder of exported heads; None for those beside the lake.

    Raises:
        StorageError: `no_lake`, there is no database; `audit_heads`, kept heads cannot be read.
    """
    path = database_place(lake)
    if isinstance(path, Path) and not path.is_file():
        raise StorageError(
            "no_lake",
            f"{lake} 没有数据库，无可核验；请用 --lake 指明数据湖",
            f"there is no database in {lake}, so nothing to verify; name the lake with --lake",
        )
    heads = list(_kept(kept or lake / HEADS))
    database = Database(path)
    try:
        with database.reading() as connection:
            return verify(connection, heads)
    finally:
        database.close()


def _kept(folder: Path) -> Iterator[Head]:
    for path in sorted(folder.glob("*.json")):
        yield from exported_heads(path.read_text(encoding="utf-8"), path.name)
