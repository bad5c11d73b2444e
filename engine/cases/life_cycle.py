"""What has happened in a case, and what may happen next: a closed table, as data."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from engine.errors import CaseError, InvariantError, ensure
from engine.policy.reader import read_document

TABLE = Path(__file__).with_name("life_cycles.yaml")
FIRST = "first"
Standing = TypeVar("Standing")


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """Something that happened in a case, as it is kept for ever.

    Attributes:
        event: its name in the life cycle.
        on: the day.
        actor: the officer who did it.
        content: what it says, plain values only.
    """

    event: str
    on: date
    actor: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Life(Generic[Standing]):
    """How cases of one kind are named, and where one stands after each of its events.

    Attributes:
        kind: of the cases, as the table of life cycles has it.
        letter: that their names begin with.
        follow: returns a case after one more event, which it checks; None is before the first.
    """

    kind: str
    letter: str
    follow: Callable[[Standing | None, CaseEvent], Standing]

    def fold(self, events: Iterable[CaseEvent]) -> Standing:
        """Return where a case stands after its events.

        Raises:
            InvariantError: it has none.
        """
        standing: Standing | None = None
        for event in events:
            standing = self.follow(standing, event)
        if standing is None:
            message = f"a case of the kind {self.kind} has no events"
            raise InvariantError(message)
        return standing


@lru_cache(maxsize=1)
def life_cycles() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Return, for each kind of case, which events may follow an event."""
    table = read_document(TABLE, TABLE.name).value
    cycles = {
        kind: {event: frozenset(after) for event, after in cycle.items()}
        for kind, cycle in table.items()
    }
    for kind, cycle in cycles.items():
        known = frozenset(cycle) - {FIRST}
        named = frozenset().union(*cycle.values())
        ensure(named == known, "a life cycle names an event it does not have", kind=kind)
    return cycles


def check_said(event: CaseEvent, key: str, code: str, zh: str, en: str) -> None:
    """Check that an event says something under a key.

    Raises:
        CaseError: of this code; the words tell what it needs.
    """
    if not str(event.content.get(key, "")).strip():
        raise CaseError(code, f"{event.event}：须写明{zh}", f"{event.event}: it needs {en}")


def check_follows(kind: str, before: str | None, event: str) -> None:
    """Check that an event may follow the last one of a case.

    Args:
        kind: of the case.
        before: the last event, None for a case that begins.
        event: the next.

    Raises:
        CaseError: `event_order`, it may not.
    """
    allowed = life_cycles()[kind][before or FIRST]
    if event not in allowed:
        after = sorted(allowed)
        raise CaseError(
            "event_order",
            f"“{before or '尚无事项'}”之后不能是“{event}”；可以是 {after}",
            f"{event} may not follow {before or 'nothing'}; what may is {after}",
            event=event,
        )
