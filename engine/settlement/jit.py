"""Kernels are plain functions of arrays, entries run them as machine code.

With NUMBA_DISABLE_JIT=1 nothing is compiled.

Machine code is cached on disk under a hash of every source that it can be made of; a process that
finds it there never imports numba.
"""

import hashlib
import importlib.metadata
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

from engine.settlement import kernel_cache

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


SMALL_JOB = 400
"""Rows up to which a job ends as plain Python before compiled kernels are so much as loaded."""

_kernels: list[Callable[..., Any]] = []


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function as it is, and make it known to the compiler for entries that call it."""
    _kernels.append(function)
    return function


class Entry(Generic[P, R]):
    """A function of arrays that Python calls; compiled with all the kernels that it calls.

    Loading machine code takes a tenth of a second, compiling it many seconds; one case is settled
    in milliseconds without any of it. So a small job runs uncompiled, unless the process has
    compiled the entry already or JIESUAN_COMPILE=1 says that many more jobs will come.

    It answers with nothing, a number or a tuple of numbers, as its annotation says.

    Attributes:
        plain: the function uncompiled.
    """

    def __init__(self, function: Callable[P, R]) -> None:
        self.plain = function
        self._by_kind: dict[tuple[object, ...], Callable[[list[int]], Callable[[], R]]] = {}

    def sized(self, rows: int) -> Callable[P, R]:
        """Return the form of the function that is done first with so many rows."""
        if self._by_kind:
            return self._run
        many = rows > SMALL_JOB or os.environ.get("JIESUAN_COMPILE") == "1"
        return self.compiled if many else self.plain

    @property
    def compiled(self) -> Callable[P, R]:
        """The function compiled for the types of what it is given, without the interpreter lock."""
        return self.plain if os.environ.get("NUMBA_DISABLE_JIT") == "1" else self._run

    def bound(self, *given: P.args, **none: P.kwargs) -> Callable[[], R]:
        """Return a call of the function with these very arguments, as a job of one row.

        Machine code finds them laid out once. They may be changed in place between calls, and no
        two threads may make the call at the same time.
        """
        laid_out: Callable[[], R] | None = None

        def call() -> R:
            nonlocal laid_out
            if laid_out is None:
                if self.sized(1) is self.plain:
                    return self.plain(*given, **none)
                laid_out = self._laid_out(given)
            return laid_out()

        return call

    def _run(self, *given: P.args, **_: P.kwargs) -> R:
        return self._laid_out(given)()

    def _laid_out(self, given: tuple[Any, ...]) -> Callable[[], R]:
        from engine.settlement.native import flat  # noqa: PLC0415 - loads LLVM

        kind, numbers = flat(given)
        found = self._by_kind.get(kind)
        if found is None:
            found = self._by_kind[kind] = _loaded(self.plain, repr(kind), given)
        return found(numbers)


def _loaded(
    function: Callable[..., R], kind: str, given: tuple[Any, ...]
) -> Callable[[list[int]], Callable[[], R]]:
    """Return what makes calls of a function for such arguments, out of the cache if it is there."""
    from engine.settlement.native import loaded, processor  # noqa: PLC0415 - loads LLVM

    versions = [importlib.metadata.version(name) for name in ("numba", "llvmlite")]
    source = Path(function.__code__.co_filename).read_bytes()
    made_of = [function.__module__, function.__qualname__, kind, processor(), *versions]
    name = hashlib.sha256("\0".join(made_of).encode() + source).hexdigest()
    path = kept_in() / f"{name[:32]}.o"
    code = kernel_cache.read(path)
    if code is None:
        from numba.core.compiler_lock import global_compiler_lock  # noqa: PLC0415 - loads numba

        from engine.settlement.compiler import object_code  # noqa: PLC0415 - loads numba

        # Threads and processes ask for the same code at the same time: one makes it for all.
        with kernel_cache.making(path), global_compiler_lock:
            code = kernel_cache.read(path)
            if code is None:
                code = object_code(function, given, _kernels)
                kernel_cache.write(path, code)
    return loaded(code, function)


def anything_kept() -> bool:
    """Return whether any machine code of these very sources is kept, or none is asked for."""
    return os.environ.get("NUMBA_DISABLE_JIT") == "1" or any(kept_in().glob("*.o"))


def kept_in() -> Path:
    """Return the folder of the machine code of these very sources."""
    return _cache_folder() / "kernels" / _hash_of_sources()


@cache
def _hash_of_sources() -> str:
    return sources_hash()
