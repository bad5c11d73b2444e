"""The night: reads a delivery, settles it, and publishes the result once and whole."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from engine.errors import PolicyError, StorageError
from engine.periods import day_number
from engine.policy.book import SHIPPED, PolicyBook, load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.settlement.receipt import ENGINE_VERSION
from engine.storage.database import NightRecord
from engine.storage.knowledge import FOLDER as KNOWLEDGE
from engine.storage.knowledge import current_points
from engine.storage.lake import Lake, part_name
from engine.storage.recognition import recognised_injuries
from engine.storage.reference import FOLDER as REFERENCE_READ
from engine.storage.register_events import Window
from engine.storage.register_tables import AGREEMENTS_READ, ENDS_READ
from models.unit_references import UnitReferences
from pipelines.findings.evidence import concerned, keep_evidence, keep_folder
from pipelines.findings.look_back import LookedBack, look_back, tell_not_kept
from pipelines.nightly.audit_heads import export_heads
from pipelines.nightly.gate import (
    REFERENCE,
    ensure_ledger,
    ensure_usable,
    files_in,
    published_night,
    reference_folder,
    unit_references,
)
from pipelines.nightly.ledger import NightLedger
from pipelines.nightly.summary import findings_of, totals_of
from pipelines.staged.digest import files_hash, result_hash
from pipelines.staged.stages import Stages
from pipelines.steps.audit import Audited, AuditInputs, Outcome, audit
from pipelines.steps.check import Checked, CheckInputs, Nights, check
from pipelines.steps.entries import Entered, EntryInputs, enter
from pipelines.steps.flag import Flagged, FlagInputs, flag
from pipelines.steps.intake import Intake, take_in
from pipelines.steps.reference import Reference, read_reference
from pipelines.steps.score import Published, Scored, score
from pipelines.steps.settle import SettledNight, SettleInputs, settle_night
from pipelines.steps.settle.history import Past
from pipelines.steps.settle.registers import RegisterInputs
from pipelines.steps.stand import Stood, stand

EXIT_DONE, EXIT_PARTIAL, EXIT_BLOCKED, EXIT_INVARIANT = 0, 10, 20, 30


@dataclass(frozen=True)
class Order:
    """What a night is told.

    Attributes:
        night: the day whose claims are settled.
        delivery: folder of claims and lines.
        reference: folder of reference data; None for that of the lake.
        lake: where the result is published.
        policies: folder of policy files; None for the shipped ones.
        production: only approved policies may settle.
    """

    night: date
    delivery: Path
    reference: Path | None
    lake: Path
    policies: Path | None = None
    production: bool = False


def run_night(order: Order, progress: Callable[[str], None]) -> dict[str, Any]:
    """Run a night and return its summary; the same night again returns the same and adds nothing.

    Kill it anywhere and call it again: stages that had ended are kept, and nothing is seen by
    readers before the one transaction that publishes.

    Raises:
        StorageError: `locked`, `night_published` from other input or policies, `night_order`, or
            `ledger_moved`, which another run mends.
        ClaimError: the delivery or the reference data cannot be used at all.
        PolicyError: a policy file is refused, or is not approved in production.
        InvariantError: a bug of ours; nothing is published.

    Source: 经办条例 art. 20, 22, 41
    """
    book = _book(order)
    # Stages remember paths: they are to hold from whatever folder the night is run again.
    lake = Lake(order.lake.resolve())
    with closing(lake.database), lake.lock():
        reference = reference_folder(order.reference, lake)
        knowledge = files_in(lake.path / KNOWLEDGE)
        input_hash = files_hash([*files_in(order.delivery), *files_in(reference), *knowledge])
        work = lake.path / "work"
        published = published_night(lake, order.night, input_hash, book.book.hash)
        if published is None:
            ensure_ledger(lake)
            name = f"{order.night}-{input_hash[:16]}-{book.book.hash[:16]}"
            stages = Stages(work / name, progress)
            night = _Night(order, lake, book, stages)
            published = night.run_through(reference, input_hash)
        shutil.rmtree(work, ignore_errors=True)
        export_heads(lake, order.night)
    return published


def exit_code(summary: Mapping[str, Any]) -> int:
    """Return 0 for a night that settled everything, 10 where something fell or waits."""
    counts = [
        summary[kind][what] for kind in ("rejected", "pending") for what in ("claims", "lines")
    ]
    refused = any(file["status"] == "refused" for file in summary["files"])
    return EXIT_PARTIAL if any(counts) or refused else EXIT_DONE


def _book(order: Order) -> CompiledBook:
    book: PolicyBook = load_book(order.policies or SHIPPED)
    drafts = [scheme.key for scheme in book.schemes if scheme.file.status != "approved"]
    if order.production and drafts:
        raise PolicyError(
            "not_approved",
            f"生产环境只用已批准（approved）的政策，下列尚未批准：{drafts}",
            f"production takes approved policies only; these are not: {drafts}",
        )
    return compile_book(book)


class _Night:
    def __init__(self, order: Order, lake: Lake, book: CompiledBook, stages: Stages) -> None:
        self._order = order
        self._lake = lake
        self._book = book
        self._stages = stages
        self._ledger = NightLedger(lake.database)

    def run_through(self, reference: Path, input_hash: str) -> dict[str, Any]:
        """Run the night; where somebody was settled for meanwhile, once more with the ledger held.

        At first nobody waits for the night but while it posts. What was posted online since it
        has read the ledger makes it settle anew, this time under the locks from the beginning.
        """
        try:
            return self._run(reference, input_hash)
        except StorageError as error:
            if error.code != "ledger_moved":
                raise
        self._stages.forget("stand")
        with self._lake.database.transaction() as held:
            self._ledger = NightLedger(self._lake.database, held)
            return self._run(reference, input_hash)

    def _run(self, reference: Path, input_hash: str) -> dict[str, Any]:
        """Run every stage in order and publish."""
        order, lake, stages = self._order, self._lake, self._stages
        frozen = unit_references(reference)
        read = stages.run(
            "reference", Reference, lambda work: read_reference(reference, work, order.night)
        )
        taken = stages.run("intake", Intake, lambda work: self._take_in(read, work))
        stood = stages.run("stand", Stood, lambda work: self._stand(taken, work))
        checked = stages.run("check", Checked, lambda work: self._check(read, taken, stood, work))
        settled = stages.run(
            "settle", SettledNight, lambda work: self._settle(read, checked, stood, work)
        )
        audited = stages.run(
            "audit", Audited, lambda work: self._audit(taken, checked, settled, work)
        )
        scored = stages.run("score", Scored, lambda work: self._score(frozen, settled, work))
        inputs = self._looked_back(self._flag_inputs(read, checked, settled))
        flagged = stages.run("flag", Flagged, lambda work: self._flag(inputs, work))
        files = {
            "settlements": settled.settled,
            "accumulators": settled.accumulators,
            "differences": settled.differences,
            "policy_rows": settled.policy_rows,
            "totals": audited.totals,
            "rejects": audited.rejects,
            "pending": audited.pending,
            "findings": flagged.findings,
            "leads": scored.leads,
        }
        entered = stages.run(
            "entries", Entered, lambda work: self._enter(read, checked, settled, stood, work)
        )
        parts = (taken, audited, scored, flagged)
        summary = stages.run("summary", dict[str, Any], lambda _work: self._summary(*parts, files))
        content = f"{order.night}:{input_hash}:{summary['policy_hash']}:{summary['result_hash']}"
        versions = stages.run(
            "stage", dict[str, int], lambda _work: lake.stage(order.night, files, content)
        )
        told = {"settled": part_name(content), "policy_hash": summary["policy_hash"]}
        self._keep(read, inputs, told)
        record = self._record(input_hash, summary, versions)
        # A file of which nothing was settled may be sent again, once what stopped it is mended.
        used = {taken.files[k].sha256: taken.files[k].name for k in audited.files_used}
        return dict(
            self._ledger.publish(record, entered, used.items(), stages, read.folder).summary
        )

    def _keep(self, read: Reference, inputs: FlagInputs, told: Mapping[str, Any]) -> None:
        """Keep what later nights and the replay of findings ask for, before the night is seen."""
        order, folder = self._order, self._lake.path
        keep_evidence(self._lake, order.night, inputs, told)
        if order.reference is not None:
            keep_folder(order.reference, folder / REFERENCE)
        keep_folder(read.folder, folder / REFERENCE_READ)

    def _take_in(self, read: Reference, work: Path) -> Intake:
        delivery, seen = self._order.delivery, self._lake.database.files_taken()
        taken = take_in(delivery, work, read.items, seen)
        ensure_usable(taken.files)
        return taken

    def _stand(self, taken: Intake, work: Path) -> Stood:
        with self._ledger.reading() as connection:
            return stand(connection, taken.claims, self._lake.read("settlements"), work)

    def _check(self, read: Reference, taken: Intake, stood: Stood, work: Path) -> Checked:
        inputs = CheckInputs(
            claims=taken.claims,
            claim_lines=taken.claim_lines,
            lines=taken.lines,
            rejects=taken.rejects,
            institutions=read.institutions,
            persons=read.persons,
            ends=read.folder / f"{ENDS_READ.name}.parquet",
            agreements=read.folder / f"{AGREEMENTS_READ.name}.parquet",
            book=self._book.book,
            recognised=_recognised(self._lake),
            known=stood.known,
            posted=stood.posted,
            sent=stood.sent,
            regions=frozenset(scheme.file.region for scheme in self._book.book.schemes),
        )
        latest = self._lake.database.latest()
        nights = Nights(self._order.night, None if latest is None else latest.night)
        return check(inputs, taken.files, work, nights)

    def _settle(self, read: Reference, checked: Checked, stood: Stood, work: Path) -> SettledNight:
        past = Past(
            counters=pl.scan_parquet(stood.counters),
            known=pl.scan_parquet(stood.known),
            posted=pl.scan_parquet(stood.posted),
            recalled=pl.scan_parquet(stood.recalled),
            feeds=pl.scan_parquet(stood.feeds),
        )
        latest = self._lake.database.latest()
        after = None if latest is None else day_number(latest.night)
        window = Window(after, day_number(self._order.night))
        registers = RegisterInputs(read.folder, stood.declared, window)
        inputs = SettleInputs(
            checked.claims, checked.lines, read.catalogue, read.persons, registers=registers
        )
        return settle_night(inputs, past, self._book, work)

    def _enter(
        self, read: Reference, checked: Checked, settled: SettledNight, stood: Stood, work: Path
    ) -> Entered:
        inputs = EntryInputs(
            settled=settled.settled,
            events=settled.events,
            registered=settled.registered,
            accumulators=settled.accumulators,
            claims=checked.claims,
            persons=read.persons,
            years=stood.years,
            counters=stood.counters,
            posted=stood.posted,
            sent=stood.sent,
            recalled=stood.recalled,
            feeds=stood.feeds,
        )
        return enter(inputs, self._book, self._order.night, work)

    def _audit(self, taken: Intake, checked: Checked, settled: SettledNight, work: Path) -> Audited:
        counts = Outcome(
            checked.input, checked.kept, checked.rejected, checked.waiting, checked.by_code
        )
        inputs = AuditInputs(
            claims=checked.claims,
            lines=checked.lines,
            rejects=checked.rejects,
            pending=checked.pending,
            settled=settled.settled,
            fallen=settled.fallen,
            names=tuple(file.name for file in taken.files),
        )
        return audit(inputs, counts, work)

    def _score(self, frozen: UnitReferences | None, settled: SettledNight, work: Path) -> Scored:
        earlier = Published(self._lake.read("settlements"), self._lake.read("leads"))
        return score(settled.settled, earlier, frozen, self._order.night, work)

    def _looked_back(self, inputs: FlagInputs) -> FlagInputs:
        """Return what flagging reads with the lines of earlier nights that rules reach back to."""
        looked = self._stages.run(
            "look_back",
            LookedBack,
            lambda work: look_back(self._lake, inputs, self._lake.read("settlements"), work),
        )
        tell_not_kept(looked, self._stages.tell)
        return replace(inputs, earlier_lines=looked.lines)

    def _flag(self, inputs: FlagInputs, work: Path) -> Flagged:
        earlier = concerned(self._lake.read("settlements"), inputs)
        return flag(inputs, earlier, self._book, work)

    def _flag_inputs(self, read: Reference, checked: Checked, settled: SettledNight) -> FlagInputs:
        return FlagInputs(
            settled=settled.settled,
            claims=checked.claims,
            lines=checked.lines,
            catalogue=read.catalogue,
            items=read.items,
            registers=read.registers,
            item_terms=read.item_terms,
            records=read.records,
            points=current_points(self._lake.path),
        )

    def _record(
        self, input_hash: str, summary: Mapping[str, Any], versions: Mapping[str, int]
    ) -> NightRecord:
        return NightRecord(
            night=self._order.night,
            input_hash=input_hash,
            policy_hash=summary["policy_hash"],
            result_hash=summary["result_hash"],
            versions=versions,
            summary=summary,
            engine_version=ENGINE_VERSION,
        )

    def _summary(
        self,
        taken: Intake,
        audited: Audited,
        scored: Scored,
        flagged: Flagged,
        files: Mapping[str, Path],
    ) -> dict[str, Any]:
        outcome = audited.outcome
        return {
            "night": self._order.night.isoformat(),
            "files": [
                {"name": file.name, "status": file.status, "code": file.code or None}
                | asdict(file.count)
                | ({"unread": True} if file.unread else {})
                for file in taken.files
            ],
            "input": asdict(outcome.sent),
            "settled": asdict(outcome.settled),
            "rejected": asdict(outcome.rejected),
            "pending": asdict(outcome.pending),
            "by_code": {
                code: count.claims + count.lines for code, count in outcome.by_code.items()
            },
            "totals": totals_of(audited.totals),
            "findings": findings_of(flagged.findings, flagged.not_run),
            "leads": [asdict(kind) for kind in scored.kinds],
            "policy_hash": self._book.book.hash,
            "result_hash": result_hash(files),
        }


def _recognised(lake: Lake) -> pl.DataFrame:
    with lake.database.reading() as connection:
        return recognised_injuries(connection)
