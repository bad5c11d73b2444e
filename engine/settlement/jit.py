"""The one place that configures numba. Kernels are plain functions, entries compile them.

With NUMBA_DISABLE_JIT=1 nothing is compiled.

Compiled kernels are cached on disk under a hash of every source that they can be made of: numba
alone would not notice that a function called from another file has changed.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

from numpy.typing import NDArray

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


def prefetch(array: NDArray[Any], at: int) -> None:
    """Ask the memory for element or row `at` of an array; nothing but time depends on it."""


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
        if self._compiled is not None:
            return self._compiled
        many = rows > SMALL_JOB or os.environ.get("JIESUAN_COMPILE") == "1"
        return self.compiled if many else self.plain

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

    Kernels are laid where they are called: a call hands over every array as seven numbers, which
    took two thirds of the fold. LLVM does it, after types are inferred, for a fifth more time to
    compile.
    """
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return function
    import numba  # noqa: PLC0415 - small jobs end before numba would be imported
    from numba.extending import register_jitable  # noqa: PLC0415 - the same

    _register_prefetch()
    while _not_registered:
        register_jitable(_nrt=False, forceinline=True)(_not_registered.pop())
    options: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
    compiled: Callable[P, R] = numba.njit(**options)(function)
    return compiled


@cache
def _register_prefetch() -> None:
    """Make `prefetch` the processor's instruction in what is compiled."""
    from numba.core import cgutils, types  # noqa: PLC0415 - loaded with compiled kernels alone
    from numba.extending import intrinsic, overload  # noqa: PLC0415 - the same

    read, keep, data = 0, 3, 1
    tools: Any = cgutils
    ir = tools.ir

    def ask(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, given[0])
        at = context.cast(builder, given[1], signature.args[1], types.intp)
        step = tools.unpack_tuple(builder, array.strides)[0]
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        place = builder.gep(builder.bitcast(array.data, byte), [builder.mul(at, step)])
        form = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        call = tools.get_or_insert_function(builder.module, form, "llvm.prefetch.p0")
        builder.call(call, [place, number(read), number(keep), number(data)])
        return context.get_dummy_value()

    def typed(_context: Any, array: Any, at: Any) -> Any:
        return types.void(array, at), ask

    instruction: Any = intrinsic(typed)

    options: dict[str, Any] = {"jit_options": {"_nrt": False}}
    overload(prefetch, **options)(lambda array, at: lambda array, at: instruction(array, at))  # noqa: ARG005, PLW0108 - numba asks for the names and a function
