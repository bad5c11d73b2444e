"""Makes docs/errors.md of the errors that sources raise: `python -m tests.error_catalogue`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from api.errors import KINDS
from engine.claims.codes import reasons
from tests.architecture.repository import ROOT

PAGE = ROOT / "docs" / "errors.md"
SOURCES = (
    "api/**/*.py",
    "engine/codes/*.py",
    "engine/wire/*.py",
    "engine/settlement/case*.py",
    "engine/ledger/crossregion.py",
    "engine/storage/care_claims.py",
    "engine/storage/exchanges.py",
    "engine/storage/home_claims.py",
    "engine/storage/messages.py",
    "engine/storage/posting.py",
    "engine/storage/reference.py",
    "engine/storage/undoing.py",
    "engine/storage/visits.py",
)
"""What a request of an institution may pass through."""

RAISED = {"ClaimError", "StorageError"}
HEAD = """# 错误代码 | Codes of errors

Made by `python -m tests.error_catalogue` from the sources; a test keeps it complete. Branch on
the code, never on the words. In the national form it stands at the head of `err_msg`, in REST in
`code`. `…` stands for a value.

| code | 中文 | English |
|---|---|---|
"""


def catalogue() -> dict[str, tuple[str, str]]:
    """Return Chinese and English text of every code, the night's rejects included."""
    found = {code: (kind.title_zh, kind.title) for code, kind in KINDS.items()}
    for code, reason in reasons().items():
        found[str(code)] = (reason.zh + reason.do_zh, f"{reason.en} {reason.do_en}")
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            found |= dict(raised(path))
    return found


def raised(path: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield code and texts of each error that a module makes with texts of its own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        texts = [text_of(argument) for argument in node.args[:3]]
        if node.func.id in RAISED and len(texts) == 3 and all(texts):
            yield texts[0], (texts[1], texts[2])


def text_of(node: ast.expr) -> str:
    """Return a literal's text, with … for each value; nothing for what is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            text_of(part) if isinstance(part, ast.Constant) else "…" for part in node.values
        )
    return ""


def page() -> str:
    """Return the page."""
    rows = (
        f"| `{code}` | {zh} | {en} |\n".replace("\n|", "|")
        for code, (zh, en) in sorted(catalogue().items())
    )
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}: {len(catalogue())} codes\n")
