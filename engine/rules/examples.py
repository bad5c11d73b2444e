"""Worked examples of the rules as data: what each finds, what it just misses, what it lets be."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.codes.enums import HospitalLevel, Insurance, ItemCategory, Sex, VisitKind
from engine.periods import NO_END_DAY, day_number
from engine.policy.reader import Document, read_document
from engine.rules.catalogue import load_rules
from engine.rules.detect import DAY_SECONDS, detect
from engine.rules.facts import CLAIM_LINE, LIMIT, RECORD, REGISTER, SETTLEMENT, TONIGHT, Facts

SHIPPED = Path(__file__).with_name("examples.yaml")
KINDS = ("finds", "near_miss", "exempt")
ENUMS = {
    "visit_kind": VisitKind,
    "insurance": Insurance,
    "hospital_level": HospitalLevel,
    "sex": Sex,
    "low": ItemCategory,
}

Record = dict[str, Any]


class Example(BaseModel):
    """One example; examples.yaml says what its keys mean."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    of: str
    kind: Literal["finds", "near_miss", "exempt"]
    zh: str = Field(min_length=1)
    times: int = Field(default=1, ge=1)
    settlements: dict[str, Record] = Field(min_length=1)
    limits: list[Record] = []
    lines: list[Record] = []
    registers: list[Record] = []
    records: list[Record] = []
    found: dict[str, str | list[int] | None] = {}


class ExamplesFile(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    settlement: Record
    line: Record
    examples: list[Example] = Field(min_length=1)


@dataclass(frozen=True)
class Outcome:
    """An example, and what its rule found instead where that differs from what was worked out."""

    example: Example
    found: Mapping[str, str | list[int] | None]

    @property
    def holds(self) -> bool:
        """Whether the rule finds just what the example says."""
        return dict(self.found) == self.example.found


def read_examples(path: Path = SHIPPED) -> Iterator[tuple[Example, Facts]]:
    """Yield every example with the facts that it states.

    Raises:
        PolicyError: the file is refused, or a rule of the catalogue lacks an example of some kind.
    """
    document = read_document(path, path.name)
    file = _read(document)
    _check_complete(document, file)
    for example in file.examples:
        yield example, _facts(file, example)


def run_examples(path: Path = SHIPPED) -> Iterator[Outcome]:
    """Yield every example with what its rule finds in it.

    Raises:
        PolicyError: the file is refused, or a rule of the catalogue lacks an example of some kind.
    """
    rules = {rule.id: rule for rule in load_rules()}
    for example, facts in read_examples(path):
        found = detect([rules[example.of]], facts)
        rows = found.select("settlement_id", "other_settlement_id", "lines").rows()
        told = {name: [one["row"] for one in lines] or other for name, other, lines in rows}
        yield Outcome(example, told)


def _read(document: Document) -> ExamplesFile:
    try:
        return ExamplesFile.model_validate(document.value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise document.error(
            "shape", first["loc"], f"{place}：{first['msg']}", f"{place}: {first['msg']}"
        ) from error


def _check_complete(document: Document, file: ExamplesFile) -> None:
    ids = [rule.id for rule in load_rules()]
    for at, example in enumerate(file.examples):
        if example.of not in ids or (example.kind == "finds") != bool(example.found):
            raise document.error(
                "example",
                ("examples", at),
                f"没有规则 {example.of}，或只有 finds 类示例才写 found",
                f"there is no rule {example.of}, or `found` stands with another kind than `finds`",
            )
    for name in ids:
        missing = set(KINDS) - {example.kind for example in file.examples if example.of == name}
        if missing:
            raise document.error(
                "no_example",
                ("examples",),
                f"规则 {name} 缺少示例：{'、'.join(sorted(missing))}；没有示例的规则不得上线",
                f"the rule {name} lacks examples: {', '.join(sorted(missing))}",
            )


def _facts(file: ExamplesFile, example: Example) -> Facts:
    changes = _repeated(example)
    names = list(changes)
    settlements = [
        _settlement(file.settlement, name, at, changes[name]) for at, name in enumerate(names)
    ]
    claims = {row["settlement_id"]: row["claim"] for row in settlements}
    lines = [
        _plain(file.line | line) | {"claim": claims[line["of"]], "row": row, "file": 0}
        for row, line in enumerate(example.lines, start=1)
    ]
    limits = [
        {"point": str(at), "region": "*", "valid_from": 0, "valid_to": NO_END_DAY} | _plain(limit)
        for at, limit in enumerate(example.limits)
    ]
    registers = [{"ends": NO_END_DAY} | _plain(row) for row in example.registers]
    frame = pl.DataFrame(lines, schema=CLAIM_LINE)
    return Facts(
        settlements=pl.LazyFrame(settlements, schema=SETTLEMENT),
        limits=pl.DataFrame(limits, schema=LIMIT),
        registers=pl.DataFrame(registers, schema=REGISTER),
        records=pl.LazyFrame([_plain(row) for row in example.records], schema=RECORD),
        lines=lambda: [frame.filter(TONIGHT)],
        earlier_lines=frame.filter(~TONIGHT),
    )


def _repeated(example: Example) -> dict[str, Record]:
    if example.times == 1:
        return example.settlements
    return {
        f"{name}{number}": changes
        for name, changes in example.settlements.items()
        for number in range(1, example.times + 1)
    }


def _settlement(template: Record, name: str, at: int, changes: Record) -> Record:
    row = _plain(template | changes)
    named = {"settlement_id": name, "message_id": name, "visit_id": f"v-{name}"}
    settled = {"settled_at": row["end_day"] * DAY_SECONDS + at, "claim": at}
    earlier = {"claim": -1 - at} if row.pop("earlier", False) else {}
    return named | settled | row | earlier


def _plain(record: Record) -> Record:
    """Return a record with days as numbers and members of enumerations as theirs."""
    plain = dict(record)
    for key, value in record.items():
        if isinstance(value, datetime.date):
            plain[key] = day_number(value)
        elif key in ENUMS and isinstance(value, str):
            plain[key] = int(ENUMS[key][value.upper()])
    plain.pop("of", None)
    return plain
