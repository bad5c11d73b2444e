"""The files that settle leaves, and the codes of what it does not settle."""

from dataclasses import dataclass
from pathlib import Path

from engine.claims.codes import Code
from engine.claims.columns import Status
from engine.storage.lake_tables import (
    ACCUMULATORS,
    DIFFERENCES,
    POLICY_ROWS,
    SETTLEMENTS,
)
from engine.storage.tables import Column, Table

ORIGINAL_PENDING = -1
BILLED_AGAIN = -2
CODES = {
    **{int(status): status.name.lower() for status in Status},
    int(Status.REVERSAL_UNKNOWN): Code.REFUND_WITHOUT_ORIGINAL.value,
    ORIGINAL_PENDING: Code.ORIGINAL_PENDING.value,
    BILLED_AGAIN: Code.DUPLICATE_VISIT.value,
}
"""Code of each status; ORIGINAL_PENDING stands for a refund whose original waits, BILLED_AGAIN
for a claim of a visit that another settlement bills."""


def without_night(table: Table, *more: Column) -> Table:
    """Return a lake table as a step leaves it: the night is added when it is published."""
    columns = tuple(column for column in table.columns if column.name != "night")
    return Table(table.name, (*columns, *more))


SETTLED = without_night(
    SETTLEMENTS,
    Column("claim", "int32", "position of the claim among those checked", key=True),
    Column("account_used", "bool", "whether the personal account may pay"),
    Column("price_level", "int8", "level that picks ceiling prices, 1 to 3"),
    Column("line_rule", "int32", "number of the rule that priced its lines, of this book"),
    Column("age", "int32", "full years on the claim date, -1 where not known"),
    Column("contribution_years", "int32", "full years of contributions, -1 where not known"),
    Column("flags", "int32", "engine.claims.columns.EventFlag"),
)
CLOSING = without_night(ACCUMULATORS)
DIFFERING = without_night(DIFFERENCES)
ROWS_USED = without_night(POLICY_ROWS)
FALLEN = Table(
    "fallen",
    (
        Column("claim", "int32", "position of the claim among those checked", key=True),
        Column("code", "code", "code of reject_codes.yaml"),
        Column("pending", "bool", "whether it waits rather than being rejected"),
    ),
)


@dataclass(frozen=True, slots=True)
class SettledNight:
    """What settle leaves: SETTLED, EVENTS, REGISTERED, FALLEN, and lake tables less their night.

    `settled`, `events` (`engine.storage.settled_events`) and `accumulators` have a part for every
    bucket of persons, in one order.
    """

    settled: Path
    events: Path
    registered: Path
    fallen: Path
    accumulators: Path
    differences: Path
    policy_rows: Path

    @classmethod
    def into(cls, work: Path) -> "SettledNight":
        """Return the files in a folder."""
        names = (
            "settlements",
            "events",
            "registered",
            "fallen",
            "accumulators",
            "differences",
            "policy_rows",
        )
        return cls(*(work / f"{name}.parquet" for name in names))
