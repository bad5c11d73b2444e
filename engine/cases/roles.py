"""Which officer may take which step: roles are data, and who holds them is a case of its own."""

from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from engine.cases.life_cycle import CaseEvent, check_follows
from engine.errors import CaseError
from engine.policy.reader import read_document

KIND = "officer"
INJURY_CLAIM = "injury_claim"
"""What a claim by hand on the injury fund is called where roles are asked for."""
BOOK = Path(__file__).with_name("roles.yaml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Role(_Strict):
    """What a role is called."""

    zh: str
    en: str


class RoleBook(_Strict):
    """The roles that there are.

    Attributes:
        roles: by name.
        steps: kind of case -> event -> the role that it asks for.
        apart: kind of case -> event -> the event of the same case that another officer has to take.
    """

    roles: dict[str, Role]
    steps: dict[str, dict[str, str]]
    apart: dict[str, dict[str, str]]


@cache
def role_book() -> RoleBook:
    """Return the roles as the file beside this module has them."""
    return RoleBook.model_validate(read_document(BOOK, BOOK.name).value)


def held(events: Iterable[CaseEvent]) -> frozenset[str]:
    """Return the roles that an officer holds after what was granted and withdrawn."""
    roles: frozenset[str] = frozenset()
    for event in events:
        named = {str(event.content["role"])}
        roles = roles | named if event.event == "granted" else roles - named
    return roles


def check_grant(before: Collection[CaseEvent], event: CaseEvent) -> None:
    """Check that a role may be granted to an officer, or withdrawn.

    Args:
        before: what was granted to the officer and withdrawn so far.
        event: names the `role` and, as `person`, the officer.

    Raises:
        CaseError: `unknown_role`, `same_person`, `role_held`, `role_not_held`.

    Source: 经办条例 art. 36, 37
    """
    last = [one.event for one in before][-1:]
    check_follows(KIND, last[0] if last else None, event.event)
    role, name = event.content["role"], event.content["person"]
    known = role_book().roles
    if role not in known:
        raise CaseError(
            "unknown_role",
            f"没有岗位“{role}”；可以是 {sorted(known)}",
            f"there is no role {role!r}; there are {sorted(known)}",
        )
    if event.actor == name:
        raise CaseError(
            "same_person",
            f"{name} 不能给自己授予或收回岗位，须由他人办理",
            f"{name} grants and withdraws no role of their own; another person does",
        )
    if (role in held(before)) == (event.event == "granted"):
        raise _no_change(event)


def _no_change(event: CaseEvent) -> CaseError:
    role, name = event.content["role"], event.content["person"]
    if event.event == "granted":
        return CaseError(
            "role_held", f"{name} 已有岗位“{role}”", f"{name} holds the role {role} already"
        )
    return CaseError("role_not_held", f"{name} 没有岗位“{role}”", f"{name} holds no role {role}")


def check_role(roles: Collection[str], officer: str, step: tuple[str, str]) -> None:
    """Check that an officer with these roles may take a step.

    Args:
        step: kind of case, and event.

    Raises:
        CaseError: `not_of_the_role`.

    Source: 经办条例 art. 36, 37
    """
    kind, event = step
    book = role_book()
    needed = book.steps.get(kind, {}).get(event)
    if needed is not None and needed not in roles:
        zh, en = book.roles[needed].zh, book.roles[needed].en
        raise CaseError(
            "not_of_the_role",
            f"{officer} 没有岗位“{zh}”（{needed}），不能办理此步；请由有此岗位的人办理，或先授予",
            f"{officer} does not hold the role {needed} ({en}), which this step asks for; let one "
            "who holds it do it, or have it granted",
        )


def check_apart(events: Iterable[CaseEvent], officer: str, step: tuple[str, str]) -> None:
    """Check that an officer has not taken the step of a case from which the next is kept apart.

    Raises:
        CaseError: `same_person`.
    """
    kind, event = step
    other = role_book().apart.get(kind, {}).get(event)
    if other is not None and officer in {one.actor for one in events if one.event == other}:
        raise CaseError(
            "same_person",
            f"{officer} 办理过“{other}”，此步须由他人办理",
            f"{officer} has taken the step {other}; another person takes this one",
        )
