"""What a case of any kind tells in JSON of each of its events."""

from typing import Any

from engine.cases.life_cycle import CaseEvent


def told_event(event: CaseEvent) -> dict[str, Any]:
    """Return an event of a case, by name."""
    return {
        "event": event.event,
        "on": event.on.isoformat(),
        "by": event.actor,
        "content": dict(event.content),
    }
