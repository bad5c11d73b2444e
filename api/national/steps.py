"""The stages of a visit, and which message may follow at each: a closed table."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from engine.errors import ClaimError
from engine.storage.visits import Bill, Presence, Visit, change_visit, live_bills


class Stage(StrEnum):
    """Where a visit stands. BILLED and CLOSED: the last bill of the stay stands."""

    REGISTERED = "registered"
    ADMITTED = "admitted"
    DISCHARGED = "discharged"
    BILLED = "billed"
    CLOSED = "closed"
    PURCHASED = "purchased"


INTERIM = " interim"
"""What stands behind the number of a message that bills a part of a stay."""

_OF_STAYS = ("2301", "2302", "2303", "2304", "2305", "2403")
STEPS: Mapping[Stage, Mapping[str, Presence]] = MappingProxyType(
    {
        Stage.REGISTERED: {
            "2202": Presence.CANCELLED,
            **dict.fromkeys(("2203", "2203A", "2204", "2205", "2206", "2207"), Presence.REGISTERED),
            "2208": Presence.REGISTERED,
        },
        Stage.ADMITTED: {
            **dict.fromkeys((*_OF_STAYS, "2303 interim", "2304 interim"), Presence.ADMITTED),
            "2402": Presence.DISCHARGED,
            "2404": Presence.CANCELLED,
        },
        Stage.DISCHARGED: {
            **dict.fromkeys(_OF_STAYS, Presence.DISCHARGED),
            "2405": Presence.ADMITTED,
        },
        Stage.BILLED: {
            "2305": Presence.ADMITTED,
            "2402": Presence.DISCHARGED,
        },
        Stage.CLOSED: {"2305": Presence.DISCHARGED},
        Stage.PURCHASED: {"2103": Presence.PURCHASED},
    }
)
"""At each stage: the messages that may follow, and where the patient is after each."""

STAGES_ZH: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.REGISTERED: "门诊已登记",
        Stage.ADMITTED: "在院",
        Stage.DISCHARGED: "已出院未结算",
        Stage.BILLED: "在院已结清",
        Stage.CLOSED: "已出院已结清",
        Stage.PURCHASED: "药店购药",
    }
)


def stage_of(connection: sa.Connection, visit: Visit) -> Stage:
    """Return where a visit stands, by what is told of the patient and by the ledger."""
    if visit.presence in {Presence.REGISTERED, Presence.PURCHASED}:
        return Stage(visit.presence)
    last = None if visit.final_segment is None else Bill(visit.visit_id, visit.final_segment)
    billed = last in live_bills(connection, visit)
    if visit.presence is Presence.ADMITTED:
        return Stage.BILLED if billed else Stage.ADMITTED
    return Stage.CLOSED if billed else Stage.DISCHARGED


def check_step(connection: sa.Connection, visit: Visit, step: str) -> Presence:
    """Return where the patient of a visit is after a message.

    Args:
        step: number of the message, with INTERIM behind it where it bills a part.

    Raises:
        ClaimError: `step_not_allowed`, it may not follow at the visit's stage.
    """
    stage = stage_of(connection, visit)
    after = STEPS[stage].get(step)
    if after is None:
        allowed = "、".join(STEPS[stage])
        raise ClaimError(
            "step_not_allowed",
            f"就诊现为“{STAGES_ZH[stage]}”，不能办理 {step}；可以办理 {allowed}",
            f"the visit is {stage}, so {step} may not follow; what may: {allowed}",
            stage=stage.value,
        )
    return after


def take_step(connection: sa.Connection, visit: Visit, step: str, **changes: Any) -> Visit:
    """Change a visit as a message asks that may follow, and return it as it is then.

    Raises:
        ClaimError: `step_not_allowed`.
    """
    after = check_step(connection, visit, step)
    return change_visit(connection, visit, presence=after, **changes)
