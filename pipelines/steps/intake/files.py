"""Which files of a delivery are read, and which are refused or skipped before a record is."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from engine.claims.codes import Code
from engine.errors import ClaimError
from pipelines.files import tabular
from pipelines.staged.tally import Count, FileReport, Status, Subject

_SUBJECTS: tuple[Subject, ...] = ("claims", "lines")
_SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class Promise:
    """What the manifest says of a file."""

    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """A file that is to be read.

    Attributes:
        index: its position among all files that were sent or promised, by name.
        rows: how many records the manifest promises, None without a manifest.
    """

    index: int
    path: Path
    subject: Subject
    sha256: str
    rows: int | None


def find_files(folder: Path) -> list[tuple[Path, Subject]]:
    """Return the files of claims and of lines in a folder, in the order of their names."""
    found = [
        (path, subject)
        for path in sorted(folder.iterdir())
        for subject in _SUBJECTS
        if path.name.startswith(subject) and path.suffix in _SUFFIXES and path.is_file()
    ]
    if not found:
        raise ClaimError(
            "nothing_to_read",
            f"文件夹 {folder.name} 中没有 claims*.csv、claims*.parquet 等输入文件，无法结算；"
            "请核对 --input",
            f"folder {folder.name} holds no input such as claims*.csv or claims*.parquet, so "
            "there is nothing to settle; check --input",
        )
    return found


def read_manifest(folder: Path) -> dict[str, Promise]:
    """Return what `manifest.json` promises by file name; nothing where there is none.

    Raises:
        ClaimError: `bad_manifest`; it is not a mapping of name to sha256 and rows.
    """
    path = folder / "manifest.json"
    try:
        entries = json.loads(path.read_bytes()) if path.exists() else {}
        return {
            str(name): Promise(str(entry["sha256"]).lower(), int(entry["rows"]))
            for name, entry in entries.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _bad_json(path, '{"<file>": {"sha256": "…", "rows": 0}}') from error


def read_mapping(folder: Path) -> dict[str, str]:
    """Return the national names that `mapping.json` gives to columns; nothing without it.

    Raises:
        ClaimError: `bad_manifest`; it does not hold such a mapping.
    """
    path = folder / "mapping.json"
    try:
        columns = json.loads(path.read_bytes())["columns"] if path.exists() else {}
        return {str(name): str(national) for name, national in columns.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _bad_json(path, '{"columns": {"<column>": "<national name>"}}') from error


def admit(folder: Path, seen_hashes: Collection[str]) -> tuple[list[Delivered], list[FileReport]]:
    """Return the files to be read, and reports of those that are not.

    Args:
        seen_hashes: SHA-256 of the files that earlier nights have read.
    """
    manifest = read_manifest(folder)
    found = find_files(folder)
    there = {path.name for path, _ in found}
    missing = [n for n in manifest if n.startswith(_SUBJECTS) and n not in there]
    positions = {name: index for index, name in enumerate(sorted([*there, *missing]))}
    seen = set(seen_hashes)
    admitted: list[Delivered] = []
    reports = [FileReport(n, "refused", "", Code.FILE_MISSING, unread=True) for n in missing]
    for path, subject in found:
        promise = manifest.get(path.name)
        rows = promise.rows if promise else None
        sha256 = tabular.sha256_of(path)
        file = Delivered(positions[path.name], path, subject, sha256, rows)
        if sha256 in seen:
            reports.append(FileReport(path.name, "skipped", sha256))
        elif promise and promise.sha256 != sha256:
            error = tabular.refusal(Code.MANIFEST_MISMATCH, path, "sha256")
            reports.append(refused(file, error))
        else:
            admitted.append(file)
        seen.add(sha256)
    return admitted, reports


def was_read(file: Delivered, records: int) -> FileReport:
    """Return the report of a file whose records were read."""
    return _report(file, "read", records)


def refused(file: Delivered, error: ClaimError) -> FileReport:
    """Return the report of a refused file, with its records where they can be counted."""
    count = tabular.count_records(file.path)
    detail = str(error.facts.get("detail", ""))
    counted = _report(file, "refused", count or 0)
    return replace(counted, code=error.code, detail=detail, unread=count is None)


def _report(file: Delivered, status: Status, records: int) -> FileReport:
    count = Count.of(file.subject, records)
    return FileReport(file.path.name, status, file.sha256, count=count)


def _bad_json(path: Path, form: str) -> ClaimError:
    return ClaimError(
        "bad_manifest",
        f"{path.name} 不符合 {form} 的形式，无法据以核对输入；请改正或移除该文件",
        f"{path.name} is not of the form {form}, so the input cannot be checked against it; "
        "correct the file or remove it",
        file=path.name,
    )
