"""An event in words that outlast the policy book: what a stored settlement keeps of its claim."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from engine.claims.columns import EVENT_WIDTH, NONE, Event, EventFlag, EventKind, Ints
from engine.policy.compiler import CompiledBook

PLACED = {
    Event.KIND,
    Event.PERSON,
    Event.ORDER_TIME,
    Event.ORDER_TIE,
    Event.REF,
    Event.SCHEME,
    Event.POLICY_ROW,
    Event.YEAR,
    Event.MONTH,
    Event.LEVEL,
    Event.PERSON_CLASS,
}
"""What the place in a story or in a book says of an event: it is found anew, or told by name."""

PLAIN = tuple(key for key in Event if key not in PLACED and key != Event.BUCKETS)


def facts_of(event: Ints, book: CompiledBook) -> str:
    """Return an event's own facts as JSON, with level and class by their names in the scheme."""
    return json.dumps(named_facts(event, book), sort_keys=True, separators=(",", ":"))


def named_facts(event: Ints, book: CompiledBook) -> dict[str, Any]:
    """Return an event's own facts by name; what is not known, or zero of an amount, is left out."""
    file = book.book.schemes[event[Event.SCHEME]].file
    facts: dict[str, Any] = {"kind": int(event[Event.KIND])}
    for key in PLAIN:
        if event[key] != _empty(key):
            facts[key.name.lower()] = int(event[key])
    if event[Event.LEVEL] != NONE:
        facts["level"] = file.levels[event[Event.LEVEL]]
    if event[Event.PERSON_CLASS] != NONE:
        facts["person_class"] = list(file.person_classes)[event[Event.PERSON_CLASS]]
    facts["buckets"] = event[Event.BUCKETS :].tolist()
    return facts


def facts_column(events: pl.DataFrame, buckets: Sequence[str], book: CompiledBook) -> pl.Series:
    """Return what `facts_of` returns of each of some claims.

    Args:
        events: a column for `scheme`, `level`, `person_class` and each of PLAIN, and
            `care_region`, null where the institution is owed the benefit.
        buckets: the columns of the event's buckets, in order.
    """
    named = events.join(_members(book), on="scheme", how="left", maintain_order="left")
    told: dict[str, pl.Expr] = {
        key.name.lower(): pl.when(pl.col(key.name.lower()) != _empty(key)).then(
            pl.col(key.name.lower())
        )
        for key in PLAIN
    }
    told["kind"] = pl.lit(int(EventKind.CLAIM))
    told["care_region"] = pl.format('"{}"', "care_region")
    for name in ("level", "person_class"):
        members = pl.col(f"{name}_names").list.get(pl.col(name), null_on_oob=True)
        told[name] = pl.when(pl.col(name) != NONE).then(members)
    told["buckets"] = pl.format("[{}]", pl.concat_str(buckets, separator=","))
    parts = [pl.format(f'"{name}":{{}}', told[name]) for name in sorted(told)]
    inner = pl.concat_str(parts, separator=",", ignore_nulls=True)
    whole = pl.concat_str(pl.lit("{"), inner, pl.lit("}"))
    return named.select(whole).to_series()


def _members(book: CompiledBook) -> pl.DataFrame:
    """Return the names of levels and classes of each scheme, as JSON, in their order."""
    files = [scheme.file for scheme in book.book.schemes]
    return pl.DataFrame(
        {
            "scheme": range(len(files)),
            "level_names": [[json.dumps(name) for name in file.levels] for file in files],
            "person_class_names": [
                [json.dumps(name) for name in file.person_classes] for file in files
            ],
        },
        schema={
            "scheme": pl.Int64,
            "level_names": pl.List(pl.String),
            "person_class_names": pl.List(pl.String),
        },
    )


def event_of(facts: str, scheme_at: int, book: CompiledBook) -> Ints:
    """Return stored facts as an event of the scheme at a position of the book."""
    told: dict[str, Any] = json.loads(facts)
    file = book.book.schemes[scheme_at].file
    event = np.full(EVENT_WIDTH, NONE, dtype=np.int64)
    for key in PLAIN:
        event[key] = told.get(key.name.lower(), _empty(key))
    event[Event.KIND] = told["kind"]
    event[Event.SCHEME] = scheme_at
    if "level" in told:
        event[Event.LEVEL] = file.levels.index(told["level"])
    if "person_class" in told:
        event[Event.PERSON_CLASS] = list(file.person_classes).index(told["person_class"])
    event[Event.BUCKETS :] = 0
    event[Event.BUCKETS : Event.BUCKETS + len(told["buckets"])] = told["buckets"]
    return event


def with_care_region(facts: str, region: str) -> str:
    """Return stored facts that say which region of care is owed the benefit."""
    told = json.loads(facts) | {"care_region": region}
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


class Place(NamedTuple):
    """Where a claim that was settled anew stands, and what of the accounts was not open to it.

    Attributes:
        order: the version under which it was settled first, 0 where it was not settled anew.
        withheld_fen: of the own account and of those linked; empty for nothing.
    """

    order: int = 0
    withheld_fen: tuple[int, ...] = ()


def with_place(facts: str, place: Place) -> str:
    """Return stored facts that say in which place a claim was settled anew."""
    told = json.loads(facts) | place._asdict()
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def place_of(facts: str | None) -> Place:
    """Return the place in which stored facts say that a claim was settled anew."""
    told: dict[str, Any] = {} if facts is None else json.loads(facts)
    return Place(told.get("order", 0), tuple(told.get("withheld_fen", ())))


def with_lines(facts: str, lines: str) -> str:
    """Return stored facts that hold the hash of the lines that were billed."""
    told = json.loads(facts) | {"lines": lines}
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def lines_of(facts: str | None) -> str:
    """Return the hash of the lines that stored facts hold; empty for none."""
    told: dict[str, Any] = {} if facts is None else json.loads(facts)
    return str(told.get("lines", ""))


def care_region(facts: str | None) -> str:
    """Return the region of care that stored facts say is owed the benefit; empty for none."""
    told: dict[str, Any] = {} if facts is None else json.loads(facts)
    return str(told.get("care_region", ""))


def paid_to_person(facts: str | None) -> bool:
    """Return whether stored facts say that the patient is paid, and not the institution."""
    told: dict[str, Any] = {} if facts is None else json.loads(facts)
    return bool(told.get("flags", 0) & EventFlag.PAID_TO_PERSON)


def _empty(key: Event) -> int:
    return 0 if key >= Event.AMOUNT else NONE
