"""How a claim reached the night."""

from enum import IntEnum


class Origin(IntEnum):
    """How a claim reached the night. The integers are stored: never renumber a member."""

    TO_SETTLE = 0
    SETTLED_ONLINE = 1
    MANUAL = 2
    FOREIGN = 3
    CORRECTION = 4
