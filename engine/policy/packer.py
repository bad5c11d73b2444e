"""Lays one policy row out as the flat integers that `tables` describes."""

import hashlib

from engine.claims.columns import (
    COUNTER_ID,
    COUNTER_YEAR,
    FAMILY_MAX,
    NONE,
    Event,
    Status,
    Stream,
)
from engine.claims.keys import content_key
from engine.codes.enums import Fund
from engine.policy import tables as t
from engine.policy.book import Entry, Row, Scheme
from engine.policy.event_terms import (
    VISIT_NUMBER,
    VISIT_SEGMENTS,
    joined_by_stay,
    registration_counter,
)
from engine.policy.extras import steps_of_extras
from engine.policy.terms import Extras, Terms, YearlyPoints

BALANCE = "account_balance"
FAMILY = tuple(f"family_{k + 1}" for k in range(FAMILY_MAX))
ACCOUNTS = (BALANCE, *FAMILY)
CLOSED = "year_closed"
TAKEN = "register_taken"
STEPS_BESIDES_LAYERS = 4 + len(Stream)  # the share before the local rules, the other streams
STEPS_IN_LAYER = 6
METHODS = {
    "none": t.Method.NO_DEDUCTIBLE,
    "per_stay": t.Method.PER_STAY,
    "annual": t.Method.ANNUAL,
    "share_of_bill": t.Method.SHARE_OF_BILL,
    "share_of_counter": t.Method.SHARE_OF_COUNTER,
}
UPWARD = {
    "difference": t.Upward.DIFFERENCE,
    "none": t.Upward.FREE,
    "first_free": t.Upward.FIRST_FREE,
}
UNREGISTERED = {
    "registration": Status.NOT_REGISTERED,
    "recognition": Status.NOT_RECOGNISED,
}
PER = {"age": Event.AGE, "contribution_years": Event.CONTRIBUTION_YEARS}


def counter_id(region: str, scheme: str, name: str) -> int:
    """Return the id of a counter, the same in every book and on every machine; below 2**38."""
    digest = hashlib.sha256(f"{region}/{scheme}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 26


def packed(region: str, scheme: str, name: str, year: int, month: int) -> int:
    """Return a counter's number in the engine."""
    return counter_id(region, scheme, name) * COUNTER_ID + year * COUNTER_YEAR + month


def counter_form(scheme: Scheme, name: str) -> tuple[str, str, str]:
    """Return for how long a counter counts, what it is kept apart for, and what it counts."""
    if name == BALANCE or name in FAMILY:
        return "life", "all", "money"
    counter = scheme.file.counters.get(name)
    if counter is None:
        return "life", "visit", "stays" if name in {VISIT_SEGMENTS, VISIT_NUMBER} else "money"
    time = next(part for part in counter.scope if part in {"year", "month", "life"})
    within = next((part for part in counter.scope if part != time), "all")
    return time, within, counter.counts


class RowPacker:
    """Lays out one row; lists are appended behind the fixed part as layers need them."""

    def __init__(self, scheme: Scheme, entry: Entry, row: Row, terms: Terms) -> None:
        self._scheme = scheme
        self._asks = entry.asks
        self._level = row.cell.get("level")
        self._terms = joined_by_stay(terms) if entry.asks.joins_segments else terms
        self.slots: list[str] = []
        for name in self._used_counters():
            if name not in self.slots:
                self.slots.append(name)

    def _used_counters(self) -> list[str]:
        terms = self._terms
        found = [] if terms.ordinal is None else [terms.ordinal]
        found += self._asks.counters()
        for layer in terms.layers:
            found += [counter for counter, _ in layer.feeds] + layer.extras.counters()
        if terms.home is not None and terms.home.counter is not None:
            found.append(terms.home.counter)
        # The slots of the accounts stand last and in this order.
        return found + ([BALANCE, *FAMILY[: terms.account.family]] if terms.account else [])

    def pack(self) -> list[int]:
        """Return the row."""
        terms = self._terms
        slot_at = t.HEADER_WIDTH
        layer_at = slot_at + t.SLOT_WIDTH * len(self.slots)
        self._tail: list[int] = []
        self._tail_at = layer_at + t.LAYER_WIDTH * len(terms.layers)
        pays = () if terms.account is None else terms.account.pays
        account_at = self._list(list(pays))
        layers = [field for k in range(len(terms.layers)) for field in self._layer(k)]
        head = [NONE] * t.HEADER_WIDTH
        head[t.Header.LAYERS] = len(terms.layers)
        head[t.Header.SLOTS] = len(self.slots)
        head[t.Header.SLOT_AT] = slot_at
        head[t.Header.LAYER_AT] = layer_at
        head[t.Header.ORDINAL_SLOT] = self._slot(terms.ordinal)
        head[t.Header.ACCOUNT_AT] = account_at
        head[t.Header.ACCOUNT_COUNT] = len(pays)
        head[t.Header.FAMILY_COUNT] = 0 if terms.account is None else terms.account.family
        head[t.Header.BALANCE_SLOT] = self._slot(BALANCE if terms.account else None)
        head[t.Header.CLOSED_ID] = counter_id(*self._scheme.key, CLOSED) * COUNTER_ID
        head[t.Header.STEPS_MAX] = self._steps_max()
        self._gate(head)
        self._application(head)
        if self._asks.segments is not None:
            head[t.Header.SEGMENTS] = t.Segments[self._asks.segments.upper()]
        if self._asks.joins_segments:
            head[t.Header.VISIT_SEGMENTS_SLOT] = self._slot(VISIT_SEGMENTS)
            head[t.Header.VISIT_NUMBER_SLOT] = self._slot(VISIT_NUMBER)
        self._home(head)
        slots = [field for name in self.slots for field in self._slot_fields(name)]
        return head + slots + layers + self._tail

    def _gate(self, head: list[int]) -> None:
        gate = self._asks.gate
        if gate is not None:
            counter = registration_counter(gate.name)
            head[t.Header.REGISTRATION_ID] = counter_id(*self._scheme.key, counter) * COUNTER_ID
            head[t.Header.REGISTRATION_PER] = t.RegistrationPer[gate.per.upper()]
            head[t.Header.UNREGISTERED_STATUS] = UNREGISTERED[gate.kind]

    def _application(self, head: list[int]) -> None:
        terms = self._asks.application
        if terms is not None:
            head[t.Header.AFTER_YEAR] = int(terms.after_year)
            for field, names in (
                (t.Header.APPLY_BASE_AT, terms.base),
                (t.Header.APPLY_LESS_AT, terms.less),
            ):
                head[field] = self._list([*map(self._slot, names), NONE])

    def _home(self, head: list[int]) -> None:
        home = self._terms.home
        head[t.Header.HOME_AT] = self._list([] if home is None else list(home.rates_ppm))
        head[t.Header.HOME_COUNT] = 0 if home is None else len(home.rates_ppm)
        head[t.Header.HOME_SLOT] = self._slot(None if home is None else home.counter)

    def _steps_max(self) -> int:
        in_layers = sum(
            STEPS_IN_LAYER + len(layer.bands) + len(layer.pays_off) + steps_of_extras(layer.extras)
            for layer in self._terms.layers
        )
        account = self._terms.account
        payers = 0 if account is None else (1 + account.family) * (1 + len(account.before))
        return STEPS_BESIDES_LAYERS + len(self.slots) + in_layers + payers

    def _list(self, values: list[int]) -> int:
        at = self._tail_at + len(self._tail)
        self._tail.extend(values)
        return at

    def _slot(self, name: str | None) -> int:
        return NONE if name is None else self.slots.index(name)

    def _slot_fields(self, name: str) -> list[int]:
        time, within, counts = counter_form(self._scheme, name)
        fields = [0] * t.SLOT_WIDTH
        fields[t.Slot.ID] = counter_id(*self._scheme.key, name) * COUNTER_ID
        fields[t.Slot.TIME] = t.SlotTime[time.upper()]
        fields[t.Slot.WITHIN] = t.SlotWithin[within.upper()]
        fields[t.Slot.LEVEL_KEY] = content_key(self._level)
        fields[t.Slot.COUNTS] = t.SlotCounts[counts.upper()]
        return fields

    def _layer(self, k: int) -> list[int]:
        f, layer, account = t.LayerField, self._terms.layers[k], self._terms.account
        fields = [NONE] * t.LAYER_WIDTH
        fields[f.FUND] = Fund[layer.fund.upper()]
        fields[f.BURDEN] = int(layer.burden)
        fields[f.INCREMENTAL] = int(layer.incremental)
        fields[f.TOTAL_SLOT] = self._slot(layer.total)
        fields[f.BASE_AT], fields[f.BASE_COUNT] = self._list(list(layer.base)), len(layer.base)
        fields[f.METHOD] = METHODS[layer.method]
        fields[f.AMOUNT_AT] = self._list(list(layer.deductibles_fen))
        fields[f.AMOUNT_COUNT] = len(layer.deductibles_fen)
        maximum = layer.yearly_maximum_fen
        fields[f.YEARLY_MAXIMUM] = NONE if maximum is None else maximum
        fields[f.DEDUCTIBLE_SLOT] = self._slot(layer.deductible_counter)
        bands = [(NONE if b.to_fen is None else b.to_fen, b.rate_ppm) for b in layer.bands]
        fields[f.BAND_AT] = self._list([value for band in bands for value in band])
        fields[f.BAND_COUNT] = len(bands)
        fields[f.POSITION_SLOT] = self._slot(layer.position)
        fields[f.INSIDE] = int(layer.deductible_inside)
        fields[f.ROUND_BANDS] = int(layer.round_bands)
        caps = [
            (t.Measure[cap.on.upper()], cap.amount_fen, self._slot(cap.counter))
            for cap in layer.caps
            if cap.amount_fen is not None
        ]
        fields[f.CAP_AT] = self._list([int(value) for cap in caps for value in cap])
        fields[f.CAP_COUNT] = len(caps)
        feeds = [(self._slot(name), t.Measure[measure.upper()]) for name, measure in layer.feeds]
        fields[f.FEED_AT] = self._list([int(value) for feed in feeds for value in feed])
        fields[f.FEED_COUNT] = len(feeds)
        fields[f.PAYS_OFF_AT] = self._list(list(layer.pays_off))
        fields[f.PAYS_OFF_COUNT] = len(layer.pays_off)
        fields[f.PAID_SLOT] = self._slot(layer.paid)
        fields[f.STAY_BORNE_SLOT] = self._slot(layer.stay_borne)
        fields[f.SHARE_OF_SLOT] = self._slot(layer.extras.share_of)
        before = () if account is None else account.before[k]
        fields[f.BEFORE_AT], fields[f.BEFORE_COUNT] = self._list(list(before)), len(before)
        self._extras(layer.extras, fields)
        return [int(value) for value in fields]

    def _extras(self, extras: Extras, fields: list[int]) -> None:
        f = t.LayerField
        fields[f.PRO_RATA] = int(extras.pro_rata)
        fields[f.FINAL_SHARE] = int(extras.final_share)
        fields[f.LESS] = extras.less_fen or 0
        for field, value in (
            (f.EVERY_DAYS, extras.every_days),
            (f.BILL_SHARE, extras.counter_share_ppm if extras.share_of else extras.bill_share_ppm),
            (f.PRICE, extras.price_fen),
        ):
            fields[field] = NONE if value is None else value
        self._stay_terms(extras, fields)
        if extras.guaranteed is not None:
            fields[f.GUARANTEED] = extras.guaranteed.rate_ppm
            fields[f.GUARANTEED_AT] = self._list(list(extras.guaranteed.of))
            fields[f.GUARANTEED_COUNT] = len(extras.guaranteed.of)
            fields[f.AFTER_DEDUCTIBLE] = int(extras.guaranteed.after_deductible)
        points = [value for one in extras.points for value in _points(one)]
        fields[f.POINTS_AT], fields[f.POINTS_COUNT] = self._list(points), len(extras.points)

    def _stay_terms(self, extras: Extras, fields: list[int]) -> None:
        f = t.LayerField
        stay_terms = (extras.ordinal, extras.every_days, extras.waived, extras.transfer)
        fields[f.STAY_TERMS] = int(any(term is not None for term in stay_terms))
        fields[f.ORDINAL_SLOT] = self._slot(extras.ordinal)
        if extras.waived is not None:
            fields[f.WAIVED_DAYS] = extras.waived.within_days
            fields[f.WAIVED_SLOT] = self._slot(extras.waived.counter)
        if extras.transfer is not None:
            fields[f.UPWARD] = UPWARD[extras.transfer.upward]
            fields[f.ASKED_SLOT] = self._slot(extras.transfer.asked)
            fields[f.TAKEN_SLOT] = self._slot(extras.transfer.taken)
            fields[f.MOVES_SLOT] = self._slot(extras.transfer.moves)


def _points(said: YearlyPoints) -> list[int]:
    points = said.points_ppm if said.adds else -said.points_ppm
    bounds = [NONE if bound is None else bound for bound in (said.above, said.to, said.below)]
    return [points, PER[said.per], *bounds]
