"""The one place that configures numba. Kernels are plain functions, entries compile them.

With NUMBA_DISABLE_JIT=1 nothing is compiled.

Compiled kernels are cached on disk under a hash of every source that they can be made of: numba
alone would not notice that a function called from another file has changed.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

ENGINE = Path(__file__).parents[1]
KERNEL_SOURCES = (
    "claims/columns.py",
    "codes/enums.py",
    "money.py",
    "policy/compiler.py",
    "policy/tables.py",
    "settlement/*.py",
)

P = ParamSpec("P")
R = TypeVar("R")


def sources_hash() -> str:
    """Return a hash of all kernel sources, in order of their names."""
    digest = hashlib.sha256()
    for pattern in KERNEL_SOURCES:
        for path in sorted(ENGINE.glob(pattern)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> Path:
    """Return where compiled kernels are kept: as told, else in the home, else beside the source."""
    given = os.environ.get("JIESUAN_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given, "jiesuan")
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises where there is none
    if home.is_absolute() and os.access(home, os.W_OK):
        return home / ".cache" / "jiesuan"
    return Path(__file__).parent / "__pycache__"


os.environ.setdefault("NUMBA_CACHE_DIR", str(_cache_folder() / "kernels" / sources_hash()))

SMALL_JOB = 400
"""Rows up to which a job ends as plain Python before compiled kernels are so much as loaded."""

_not_registered: list[Callable[..., Any]] = []


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function as it is, and make it known to the compiler for entries that call it."""
    _not_registered.append(function)
    return function


class Entry(Generic[P, R]):
    """A function of arrays that Python calls; compiled with all the kernels that it calls.

    Importing numba takes a third of a second, loading compiled kernels as long, compiling them
    many seconds; one case is settled in milliseconds without any of it. So a small job runs
    uncompiled, unless the process has compiled the entry already or JIESUAN_COMPILE=1 says that
    many more jobs will come.

    Attributes:
        plain: the function uncompiled.
    """

    def __init__(self, function: Callable[P, R]) -> None:
        self.plain = function
        self._compiled: Callable[P, R] | None = None

    def sized(self, rows: int) -> Callable[P, R]:
        """Return the form of the function that is done first with so many rows."""
        many = rows > SMALL_JOB or os.environ.get("JIESUAN_COMPILE") == "1"
        return self.compiled if many or self._compiled is not None else self.plain

    @property
    def compiled(self) -> Callable[P, R]:
        """The function compiled for int64 arrays, without the interpreter lock."""
        if self._compiled is None:
            # Of two threads that come at once, both take the first's: it is compiled once.
            self._compiled = self.__dict__.setdefault("_first", _compile(self.plain))
        return self._compiled


def _compile(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function compiled.

    Without numba's runtime, which counts the references to every array and view: the counting
    takes more time than all else, and most where two threads count on the same arrays. So no
    kernel may make an array: it is given room to write into. One that does is refused here.
    """
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return function
    import numba  # noqa: PLC0415 - small jobs end before numba would be imported
    from numba.extending import register_jitable  # noqa: PLC0415 - the same

    while _not_registered:
        register_jitable(_nrt=False)(_not_registered.pop())
    options: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
    compiled: Callable[P, R] = numba.njit(**options)(function)
    return compiled
