"""Cursors of lists: where a page ends, sealed so that nobody can make or carry over one."""

import base64
import binascii
import hmac
import json
from collections.abc import Sequence
from typing import Any

from engine.errors import ClaimError

MAC_BYTES = 16


def written(place: Sequence[int | str], asked: str, secret: bytes) -> str:
    """Return a place in a list as a cursor.

    Args:
        place: what the list is ordered by, of the last entry of a page.
        asked: who asks and for what; the cursor serves no other list.
        secret: of the service.
    """
    content = json.dumps(list(place)).encode()
    return base64.urlsafe_b64encode(_mac(content, asked, secret) + content).decode().rstrip("=")


def read(cursor: str, asked: str, secret: bytes) -> Any:
    """Return the place of a cursor, as `written` was given it.

    Raises:
        ClaimError: `cursor_invalid`, it is none of this list's.
    """
    try:
        told = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused() from error
    mac, content = told[:MAC_BYTES], told[MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(content, asked, secret)):
        raise _refused()
    return json.loads(content)


def _mac(content: bytes, asked: str, secret: bytes) -> bytes:
    return hmac.digest(secret, asked.encode() + b"\0" + content, "sha256")[:MAC_BYTES]


def _refused() -> ClaimError:
    return ClaimError(
        "cursor_invalid",
        "游标不是本列表的；请用上一页 next 的值，并保持查询条件不变",
        "the cursor is none of this list; take `next` of the page before and ask for the same",
    )
