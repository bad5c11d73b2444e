"""The column lists that every part shares: one event in, one result, its trace and the state out.

Rows are int64. Money is fen, counters of money are millionths of a fen (ufen), rates are ppm,
days count from 1970-01-01, instants are seconds from there in the bureau's local time. The policy
language may grow; these records should not have to, so they are wider than today's language.
"""

from enum import IntEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
"""An array of int64."""

LAYERS_MAX = 8
FAMILY_MAX = 4
FUNDS_COUNT = 9
STREAMS_COUNT = 4
UFEN = 1_000_000
NONE = -1


class EventKind(IntEnum):
    """What happened. A fold takes one person's events in order."""

    CLAIM = 0
    REVERSAL = 1
    CLASS_CHANGE = 2
    COVER_CHANGE = 3
    REGISTRATION = 4
    ACCOUNT_CREDIT = 5
    FAMILY_LINK = 6
    APPLICATION = 7
    YEAR_CLOSE = 8
    SETTLED_BEFORE = 9
    ALLOWANCE = 10


class Stream(IntEnum):
    """Where a priced line's cost goes; each stream has its four buckets in the event."""

    ORDINARY = 0
    FINAL_SHARE = 1
    SEPARATE = 2
    EXCLUDED = 3


class Bucket(IntEnum):
    """The four buckets that a line is split into."""

    OFF_LIST = 0
    OVER_PRICE = 1
    FIRST_SHARE = 2
    COVERED = 3


class Filing(IntEnum):
    """Where care is given, as the insuring region sees it; NONE in an event: not known.

    `NOT_NETWORKED` is care in a hospital that settles with no insuring region directly.
    """

    LOCAL = 0
    LONG_TERM = 1
    TRANSFER = 2
    EMERGENCY = 3
    TEMPORARY = 4
    NOT_FILED = 5
    NOT_NETWORKED = 6


class EventFlag(IntEnum):
    """Bits of `Event.FLAGS`.

    PAID_TO_PERSON: the patient has paid the bill and is paid instead. REGISTERED: the bureau's
    register held, when care began, the registration that the claim's terms ask for. OF_REGISTER: an
    event that the bureau's register brings, and that is noted as taken. WAITS: care began while a
    person who had joined anew had no benefits yet; COVER_START_UNKNOWN: terms ask for that, and
    nothing says when the person joined.
    """

    ACCOUNT_USED = 1
    INTERIM = 2
    TRANSFER = 4
    SETTLED_ONLINE = 8
    EMERGENCY = 16
    PAID_TO_PERSON = 32
    REGISTERED = 64
    OF_REGISTER = 128
    WAITS = 256
    COVER_START_UNKNOWN = 512


class Event(IntEnum):
    """One event: a claim segment with its buckets priced, or another kind.

    `ORDER_TIME` and `ORDER_TIE` put a person's events in order; `SETTLED_DAY` is the day of
    settlement, which a late claim's place in the order does not follow. `SCHEME` and `POLICY_ROW`
    are positions in the compiled book, `YEAR` the insurance year and `MONTH` the calendar month
    (yyyymm) of the claim date. `REF` is the row of the event that a reversal undoes. `LINE_RULE` is
    the rule that prices its lines, or the negative of a Status. `AMOUNT` is the credit, grant or
    application amount of other kinds; `ARG` is the class, the year or the registration that they
    name. `BUCKETS` opens STREAMS_COUNT x 4 amounts in fen, stream-major;
    `TIER` and `DISEASE_GROUP` are positions in the scheme's file, `SEX` is a `codes.enums.Sex`; the
    numbers after them are as of the claim date. NONE: not known.
    `FINAL_FUND` is the fund's exact part of the final-share stream in ufen.
    """

    KIND = 0
    PERSON = 1
    ORDER_TIME = 2
    ORDER_TIE = 3
    REF = 4
    INSTITUTION = 5
    VISIT = 6
    SEGMENT = 7
    VISIT_KIND = 8
    SCHEME = 9
    POLICY_ROW = 10
    YEAR = 11
    MONTH = 12
    BEGIN_DAY = 13
    END_DAY = 14
    SETTLED_DAY = 15
    LEVEL = 16
    PRICE_LEVEL = 17
    PERSON_CLASS = 18
    AGE = 19
    TIER = 20
    FILING = 21
    DISEASE = 22
    DISEASE_GROUP = 23
    SEX = 24
    ENROLLED_MONTHS = 25
    CONTRIBUTION_YEARS = 26
    REGISTERED_DISEASES = 27
    FLAGS = 28
    LINE_RULE = 29
    AMOUNT = 30
    ARG = 31
    TOTAL = 32
    FIXED_PRICE = 33
    FINAL_FUND = 34
    BUCKETS = 35


EVENT_WIDTH = Event.BUCKETS + STREAMS_COUNT * 4


class Part(IntEnum):
    """The burden vector: where a claim's money lies until somebody pays it.

    `DEDUCTIBLE`, `COPAY` and `OVER_CAP` open LAYERS_MAX slots each, one per layer.
    """

    OFF_LIST = 0
    OVER_PRICE = 1
    FIRST_SHARE = 2
    HOME_FIRST_SHARE = 3
    COVERED = 4
    FINAL_SHARE = 5
    SEPARATE = 6
    EXCLUDED = 7
    DEDUCTIBLE = 8
    COPAY = DEDUCTIBLE + LAYERS_MAX
    OVER_CAP = COPAY + LAYERS_MAX


PARTS_COUNT = Part.OVER_CAP + LAYERS_MAX


class Lines(NamedTuple):
    """Bill lines as pricing reads them: integer arrays of one length, lines by claim.

    claim: row of the line's event; item: dense position in the catalogue's items (NONE: not
    matched); quantity_e4, price_e6 (1e-6 yuan), amount (fen), of a refund line below zero; day:
    when it was charged, of a refund line the day of its original; approved: 1 where the hospital
    approved a limited use; stream: a Stream that the bill itself states, NONE: the terms decide;
    final_ppm: the person's final share where that is FINAL_SHARE.
    """

    claim: Ints
    item: Ints
    quantity_e4: Ints
    price_e6: Ints
    amount: Ints
    day: Ints
    approved: Ints
    stream: Ints
    final_ppm: Ints


class PricedLines(NamedTuple):
    """What pricing makes of lines: four buckets in fen that sum to the amount, line by line.

    row: the catalogue row used (NONE: not matched); stream: where the covered rest goes, and
    last_ppm the person's final share of it; limit, limit_fen: the day limit it falls under.
    """

    row: Ints
    off_list: Ints
    over_price: Ints
    first_share: Ints
    covered: Ints
    stream: Ints
    last_ppm: Ints
    limit: Ints
    limit_fen: Ints


class Status(IntEnum):
    """What became of an event; all but SETTLED name a code of `reject_codes.yaml`."""

    SETTLED = 0
    NO_POLICY = 1
    POLICY_NOT_REVIEWED = 2
    NO_TERMS = 3
    BUCKETS_DO_NOT_SUM = 4
    REVERSAL_NOT_LAST = 5
    REVERSAL_UNKNOWN = 6
    REVERSED_TWICE = 7
    YEAR_CLOSED = 8
    NOT_SUPPORTED = 9
    AMOUNT_OUT_OF_RANGE = 10
    UNKNOWN_ITEM = 11
    NO_LINE_TERMS = 12
    CROSS_REGION_FILING_UNKNOWN = 13
    NOT_REGISTERED = 14
    NOT_RECOGNISED = 15
    SEGMENT_OUT_OF_ORDER = 16
    APPLICATION_TOO_EARLY = 17
    APPLIED_ALREADY = 18
    WAITING_PERIOD = 19
    COVER_START_UNKNOWN = 20


class Result(IntEnum):
    """What the fold returns for an event, in fen. A reversal is the exact negative of its original.

    `ORIGINAL` is the place in the results of what it undoes, NONE where it undoes nothing, and
    `settlement.desk.EARLIER` - k for settlement k of earlier nights.
    `FUND` opens FUNDS_COUNT amounts in the order of `codes.enums.Fund`; `LAYER_PAID` and
    `CAP_LEFT` open LAYERS_MAX each (cap left before payment, NONE where the layer has no cap).
    Identity: TOTAL = sum of FUND + ACCOUNT + CASH + HOSPITAL_PART; FAMILY lies inside ACCOUNT.
    """

    EVENT = 0
    STATUS = 1
    KIND = 2
    PERSON = 3
    YEAR = 4
    POLICY_ROW = 5
    ORDINAL = 6
    ORIGINAL = 7
    TOTAL = 8
    OFF_LIST = 9
    OVER_PRICE = 10
    FIRST_SHARE = 11
    COVERED = 12
    DEDUCTIBLE = 13
    FUND = 14
    FUND_TOTAL = FUND + FUNDS_COUNT
    ACCOUNT = FUND_TOTAL + 1
    FAMILY = FUND_TOTAL + 2
    CASH = FUND_TOTAL + 3
    PERSON_TOTAL = FUND_TOTAL + 4
    HOSPITAL_PART = FUND_TOTAL + 5
    LAYER_PAID = FUND_TOTAL + 6
    CAP_LEFT = LAYER_PAID + LAYERS_MAX


RESULT_WIDTH = Result.CAP_LEFT + LAYERS_MAX


class Step(IntEnum):
    """Codes of trace steps. A trace is a list of triples (key, basis, amount).

    key = code + 64 x layer + 4096 x index, plus STEP_UFEN where basis and amount are ufen
    instead of fen. `index` is the band, the part or the counter slot of the policy row.
    """

    ORDINAL = 0
    DEDUCTIBLE = 1
    BAND = 2
    COST_LIMIT = 3
    CAP = 4
    PAYMENT = 5
    PAYS_OFF = 6
    ACCOUNT = 7
    FEED = 8
    HOSPITAL = 9
    REVERSAL = 10
    ANNUAL = 11
    POINTS = 20
    LESS = 21
    GUARANTEED = 22
    TRANSFER = 23
    WAIVED = 24
    PERIODS = 25
    FAMILY = 26
    STREAM = 27
    HOME_SHARE = 28


STEP_LAYER = 64
STEP_INDEX = 4096
STEP_UFEN = 1 << 40
STEP_WIDTH = 3


class State(IntEnum):
    """One counter of one person. `COUNTER` packs the counter's id, year and month.

    `SCOPE` is the level, disease or institution of a counter scoped so, else 0. `VALUE` is ufen
    for counters of money and a plain count for counters of stays.
    """

    PERSON = 0
    COUNTER = 1
    SCOPE = 2
    VALUE = 3


STATE_WIDTH = len(State)
COUNTER_YEAR = 1 << 8
YEAR_OF_MONTH = 100
COUNTER_ID = 1 << 24


class Adjustment(IntEnum):
    """Where the declared, recognised and paid amounts of one fund part company.

    A settlement without such a row has all three equal to its result; `EVENT` is its row.
    """

    EVENT = 0
    FUND = 1
    DECLARED = 2
    RECOGNISED = 3
    PAID = 4
    REASON = 5
