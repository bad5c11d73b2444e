"""The one place that configures numba; with NUMBA_DISABLE_JIT=1 kernels run as plain Python.

Compiled kernels are cached on disk under a hash of every source that they can be made of: numba
alone would not notice that a function called from another file has changed.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

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

import numba  # noqa: E402 - reads NUMBA_CACHE_DIR when it is imported


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function compiled for int64 arrays, without the interpreter lock."""
    options: dict[str, Any] = {"cache": True, "nogil": True}
    compiled: Callable[P, R] = numba.njit(**options)(function)
    return compiled
