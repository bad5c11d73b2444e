"""Imports a workbook of the national knowledge base into the lake."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import fastexcel

from engine.errors import ClaimError
from engine.rules.knowledge.sheets import Grid
from engine.rules.knowledge.workbook import Taken, take_workbook
from engine.storage.knowledge import add_version
from engine.storage.lake import Lake

MOST_BYTES = 256 * 2**20
MOST_RATIO = 200
MACROS = "vbaProject.bin"


@dataclass(frozen=True)
class Imported:
    """What was imported, and the version that it is kept under; none where nothing was taken."""

    taken: Taken
    version: str | None


def import_workbook(path: Path, lake: Path) -> Imported:
    """Take the knowledge points of a workbook, and keep them as its newest version.

    Raises:
        ClaimError: the file is no workbook, holds macros or unpacks to too much.
        StorageError: `locked`, another process is writing to the lake.
    """
    taken = take_workbook(path.stem, _grids(path))
    if not taken.points:
        return Imported(taken, None)
    opened = Lake(lake)
    with opened.lock():
        return Imported(taken, add_version(lake, path.stem, taken.points))


def _grids(path: Path) -> dict[str, Grid]:
    """Return the cells of each sheet as text: values alone, formulas as they were last reckoned."""
    _check_archive(path)
    try:
        book = fastexcel.read_excel(path)
        return {name: _cells(book, name) for name in book.sheet_names}
    except fastexcel.FastExcelError as error:
        raise _refused(path, "工作簿已损坏，无法读取", "the workbook is damaged") from error


def _cells(book: fastexcel.ExcelReader, name: str) -> Grid:
    # Rows are counted from the first of the sheet, as the person sees who opens it.
    sheet = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
    return [[text or "" for text in row] for row in sheet.to_polars().rows()]


def _check_archive(path: Path) -> None:
    if path.suffix.lower() != ".xlsx" or not zipfile.is_zipfile(path):
        raise _refused(path, "不是 xlsx 工作簿", "it is no xlsx workbook")
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any(member.filename.endswith(MACROS) for member in members):
        raise _refused(path, "工作簿含宏，不予读取", "it holds macros")
    whole = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if whole > MOST_BYTES or whole > MOST_RATIO * max(packed, 1):
        raise _refused(path, f"解压后有 {whole} 字节，过大", f"it unpacks to {whole} bytes")


def _refused(path: Path, zh: str, en: str) -> ClaimError:
    return ClaimError(
        "workbook_refused",
        f"{path.name}：{zh}；请从发布网页重新下载为 xlsx",
        f"{path.name}: {en}; download it again as xlsx",
        file=path.name,
    )
