"""What every command of the command line shares: where it prints, and how it ends."""

import json
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from engine.errors import EngineError
    from engine.storage.cases import Officer

WRONG_USAGE, POLICY_REFUSED, BLOCKED, INVARIANT = 2, 3, 20, 30


def tell(line: str) -> None:
    """Print a line of progress to standard error."""
    typer.echo(line, err=True)


def print_json(answer: dict[str, Any]) -> None:
    """Print one JSON object to standard output."""
    typer.echo(json.dumps(answer, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    message = f"{value!r} cannot be printed as JSON"
    raise TypeError(message)


def fail(error: "EngineError", code: int | None = None) -> NoReturn:
    """Print an error in both languages and exit with the code that its kind has."""
    from engine.errors import InvariantError, PolicyError

    tell(f"[{error.code}] {error.message_zh}\n{error.message_en}")
    if code is None:
        code = BLOCKED
        if isinstance(error, InvariantError):
            code = INVARIANT
        elif isinstance(error, PolicyError):
            code = POLICY_REFUSED
    sys.exit(code)


def officer(name: str, on: datetime | None) -> "Officer":
    """Return who does a step, on the day that the command was told, or today."""
    from engine.storage.cases import Officer
    from engine.storage.clock import local_seconds

    day = datetime.now().astimezone().date() if on is None else on.date()
    return Officer(name, day, local_seconds())
