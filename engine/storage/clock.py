"""The clock of the machine, read nowhere but at the edge."""

from datetime import datetime


def local_seconds() -> int:
    """Return now, in seconds of local time from 1970-01-01."""
    now = datetime.now().astimezone()
    offset = now.utcoffset()
    return int(now.timestamp()) + (0 if offset is None else int(offset.total_seconds()))
