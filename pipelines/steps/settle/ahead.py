"""Compiles the fold in a process beside a night whose machine code is not kept yet.

Most of all compiling is the fold's, which a night asks for last; one process compiles on one
processor alone.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from engine.settlement.jit import ENGINE, SMALL_JOB, anything_kept

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from engine.settlement.settle import compile_fold
compile_fold()
"""


@contextlib.contextmanager
def fold_compiled_beside(claims: int) -> Iterator[None]:
    """Compile the fold beside what is done inside, where that will ask for it.

    Nobody depends on the other process: where it fails or is late, the night compiles or waits.
    """
    if claims <= SMALL_JOB or anything_kept():
        yield
        return
    command, quiet = [sys.executable, "-c", PROGRAM, str(ENGINE.parent)], subprocess.DEVNULL
    beside = subprocess.Popen(command, stdout=quiet, stderr=quiet)  # noqa: S603 - our own program
    try:
        yield
    finally:
        beside.terminate()
        beside.wait()
