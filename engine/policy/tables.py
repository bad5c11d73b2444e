"""The layout of a compiled policy row: flat int64, read by the settlement kernels.

A row is a header, its counter slots, its layers and then the lists that they point to. Pointers
count from the row's start. Amounts are fen, rates ppm; NONE stands for "there is none".
"""

from enum import IntEnum, IntFlag


class Dimension(IntEnum):
    """What terms may depend on; the last one runs fastest along the rows of an entry."""

    LEVEL = 0
    PERSON_CLASS = 1
    AGE = 2
    TIER = 3
    SEX = 4
    FILING = 5
    DISEASE = 6
    ENROLLED_MONTHS = 7
    CONTRIBUTION_YEARS = 8
    REGISTERED_DISEASES = 9


class RowTerms(IntFlag):
    """Whether a row has terms, and the facts that its rates go by year by year."""

    THERE = 1
    BY_AGE = 2
    BY_CONTRIBUTION_YEARS = 4


class Header(IntEnum):
    """Fields at the start of a row. The slots of linked accounts follow that of the balance."""

    LAYERS = 0
    SLOTS = 1
    SLOT_AT = 2
    LAYER_AT = 3
    ORDINAL_SLOT = 4
    ACCOUNT_AT = 5
    ACCOUNT_COUNT = 6
    BALANCE_SLOT = 7
    CLOSED_ID = 8
    STEPS_MAX = 9
    REGISTRATION_ID = 10
    REGISTRATION_PER = 11
    UNREGISTERED_STATUS = 12
    SEGMENTS = 13
    VISIT_SEGMENTS_SLOT = 14
    VISIT_NUMBER_SLOT = 15
    AFTER_YEAR = 16
    APPLY_BASE_AT = 17
    APPLY_LESS_AT = 18
    FAMILY_COUNT = 19
    HOME_AT = 20
    HOME_COUNT = 21
    HOME_SLOT = 22


class Slot(IntEnum):
    """A counter that the row reads or feeds; `LEVEL_KEY` is its scope where it is kept by level."""

    ID = 0
    TIME = 1
    WITHIN = 2
    COUNTS = 3
    LEVEL_KEY = 4


class SlotTime(IntEnum):
    """For how long a counter counts."""

    LIFE = 0
    YEAR = 1
    MONTH = 2


class SlotWithin(IntEnum):
    """What a counter is kept apart for."""

    ALL = 0
    LEVEL = 1
    DISEASE = 2
    INSTITUTION = 3
    VISIT = 4


class RegistrationPer(IntEnum):
    """What the records of a registration are kept apart by."""

    PERSON = 0
    DISEASE = 1
    INSTITUTION = 2


class Segments(IntEnum):
    """How the bills of one stay go together."""

    OWN_STAYS = 0
    ONE_STAY = 1
    WAIVED = 2


class CoverField(IntEnum):
    """What a cover change leaves of a counter: a share in ppm, NONE if the file does not say."""

    SCHEME = 0
    COUNTER = 1
    SHARE = 2


class SlotCounts(IntEnum):
    """What a counter counts: whole stays, or money in ufen; or the day that it holds."""

    STAYS = 0
    MONEY = 1
    DAY = 2


class LayerField(IntEnum):
    """Fields of a layer. `*_AT` points to a list, `*_COUNT` says how many items it has.

    `STAY_TERMS` is 1 where any of the fields from `ORDINAL_SLOT` to `MOVES_SLOT` is set.
    """

    FUND = 0
    BURDEN = 1
    INCREMENTAL = 2
    TOTAL_SLOT = 3
    BASE_AT = 4
    BASE_COUNT = 5
    METHOD = 6
    AMOUNT_AT = 7
    AMOUNT_COUNT = 8
    YEARLY_MAXIMUM = 9
    DEDUCTIBLE_SLOT = 10
    BAND_AT = 11
    BAND_COUNT = 12
    POSITION_SLOT = 13
    INSIDE = 14
    ROUND_BANDS = 15
    CAP_AT = 16
    CAP_COUNT = 17
    FEED_AT = 18
    FEED_COUNT = 19
    PAYS_OFF_AT = 20
    PAYS_OFF_COUNT = 21
    PRO_RATA = 22
    STAY_TERMS = 23
    ORDINAL_SLOT = 24
    EVERY_DAYS = 25
    WAIVED_DAYS = 26
    WAIVED_SLOT = 27
    UPWARD = 28
    ASKED_SLOT = 29
    TAKEN_SLOT = 30
    MOVES_SLOT = 31
    BILL_SHARE = 32
    PRICE = 33
    LESS = 34
    GUARANTEED = 35
    GUARANTEED_AT = 36
    GUARANTEED_COUNT = 37
    AFTER_DEDUCTIBLE = 38
    POINTS_AT = 39
    POINTS_COUNT = 40
    SHARE_OF_SLOT = 41
    PAID_SLOT = 42
    STAY_BORNE_SLOT = 43
    FINAL_SHARE = 44
    BEFORE_AT = 45
    BEFORE_COUNT = 46


class Upward(IntEnum):
    """What a transfer to a dearer hospital pays of its deductible."""

    DIFFERENCE = 0
    FREE = 1
    FIRST_FREE = 2


class PointsField(IntEnum):
    """Points by the year: `POINTS` (signed) for each of the years that `FACT` (a column) has.

    The years are those above `ABOVE` up to `TO` (NONE: without end), or those missing to `BELOW`.
    """

    POINTS = 0
    FACT = 1
    ABOVE = 2
    TO = 3
    BELOW = 4


class Method(IntEnum):
    """How the deductible is found."""

    NO_DEDUCTIBLE = 0
    PER_STAY = 1
    ANNUAL = 2
    SHARE_OF_BILL = 3
    SHARE_OF_COUNTER = 4


class Measure(IntEnum):
    """What a cap limits and a counter gains."""

    PAYMENT = 0
    COST = 1
    DEDUCTIBLE = 2
    BASE = 3
    COST_ABOVE_DEDUCTIBLE = 4


class BandField(IntEnum):
    """A band: cost up to `TO` (NONE: without end) is paid at `RATE`."""

    TO = 0
    RATE = 1


class CapField(IntEnum):
    """A cap; `SLOT` is NONE for a cap on the claim alone."""

    ON = 0
    AMOUNT = 1
    SLOT = 2


class FeedField(IntEnum):
    """A counter that the layer adds to."""

    SLOT = 0
    MEASURE = 1


class Excess(IntEnum):
    """What is the person's of a price above its ceiling.

    The excess, the whole item, or what still passes the ceiling once the first share is taken off.
    """

    EXCESS = 0
    WHOLE_ITEM = 1
    AFTER_SHARE = 2


class ItemField(IntEnum):
    """What holds for lines of one kind of item. Masks have bit k for member k of their enum.

    `PLAIN` is 1 where nothing is asked of a line but its class, its ceiling and its share.
    """

    OFF_LIST = 0
    OWN_SHARE = 1
    FIRST_PPM = 2
    CEILING_E6 = 3
    EXCESS = 4
    SLICE_AT = 5
    SLICE_COUNT = 6
    WHOLE_PRICE = 7
    DAY_LIMIT = 8
    DAY_LIMIT_ID = 9
    STREAM = 10
    LAST_PPM = 11
    LIMITED = 12
    VISITS = 13
    SEXES = 14
    AGE_FROM = 15
    AGE_TO = 16
    APPROVED = 17
    PLAIN = 18


ITEM_WIDTH = len(ItemField)
HEADER_WIDTH = len(Header)
SLOT_WIDTH = len(Slot)
LAYER_WIDTH = len(LayerField)
BAND_WIDTH = len(BandField)
CAP_WIDTH = len(CapField)
FEED_WIDTH = len(FeedField)
POINTS_WIDTH = len(PointsField)
