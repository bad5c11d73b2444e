"""What must be so before a night settles: its folders, its order among nights, usable files."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.errors import ClaimError, StorageError
from engine.storage.lake import Lake
from engine.storage.ledger_tables import SETTLEMENTS
from models.unit_references import UnitReferences, load_references
from pipelines.staged.tally import FileReport

REFERENCE = "reference"
UNIT_REFERENCES = "unit_references.json"


def published_night(
    lake: Lake, night: date, input_hash: str, policy_hash: str
) -> dict[str, Any] | None:
    """Return the summary of this very night if it is published.

    Raises:
        StorageError: it is published from other input or policies, or a later night is.
    """
    latest = lake.database.latest()
    same = lake.database.night(night)
    if same is not None and (same.input_hash, same.policy_hash) == (input_hash, policy_hash):
        return dict(same.summary)
    if same is not None:
        raise StorageError(
            "night_published",
            f"{night} 已用另一份输入或政策结算并发布，不再更改；更正与迟到的费用请随下一夜报送",
            f"{night} is published already, from other input or policies, and stays as it "
            "is; send corrections and late claims with the next night",
        )
    if latest is not None and latest.night > night:
        raise StorageError(
            "night_order",
            f"不能结算 {night}：数据湖已发布至 {latest.night}，各人的累计已计到该夜；"
            "迟到的费用请随下一夜报送",
            f"{night} cannot be settled: the lake is published up to {latest.night}, and "
            "everyone's accumulators with it; send late claims with the next night",
        )
    return None


def ensure_ledger(lake: Lake) -> None:
    """Stop a night on a lake whose nights a version without the one ledger has published.

    The ledger would know nothing of what they paid.

    Raises:
        StorageError: `ledger_empty`.
    """
    latest = lake.database.latest()
    settled = {} if latest is None else latest.summary.get("settled", {})
    with lake.database.reading() as connection:
        held = connection.execute(sa.select(SETTLEMENTS.c.settlement_id).limit(1)).first()
    if settled.get("claims") and held is None:
        raise StorageError(
            "ledger_empty",
            "本数据湖的各夜由较早版本发布，账务数据库中没有这些结算，继续结算会重复计付；"
            "请以本版本在新的数据湖中依次重新结算各夜",
            "the nights of this lake were published by an earlier version and the ledger holds "
            "none of their settlements, so to go on would pay twice; settle them anew, in order, "
            "into a new lake",
        )


def reference_folder(given: Path | None, lake: Lake) -> Path:
    """Return the folder of a night's reference data, that of the lake where none is given.

    Raises:
        ClaimError: `no_reference`.
    """
    folder = given or lake.path / REFERENCE
    if not folder.is_dir():
        raise ClaimError(
            "no_reference",
            f"没有参考数据文件夹 {folder}；请用 --reference 指明目录、机构与参保人所在的文件夹",
            f"there is no folder of reference data {folder}; name it with --reference",
        )
    return folder


def files_in(folder: Path) -> list[Path]:
    """Return the files of a folder; none where there is no folder."""
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def unit_references(reference: Path) -> UnitReferences | None:
    """Return the references among the reference data, if any; a bad file stops the night here."""
    file = reference / UNIT_REFERENCES
    return load_references(file) if file.is_file() else None


def ensure_usable(files: Iterable[FileReport]) -> None:
    """Stop a night that would settle nothing, before its files count as taken.

    Raises:
        ClaimError: `nothing_usable`, no file of claims could be read.
    """
    if any(file.status == "read" and file.name.startswith("claims") for file in files):
        return
    told = "；".join(_told(file) for file in files)
    raise ClaimError(
        "nothing_usable",
        f"没有一个费用文件可用，本夜不结算也不发布（{told}）；请改正或补报后重新运行",
        f"no file of claims can be used, so nothing is settled or published ({told}); correct "
        "the files or send them again, and run the night once more",
    )


def _told(file: FileReport) -> str:
    to_blame = f" [{file.detail}]" if file.detail else ""
    return f"{file.name}: {file.code or file.status}{to_blame}"
