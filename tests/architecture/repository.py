"""The files of this repository, for the tests that read them as text."""

import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "benchmarks", "engine", "models", "pipelines")
VENDORED = "api/console/static/vendor/"
GENERATED = {".git", ".hypothesis", ".venv", "__pycache__", "build", "dist", "var"}


@cache
def files() -> tuple[str, ...]:
    """Paths of all files that are or may be committed, relative to the root, vendored ones not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    # An unpacked archive has no git; then every file counts but those that tools generate.
    names = os.fsdecode(listed.stdout).split("\0") if listed.returncode == 0 else walked()
    wanted = (name for name in names if name and not name.startswith(VENDORED))
    return tuple(sorted(name for name in wanted if (ROOT / name).is_file()))


def walked() -> Iterator[str]:
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [
            name for name in subfolders if name not in GENERATED and not name.endswith("_cache")
        ]
        for name in names:
            yield (Path(folder) / name).relative_to(ROOT).as_posix()


def read(name: str) -> str:
    """The text of a file; bytes that are no text become replacement characters."""
    return (ROOT / name).read_text("utf-8", errors="replace")


def product_modules() -> list[str]:
    """The Python files that are shipped: the five packages and the launcher."""
    return [
        name
        for name in files()
        if name.endswith(".py") and (name.split("/")[0] in PACKAGES or name == "jiesuan.py")
    ]
