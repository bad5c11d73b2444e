"""Keeps machine code on disk: a copy of what the sources say, never a fact of its own."""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

DIGEST = hashlib.sha256().digest_size


def read(path: Path) -> bytes | None:
    """Return the code that was kept, or None where there is none or it is not whole."""
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    code = kept[DIGEST:]
    return code if hashlib.sha256(code).digest() == kept[:DIGEST] else None


def write(path: Path, code: bytes) -> None:
    """Keep code for the next process; where nothing can be kept, that one compiles again."""
    own = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        own.write_bytes(hashlib.sha256(code).digest() + code)
        own.replace(path)


@contextlib.contextmanager
def making(path: Path) -> Iterator[None]:
    """Hold the making of one piece of code: a process that asks for it meanwhile waits for it.

    One that ends holds nothing. Where nothing can be kept, everybody makes it.
    """
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = held.enter_context(path.with_suffix(".turn").open("wb"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
