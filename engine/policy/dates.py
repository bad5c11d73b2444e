"""The days on which a dated entry of a policy file holds."""

import datetime

from engine.periods import day_number
from engine.policy.reader import Document, Path_
from engine.policy.schema_parts import Dated


def entry_days(
    document: Document, path: Path_, entry: Dated, following: datetime.date | None
) -> tuple[int, int]:
    """Return the days `[begins, ends)` of an entry; `following` is the day the next one begins.

    Raises:
        PolicyError: entries overlap or are out of order, or an entry ends before it begins.
    """
    begins, reviewed = day_number(entry.begins), day_number(entry.reviewed_until) + 1
    ends = reviewed if following is None else min(reviewed, day_number(following))
    if ends <= begins:
        raise document.error(
            "dates",
            path,
            f"自 {entry.begins} 起的条目没有有效日：日期须递增且不晚于 reviewed_until",
            f"the entry from {entry.begins} holds no day: "
            "dates must rise and not pass reviewed_until",
        )
    return begins, ends
