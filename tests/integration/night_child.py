"""Runs a night in a process that kills itself at a chosen call of a chosen function."""

import importlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipelines.night import Order, run_night


@dataclass(frozen=True)
class Kill:
    """Where a process dies: at the n-th call of a function, before or after its work.

    Attributes:
        where: module and attributes, as `package.module:Class.method`.
        call: which call, from 1.
        after: whether the function does its work first.
    """

    where: str
    call: int = 1
    after: bool = True


def run_until(order: Order, kill: Kill) -> None:
    """Run a night, and die by SIGKILL where told; to end otherwise is a mistake of the test."""
    watch(kill, die)
    run_night(order, lambda _line: None)


def die() -> None:
    """Leave as a power cut would: nothing is closed, flushed or tidied."""
    os.kill(os.getpid(), signal.SIGKILL)


def watch(kill: Kill, act: Callable[[], None]) -> Callable[[], None]:
    """Have `act` called at a call of a function; returns what puts the function back."""
    module, _, path = kill.where.partition(":")
    *outer, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for part in outer:
        owner = getattr(owner, part)
    real = getattr(owner, name)
    calls = 0

    def watched(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == kill.call and not kill.after:
            act()
        answer = real(*args, **kwargs)
        if calls == kill.call and kill.after:
            act()
        return answer

    setattr(owner, name, watched)
    return lambda: setattr(owner, name, real)
