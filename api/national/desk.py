"""What a transaction works with: the ledger, the policies, the reference data; and its input."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from api.national.envelope import Call
from engine.codes.enums import Insurance
from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.periods import day_number
from engine.policy.compiler import CompiledBook
from engine.storage.care_claims import Home
from engine.storage.database import Database
from engine.storage.reference import ReferenceData
from engine.storage.visits import Visit, open_visit
from engine.wire.fields import Field, by_code
from engine.wire.translate import read_record

DAY, INSTANT = "D", "T"
DAY_CHARACTERS, INSTANT_CHARACTERS = len("2024-01-31"), len("2024-01-31 08:00:00")


@dataclass(frozen=True, slots=True)
class Desk:
    """Where transactions are carried out.

    Attributes:
        homes: the regions of insurance that are asked for the split of care given here.
    """

    database: Database
    book: CompiledBook
    reference: ReferenceData
    homes: Mapping[str, Home] = field(default_factory=dict)

    def is_elsewhere(self, visit: Visit) -> bool:
        """Return whether another region insures a visit's person."""
        return visit.home_region in self.homes


def block(call: Call, name: str) -> Mapping[str, Any]:
    """Return a block of the input.

    Raises:
        ClaimError: `block_missing`.
    """
    found = call.blocks.get(name)
    if not isinstance(found, dict):
        raise _missing(name)
    return found


def blocks(call: Call, name: str) -> list[Mapping[str, Any]]:
    """Return the records of a block that repeats; one record alone is a list of one.

    Raises:
        ClaimError: `block_missing`.
    """
    found = call.blocks.get(name)
    given = found if isinstance(found, list) else [found]
    records: list[Mapping[str, Any]] = [record for record in given if isinstance(record, dict)]
    if not records or len(records) != len(given):
        raise _missing(name)
    return records


def told(record: Mapping[str, Any], needs: Iterable[str], *tables: str) -> dict[str, Any]:
    """Return what a record tells, by English names and in our units.

    What the dictionary's tables do not know is passed over: every province adds fields of its own.

    Args:
        record: text by code.
        needs: the English names without which nothing can be done.
        tables: of the dictionary.

    Raises:
        ClaimError: `field_missing`, or what the dictionary refuses a value for.
    """
    known = by_code(*tables)
    sent = {code: _whole(known[code], record[code]) for code in record if code in known}
    values = read_record(sent, *tables)
    codes = {field.english: code for code, field in known.items()}
    for name in needs:
        if values.get(name) is None:
            raise ClaimError(
                "field_missing",
                f"缺少必填字段 {codes[name]}，未作任何处理；请补齐后重发",
                f"the field {codes[name]} is missing, nothing was done; add it and send it again",
                field=codes[name],
            )
    return values


def _whole(field: Field, value: Any) -> Any:
    """Return a date for an instant that was sent in its place, and midnight for a date."""
    if isinstance(value, str) and field.type == DAY and len(value) == INSTANT_CHARACTERS:
        return value[:DAY_CHARACTERS]
    if isinstance(value, str) and field.type == INSTANT and len(value) == DAY_CHARACTERS:
        return f"{value} 00:00:00"
    return value


def day_of(moment: date | datetime) -> int:
    """Return the day of a date or an instant."""
    return day_number(moment.date() if isinstance(moment, datetime) else moment)


def today(call: Call) -> date:
    """Return the day on which a call came, in local time."""
    return datetime.fromtimestamp(call.now, UTC).date()


def cover_of(
    desk: Desk, call: Call, person_id: str, insurance: Insurance, day: int
) -> dict[str, Any]:
    """Return the row of the register that insures a person on a day.

    Raises:
        ClaimError: `not_insured`.
    """
    for row in desk.reference.covers(person_id):
        within = row["cover_from"] <= day < row["cover_to"]
        home = not call.home_region or row["region"] == call.home_region
        if row["insurance"] == insurance and within and home:
            return row
    raise ClaimError(
        "not_insured",
        "该人员在就诊当日没有此险种的有效参保；请以 1101 核对参保地与险种",
        "the person is not covered by this insurance on that day; check with 1101",
    )


def insurance_of(desk: Desk, call: Call, code: str) -> Insurance:
    """Return the insurance that a code means in the region of care today."""
    region = desk.reference.institution(call.institution_id)["region"]
    return Insurance(CodeTable.load("insurance").decode(region, code, today(call)))


def own_visit(call: Call, connection: sa.Connection, asked: Mapping[str, Any]) -> Visit:
    """Return the caller's own visit, not cancelled, of the person that it names.

    Raises:
        ClaimError: `no_visit`.
    """
    visit = open_visit(connection, call.institution_id, asked["visit_id"])
    if visit.person_id != asked["person_id"]:
        raise ClaimError(
            "no_visit",
            "就诊编号与人员编号不符；请核对",
            "the visit is of another person; check both",
        )
    return visit


def _missing(name: str) -> ClaimError:
    return ClaimError(
        "block_missing",
        f"输入中缺少 {name}，未作任何处理；请按接口规范补齐后重发",
        f"the input lacks {name}, nothing was done; complete it and send it again",
        block=name,
    )
