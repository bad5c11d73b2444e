"""What a night's rules looked at, kept so that any of its findings can be made again."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from engine.errors import StorageError
from engine.rules.catalogue import Rule
from engine.storage.lake import PARTITION, Lake, sync
from pipelines.steps.flag import FlagInputs

FOLDER = "evidence"
MANIFEST = "manifest.json"
POINTS = "points.parquet"
RULES = "rules.yaml"
CLAIM_FACTS = ("claim", "hospital_level", "birth_day")
FILES = ("lines", "catalogue", "items", "registers", "item_terms", "records")
"""Files of FlagInputs that are kept as they are."""
EARLIER = "earlier_lines.parquet"


@dataclass(frozen=True)
class Evidence:
    """A night's facts as its rules saw them.

    Attributes:
        policy_hash: of the book that settled the night.
        versions: lake table -> its version before the night, none before the first.
        inputs: the files; `rules` is the catalogue as it was.
    """

    night: date
    policy_hash: str
    versions: Mapping[str, int]
    inputs: FlagInputs

    def earlier(self, lake: Lake) -> pl.LazyFrame:
        """Return the settlements of the nights before, as this night read them."""
        earlier = lake.read_at("settlements", self.versions.get("settlements"))
        return concerned(earlier, self.inputs)


@dataclass(frozen=True)
class KeptLines:
    """Where the lines of an earlier night are: `lines`, by `claim`, `settled` and `items`."""

    lines: Path
    settled: Path
    items: Path


def concerned(earlier: pl.LazyFrame, inputs: FlagInputs) -> pl.LazyFrame:
    """Return the settlements of earlier nights that tonight's may collide with.

    They are those of tonight's persons, and those of which tonight's records tell, as of the first
    settlement of a trace code that comes again.
    """
    persons = pl.scan_parquet(inputs.settled).select("person_id").unique()
    noted = pl.scan_parquet(inputs.records).select("settlement_id").drop_nulls().unique()
    known = pl.col("person_id").is_in(persons.collect()["person_id"].implode())
    told = pl.col("settlement_id").is_in(noted.collect()["settlement_id"].implode())
    return earlier.filter(known | told)


def keep_evidence(lake: Lake, night: date, inputs: FlagInputs, told: Mapping[str, Any]) -> None:
    """Keep what a night's rules looked at; the same night again keeps the same.

    Args:
        inputs: the files of the flag step; its settlements are in the lake by now.
        told: `settled`, the name of the lake's file, and `policy_hash`.
    """
    target = lake.path / FOLDER / night.isoformat()
    draft = target.with_name(f"{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name in FILES:
        (draft / f"{name}.parquet").hardlink_to(getattr(inputs, name))
    if inputs.earlier_lines is not None:
        (draft / EARLIER).hardlink_to(inputs.earlier_lines)
    pl.read_parquet(inputs.claims, columns=list(CLAIM_FACTS)).write_parquet(
        draft / "claims.parquet"
    )
    inputs.points.write_parquet(draft / POINTS)
    shutil.copyfile(inputs.rules, draft / RULES)
    manifest = {
        **told,
        "versions": dict(lake.versions()),
        "files": {path.name: _hash(path) for path in sorted(draft.iterdir())},
    }
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), "utf-8")
    for path in [*draft.iterdir(), draft]:
        sync(path)
    shutil.rmtree(target, ignore_errors=True)
    draft.replace(target)
    sync(target.parent)


def open_evidence(lake: Lake, night: date) -> Evidence:
    """Return a night's evidence, once every file is what it was.

    Raises:
        StorageError: `no_evidence`, none is kept of the night; `evidence_changed`.
    """
    folder = lake.path / FOLDER / night.isoformat()
    if not (folder / MANIFEST).is_file():
        raise StorageError(
            "no_evidence",
            f"没有留存 {night} 规则所依据的数据（{folder}），不能重现该夜的疑点；如已归档请先放回",
            f"what the rules of {night} looked at is not kept in {folder}, so its findings cannot "
            "be made again; put it back if it was archived",
        )
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    for name, expected in manifest["files"].items():
        if not (folder / name).is_file() or _hash(folder / name) != expected:
            raise StorageError(
                "evidence_changed",
                f"{folder / name} 与留存时不一致，依据已被改动；请从备份恢复",
                f"{folder / name} is not what was kept, so it proves nothing; restore it",
            )
    inputs = FlagInputs(
        settled=_partition(lake, night) / manifest["settled"],
        claims=folder / "claims.parquet",
        points=pl.read_parquet(folder / POINTS),
        rules=folder / RULES,
        earlier_lines=folder / EARLIER if EARLIER in manifest["files"] else None,
        **{name: folder / f"{name}.parquet" for name in FILES},
    )
    return Evidence(night, manifest["policy_hash"], manifest["versions"], inputs)


def kept_lines(lake: Lake, night: date) -> KeptLines | None:
    """Return where the lines of a published night are; None where its evidence is not kept."""
    folder = lake.path / FOLDER / night.isoformat()
    if not (folder / MANIFEST).is_file():
        return None
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    settled = _partition(lake, night) / manifest["settled"]
    return KeptLines(folder / "lines.parquet", settled, folder / "items.parquet")


def _partition(lake: Lake, night: date) -> Path:
    return lake.path / "settlements" / f"{PARTITION}={night.isoformat()}"


def keep_folder(source: Path, target: Path) -> None:
    """Keep a folder of reference data beside the lake, for nights that bring none."""
    if source.resolve() == target.resolve():
        return
    draft = target.with_name(target.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft)
    for path in [*draft.rglob("*"), draft]:
        sync(path)
    shutil.rmtree(target, ignore_errors=True)
    draft.replace(target)
    sync(target.parent)


def with_rules(evidence: Evidence, rules: Path) -> Evidence:
    """Return evidence to be looked at by another catalogue of rules."""
    return replace(evidence, inputs=replace(evidence.inputs, rules=rules))


def rule_version(rule: Rule) -> str:
    """Return what names a version of a rule: a hash of all that it says."""
    return hashlib.sha256(rule.model_dump_json().encode()).hexdigest()[:16]


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
