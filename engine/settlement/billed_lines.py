"""The lines of a bill as they were billed, and the one hash of them that receipts hold."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from engine.claims.columns import NONE, Stream
from engine.periods import date_of_day
from engine.settlement.canonical import canonical, hash_of

UNSTATED = ("price_e6", "stream", "last_share_ppm")
"""What a line may leave unsaid."""


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line as it was billed; what the catalogue says of its item lies in the priced bill.

    Attributes:
        code: of the item; empty where none was told or the catalogue holds none of that code.
        price_e6: NONE where none was told.
        stream, last_share_ppm: NONE where the line leaves them to the policy.
    """

    code: str
    amount_fen: int
    quantity_e4: int
    price_e6: int
    day: int
    approved: bool
    stream: int = NONE
    last_share_ppm: int = NONE


def lines_hash(lines: Iterable[BilledLine]) -> str:
    """Return the hash of a bill's lines, whatever their order; empty for a bill without lines."""
    told = sorted((_told(line) for line in lines), key=canonical)
    return hash_of({"lines": told}) if told else ""


def _told(line: BilledLine) -> dict[str, Any]:
    left_out = {name for name in UNSTATED if getattr(line, name) == NONE}
    stated = {name: value for name, value in asdict(line).items() if name not in left_out}
    stated["day"] = date_of_day(line.day).isoformat()
    if line.stream != NONE:
        stated["stream"] = Stream(line.stream).name.lower()
    return stated
