"""How many records there are of each kind, and what became of each file of a delivery."""

from dataclasses import dataclass
from typing import Literal

Subject = Literal["claims", "lines"]
Status = Literal["read", "refused", "skipped"]


@dataclass(frozen=True, slots=True)
class Count:
    """A number of claims and a number of lines."""

    claims: int = 0
    lines: int = 0

    @classmethod
    def of(cls, subject: Subject, records: int) -> "Count":
        """Return a number of records of one kind."""
        return cls(claims=records) if subject == "claims" else cls(lines=records)

    def __add__(self, other: "Count") -> "Count":
        return Count(self.claims + other.claims, self.lines + other.lines)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of a file.

    Attributes:
        sha256: of its bytes; empty where there is no such file.
        code: why it was refused, else empty.
        detail: which column or which difference, where one is to blame.
        count: its records; none for a file that was skipped.
        unread: whether it is too damaged for its records to be counted.
    """

    name: str
    status: Status
    sha256: str
    code: str = ""
    detail: str = ""
    count: Count = Count()
    unread: bool = False
