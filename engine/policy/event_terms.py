"""Reads what a benefit asks beside its layers: registration, segments of a stay, application."""

from dataclasses import dataclass, replace

from engine.errors import PolicyError
from engine.money import PPM
from engine.policy import schema
from engine.policy.literals import read_rate
from engine.policy.reader import Document, Path_
from engine.policy.terms import LayerTerms, Terms

VISIT_SEGMENTS = "visit_segments"
VISIT_NUMBER = "visit_number"
VISIT_DEDUCTIBLE = "visit_deductible"
VISIT_COST = "visit_cost"
REGISTRATION = "registration"
STAY_KEYS = ("ordinal", "every_days", "waived", "transfer")


@dataclass(frozen=True)
class Gate:
    """The registration that a claim must have."""

    name: str
    kind: str
    per: str


@dataclass(frozen=True)
class ApplicationTerms:
    """The counters that make up the cost of an application, and those taken off."""

    base: tuple[str, ...]
    less: tuple[str, ...]
    after_year: bool


@dataclass(frozen=True)
class EventTerms:
    """What a dated entry asks beside its layers.

    Attributes:
        segments: `own_stays`, `one_stay` or `waived`; None: bills of a part are not settled.
    """

    gate: Gate | None = None
    segments: str | None = None
    application: ApplicationTerms | None = None

    @property
    def joins_segments(self) -> bool:
        """Whether what a stay has borne is kept from bill to bill."""
        return self.segments in {"one_stay", "waived"}

    def counters(self) -> list[str]:
        """Return the counters that these terms read and set themselves, but for those of layers."""
        found = [VISIT_SEGMENTS, VISIT_NUMBER] if self.joins_segments else []
        if self.application is not None:
            found += [*self.application.base, *self.application.less]
        return found


def kept_by_stay(layer: str) -> tuple[str, str]:
    """Return the built-in counters of a layer's deductible and cost within one stay."""
    return f"{VISIT_DEDUCTIBLE}.{layer}", f"{VISIT_COST}.{layer}"


def joined_by_stay(terms: Terms) -> Terms:
    """Return terms whose deductibles and band positions go on from segment to segment of a stay."""
    return replace(terms, layers=tuple(_joined(layer) for layer in terms.layers))


def _joined(layer: LayerTerms) -> LayerTerms:
    borne, cost = kept_by_stay(layer.name)
    if layer.incremental:
        return layer
    feeds = layer.feeds
    if layer.method == "per_stay":
        layer = replace(layer, stay_borne=borne)
        feeds = (*feeds, (borne, "deductible"))
    if layer.position is None:
        measure = "cost" if layer.deductible_inside else "cost_above_deductible"
        layer = replace(layer, position=cost)
        feeds = (*feeds, (cost, measure))
    return replace(layer, feeds=feeds)


def registration_counter(name: str) -> str:
    """Return the built-in counter that holds a registration."""
    return f"{REGISTRATION}.{name}"


def built_in_counters(file: schema.SchemeFile) -> list[str]:
    """Return the names of all counters that a file's registrations and segments need."""
    found = [registration_counter(name) for name in file.registrations]
    entries = [entry for benefit in file.benefits.values() for entry in benefit.history]
    joined = [entry for entry in entries if entry.segments in {"one_stay", "waived"}]
    if joined:
        layers = dict.fromkeys(layer.name for entry in joined for layer in entry.layers)
        found += [VISIT_SEGMENTS, VISIT_NUMBER]
        found += [name for layer in layers for name in kept_by_stay(layer)]
    return found


def read_event_terms(
    document: Document, file: schema.SchemeFile, benefit: str, place: int
) -> EventTerms:
    """Return what a benefit's dated entry at a place asks beside its layers.

    Raises:
        PolicyError: it names what the file does not declare, or terms that do not go together.
    """
    return _Reader(document, file, benefit, place).terms()


def kept_by_cover_change(document: Document, file: schema.SchemeFile) -> dict[str, int | None]:
    """Return the share of each counter that a cover change leaves, None where the file is silent.

    Raises:
        PolicyError: what is converted is no money, or the share is no rate.
    """
    return {name: _kept(document, name, counter) for name, counter in file.counters.items()}


def _kept(document: Document, name: str, counter: schema.Counter) -> int | None:
    rule = counter.on_cover_change
    if not isinstance(rule, schema.Converted):
        return None if rule is None else {"carry": PPM, "reset": 0}[rule]
    path: Path_ = ("counters", name, "on_cover_change", "convert")
    if counter.counts != "money":
        raise document.error(
            "counter_converted",
            path,
            f"只有金额可以折算，{name} 不是金额",
            f"only money can be converted, and {name} counts something else",
        )
    return read_rate(document, rule.convert, path)


class _Reader:
    def __init__(
        self, document: Document, file: schema.SchemeFile, benefit: str, place: int
    ) -> None:
        self._document = document
        self._file = file
        self._benefit = file.benefits[benefit]
        self._entry = self._benefit.history[place]
        self._path: Path_ = ("benefits", benefit, "history", place)

    def terms(self) -> EventTerms:
        self._check_taken()
        return EventTerms(self._gate(), self._segments(), self._application())

    def _error(self, code: str, path: Path_, zh: str, en: str) -> PolicyError:
        return self._document.error(code, path, zh, en)

    def _check_taken(self) -> None:
        if bool(self._benefit.visits) == (self._benefit.application is not None):
            raise self._error(
                "benefit_taken",
                self._path[:2],
                "待遇须写 visits 或 application，且只写其一",
                "a benefit has either `visits` or `application`",
            )

    def _gate(self) -> Gate | None:
        name = self._entry.requires
        if name is None:
            return None
        declared = self._file.registrations.get(name)
        if declared is None:
            raise self._error(
                "unknown_registration",
                (*self._path, "requires"),
                f"registrations 中没有声明 {name}",
                f"registrations does not declare {name}",
            )
        return Gate(name, declared.kind, declared.per)

    def _segments(self) -> str | None:
        segments = self._entry.segments
        for k, layer in enumerate(self._entry.layers):
            deductible = layer.deductible
            clashes = [key for key in STAY_KEYS if getattr(deductible, key) is not None]
            clashes += ["method"] if deductible.method == "share_of_bill" else []
            clashes += ["price"] if layer.price is not None else []
            if clashes and segments in {"one_stay", "waived"}:
                raise self._error(
                    "segments_shape",
                    (*self._path, "layers", k),
                    f"segments: {segments} 不能与 {clashes} 并用",
                    f"segments: {segments} does not go with {clashes}",
                )
        return segments

    def _application(self) -> ApplicationTerms | None:
        given = self._benefit.application
        if given is None:
            return None
        place = (*self._path[:2], "application")
        for name in (*given.base, *given.less):
            self._check_counter(name, "money", place)
        self._check_counter(self._entry.ordinal or "", "stays", (*self._path, "ordinal"))
        surplus = [
            name
            for name in ("account", "requires", "segments", "home_first_share")
            if getattr(self._entry, name, None) is not None
        ]
        if surplus or any(layer.mode != "per_claim" for layer in self._entry.layers):
            raise self._error(
                "application_shape",
                self._path,
                f"申请类待遇的各层须是 per_claim，且不用 {surplus}",
                f"the layers of an application are per_claim, and it has no use for {surplus}",
            )
        return ApplicationTerms(tuple(given.base), tuple(given.less), given.when == "after_year")

    def _check_counter(self, name: str, counts: str, path: Path_) -> None:
        counter = self._file.counters.get(name)
        if counter is None or counter.counts != counts or counter.scope != ["year"]:
            raise self._error(
                "unknown_counter",
                path,
                f"申请须用 counters 中声明的、scope 为 [year]、counts 为 {counts} 的计数器，"
                f"{name or '未写'} 不是",
                f"an application needs a declared counter of {counts} with scope [year]; "
                f"{name or 'nothing'} is not one",
            )
