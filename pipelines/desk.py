"""The desk of claims by hand and injury cases: the ledger, its nights, and the files given."""

import datetime
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.cases.life_cycle import CaseEvent
from engine.cases.manual import KIND, LIFE, ManualClaim
from engine.errors import ClaimError
from engine.periods import day_number
from engine.policy.book import SHIPPED, load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.policy.reader import read_document
from engine.storage import manual
from engine.storage.case_steps import read_case
from engine.storage.cases import list_cases
from engine.storage.lake import Lake
from engine.workdays import Calendar

Model = TypeVar("Model", bound=BaseModel)


class _Form(BaseModel):
    """A file of a claim or a case; person and event have the form of a case file's."""

    model_config = ConfigDict(extra="forbid", strict=True)

    person: dict[str, Any]
    event: dict[str, Any]


class _Entry(_Form):
    invoices: list[Annotated[str, Field(min_length=1, max_length=64)]]
    institution: str | None = None


class _Bill(_Form):
    settlement: str
    mode: Literal["last_first", "cascade", "keep"] | None = None


def read_entry(path: Path) -> dict[str, Any]:
    """Return an entry file as a claim is entered with it: invoices, institution, person, event.

    Raises:
        PolicyError: it is no valid YAML.
        ClaimError: `entry_format`, it is not of the form.
    """
    return read_form(path, _Entry).model_dump(exclude_none=True)


def read_bill(path: Path) -> dict[str, Any]:
    """Return the file of a bill that the injury fund takes over: settlement, person, event, mode.

    Raises:
        PolicyError: it is no valid YAML.
        ClaimError: `entry_format`, it is not of the form.
    """
    return read_form(path, _Bill).model_dump(exclude_none=True)


def read_form(path: Path, form: type[Model]) -> Model:
    """Return a file of a form, its dates as text.

    Raises:
        PolicyError: it is no valid YAML.
        ClaimError: `entry_format`, it is not of the form.
    """
    value = _texts(read_document(path, path.name).value)
    try:
        return form.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        keys = ", ".join(field.alias or name for name, field in form.model_fields.items())
        raise ClaimError(
            "entry_format",
            f"文件 {path.name} 的 {place or '内容'} 不合格式；可有的键是 {keys}",
            f"the file {path.name} is not of the form at {place or 'its top'}; its keys are {keys}",
            place=place,
        ) from error


def _texts(value: Any) -> Any:
    """Return YAML values with dates as text, as a message writes them."""
    if isinstance(value, dict):
        return {key: _texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def compiled(policies: Path | None) -> CompiledBook:
    """Return the compiled policies of a folder, None for the shipped ones."""
    return compile_book(load_book(policies or SHIPPED))


@contextmanager
def opened(folder: Path) -> Iterator[Lake]:
    """Yield the lake that holds the ledger; it is made when missing."""
    lake = Lake(folder)
    try:
        yield lake
    finally:
        lake.database.close()


def settled_online(lake: Lake, case_id: str) -> list[str]:
    """Return live settlements of nights for the same person, institution and days as a claim."""
    claim, _ = read_case(lake.database, LIFE, case_id)
    if "institution" not in claim.entry:
        return []
    days = [datetime.date.fromisoformat(claim.entry["event"][at]) for at in manual.DAYS]
    begin, end = map(day_number, days)
    person = pl.col("person_id") == claim.received.content["person"]
    rows = (
        lake.read("settlements")
        .filter(person, pl.col("institution_id") == claim.entry["institution"])
        .filter(pl.col("begin_day") <= end, pl.col("end_day") >= begin)
        .select("settlement_id", "original_settlement_id", "refund")
        .collect()
    )
    refunds = rows.filter("refund")
    gone = {*refunds["settlement_id"], *refunds["original_settlement_id"]}
    return sorted(set(rows["settlement_id"]) - gone)


def told(case_id: str, claim: ManualClaim, calendar: Calendar) -> dict[str, Any]:
    """Return where a claim stands, by name."""
    deadline = claim.deadline(calendar)
    return {
        "claim": case_id,
        "state": claim.last.event,
        "kind": claim.received.content["kind"],
        "person": claim.received.content["person"],
        "received": claim.received.on.isoformat(),
        "due": deadline.due.isoformat(),
        "due_provisional": deadline.provisional,
        "missing": claim.missing,
        "found": list(claim.last.content.get("found", [])),
        "settlement": dict(claim.settlement),
    }


def told_event(event: CaseEvent) -> dict[str, Any]:
    """Return an event of a claim, by name."""
    return {
        "event": event.event,
        "on": event.on.isoformat(),
        "by": event.actor,
        "content": dict(event.content),
    }


def told_list(lake: Lake, calendar: Calendar, today: datetime.date) -> list[Mapping[str, Any]]:
    """Return every claim that is not decided, the most urgent first."""
    with lake.database.transaction() as connection:
        names = [row.key.case_id for row in list_cases(connection, KIND)]
    rows = []
    for name in names:
        claim, _ = read_case(lake.database, LIFE, name)
        if not claim.decided:
            row = told(name, claim, calendar)
            rows.append(row | {"overdue": row["due"] < today.isoformat()})
    return sorted(rows, key=lambda row: (row["due"], row["claim"]))
