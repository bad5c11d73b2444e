"""The records that rules read beside claims: a closed list, and what each holds."""

from typing import Literal, get_args

RecordName = Literal[
    "internet_visit",  # of a settlement: the visit was on the internet
    "in_scope",  # of a settlement and an item: what was taken as payable when it settled online
    "trace_code",  # of a settlement and an item: `value` is the code on the smallest pack
    "care_record",  # of a settlement and a day: an order, a nursing note or a result was written
    "leave",  # of a settlement and a day: leave that was granted
    "result",  # of a settlement and an item: an order with its result
    "received",  # of an institution and an item: `quantity` that came in, with what it had before
    "group_billed",  # of a settlement: `value` is the group of the case that was sent
    "group_again",  # of a settlement: `value` is the group that the bureau's grouper finds
    "blood_group",  # of a settlement and a person: `value` as the record of the visit has it
    "removed_organ",  # of a settlement and a person: `value` is what an operation took out for good
    "terminal",  # of a settlement: `value` is the device, with the minute of the day
    "note_print",  # of a settlement: `value` is the print of its notes, equal for equal texts
    "monthly_use",  # of an institution and an item: `quantity` settled in an earlier month
]  # fmt: skip
RECORD_NAMES: tuple[str, ...] = get_args(RecordName)
OF_SETTLEMENTS = frozenset(RECORD_NAMES) - {"received", "monthly_use"}
"""Records that name their settlement; the others name an institution alone."""

TERM_NAMES = (
    "internet_scope",  # not paid on the internet
    "second_line",  # paid after one of `others`
    "legal_price",  # `high` is the price set by law, in yuan
    "package",  # holds `others`
    "procedure",  # a material that needs one of `others`
    "traced",  # each pack has a trace code
    "resulted",  # leaves an order and a result
    "supply",  # a unit lasts `low` days
    "test_indication",  # asked for by the diagnoses `words`
    "interaction",  # not beside `others` within one `unit`, day or visit
    "therapy",  # at most `high` within `window` days
)
"""What a bureau may say of items beside the catalogue and the national knowledge base."""
