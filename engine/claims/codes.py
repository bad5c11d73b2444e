"""Why a record or a file was not settled, and what to do about it, in Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Kind(StrEnum):
    """What a code says of its record: it is refused, it waits, or its whole file is refused."""

    REJECT = "reject"
    PENDING = "pending"
    FILE = "file"


class Code(StrEnum):
    """Every code of `reject_codes.yaml`, so that a misspelt code does not type-check.

    The order is that in which the codes of one record are told: its own values first, then what
    others make of it.
    """

    MISSING_VALUE = "missing_value"
    ID_FORMAT = "id_format"
    ID_CHECK_DIGIT = "id_check_digit"
    MONEY_FORMAT = "money_format"
    MONEY_COLUMN_TYPE = "money_column_type"
    MONEY_RANGE = "money_range"
    NEGATIVE_AMOUNT = "negative_amount"
    NUMBER_FORMAT = "number_format"
    FLAG_FORMAT = "flag_format"
    DATE_FORMAT = "date_format"
    UNKNOWN_CODE = "unknown_code"
    AMOUNT_MISMATCH = "amount_mismatch"
    LINES_DO_NOT_SUM = "lines_do_not_sum"
    CLAIM_WITHOUT_LINES = "claim_without_lines"
    ORPHAN_LINE = "orphan_line"
    DUPLICATE_SETTLEMENT_ID = "duplicate_settlement_id"
    DUPLICATE_VISIT = "duplicate_visit"
    MESSAGE_USED = "message_used"
    DUPLICATE_LINE = "duplicate_line"
    CLAIM_REJECTED = "claim_rejected"
    LINE_REJECTED = "line_rejected"
    END_BEFORE_BEGIN = "end_before_begin"
    SETTLED_AFTER_NIGHT = "settled_after_night"
    UNKNOWN_PERSON = "unknown_person"
    IDENTITY_MISMATCH = "identity_mismatch"
    NOT_COVERED = "not_covered"
    ENTITLEMENT_ENDED = "entitlement_ended"
    WAITING_PERIOD = "waiting_period"
    UNKNOWN_INSTITUTION = "unknown_institution"
    NO_AGREEMENT = "no_agreement"
    AGREEMENT_SUSPENDED = "agreement_suspended"
    UNKNOWN_ITEM = "unknown_item"
    REFUND_WITHOUT_ORIGINAL = "refund_without_original"
    REFUND_NOT_NEGATIVE = "refund_not_negative"
    REFUND_DIFFERS = "refund_differs"
    PERSON_MISMATCH = "person_mismatch"
    BUCKETS_DO_NOT_SUM = "buckets_do_not_sum"
    REVERSAL_NOT_LAST = "reversal_not_last"
    REVERSAL_UNKNOWN = "reversal_unknown"
    REVERSED_TWICE = "reversed_twice"
    YEAR_CLOSED = "year_closed"
    AMOUNT_OUT_OF_RANGE = "amount_out_of_range"
    LATE = "late"
    NO_POLICY = "no_policy"
    POLICY_NOT_REVIEWED = "policy_not_reviewed"
    NO_TERMS = "no_terms"
    NO_LINE_TERMS = "no_line_terms"
    NOT_SUPPORTED = "not_supported"
    ORIGINAL_PENDING = "original_pending"
    CROSS_REGION_FILING_UNKNOWN = "cross_region_filing_unknown"
    COVER_START_UNKNOWN = "cover_start_unknown"
    NOT_REGISTERED = "not_registered"
    NOT_RECOGNISED = "not_recognised"
    SEGMENT_OUT_OF_ORDER = "segment_out_of_order"
    APPLICATION_TOO_EARLY = "application_too_early"
    APPLIED_ALREADY = "applied_already"
    UNKNOWN_COLUMN = "unknown_column"
    MISSING_COLUMN = "missing_column"
    DUPLICATE_COLUMN = "duplicate_column"
    ID_COLUMN_TYPE = "id_column_type"
    DATE_COLUMN_TYPE = "date_column_type"
    MANIFEST_MISMATCH = "manifest_mismatch"
    FILE_MISSING = "file_missing"
    UNREADABLE = "unreadable"
    ENCODING = "encoding"
    EMPTY = "empty"
    PAGE_CHECKSUM = "page_checksum"


@dataclass(frozen=True, slots=True)
class Reason:
    """One code explained: what is wrong, and what the reader is to do about it."""

    code: Code
    kind: Kind
    zh: str
    en: str
    do_zh: str
    do_en: str


@cache
def reasons() -> Mapping[Code, Reason]:
    """Return every code with its explanation, in the order of `Code`.

    Example:
        >>> reasons()[Code.LATE].kind.value
        'pending'
    """
    text = files("engine.claims").joinpath("reject_codes.yaml").read_text(encoding="utf-8")
    entries: dict[str, dict[str, str]] = _LOADER(text).get_single_data()
    return MappingProxyType({code: _reason(code, entries[code]) for code in Code})


def _reason(code: Code, entry: dict[str, str]) -> Reason:
    return Reason(
        code=code,
        kind=Kind(entry["kind"]),
        zh=entry["zh"],
        en=entry["en"],
        do_zh=entry["do_zh"],
        do_en=entry["do_en"],
    )
