"""Plain values as the one text that a hash is taken of."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical(told: Mapping[str, Any]) -> str:
    """Return plain values as canonical JSON: keys sorted, no blanks."""
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def hash_of(told: Mapping[str, Any]) -> str:
    """Return the SHA-256 of plain values written as canonical JSON."""
    return hashlib.sha256(canonical(told).encode()).hexdigest()
