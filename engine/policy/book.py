"""All policies at hand: loaded whole, checked whole, looked up by region, scheme and date."""

import datetime
import hashlib
import itertools
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from engine.claims.columns import FAMILY_MAX
from engine.codes.enums import VisitKind
from engine.errors import PolicyError
from engine.periods import date_of_day
from engine.policy import schema
from engine.policy.allowance_terms import AllowanceEntry, read_allowances
from engine.policy.amounts import Amounts, check_bases, days_of_change
from engine.policy.dates import entry_days
from engine.policy.dimensions import DIMENSIONS, ranges_of, read_dimensions
from engine.policy.entitlement_terms import EntitlementEntry, read_entitlement
from engine.policy.event_terms import EventTerms, kept_by_cover_change, read_event_terms
from engine.policy.line_terms import LineEntry
from engine.policy.lines_reader import read_line_terms
from engine.policy.literals import read_fen
from engine.policy.reader import Document, Path_, read_document
from engine.policy.reading import Reading
from engine.policy.terms import Terms
from engine.policy.terms_reader import TermsReader
from engine.policy.values import Cell, NoTerms

SHIPPED = Path(__file__).parent / "data"
SOURCES_FILE = "sources.yaml"
VISITS = {kind.name.lower() for kind in VisitKind}
TIME_SCOPES = {"year", "month", "life"}
BUILT_IN_NAMES = {"account_balance", "year_closed", "register_taken", "claim"} | {
    f"family_{k + 1}" for k in range(FAMILY_MAX)
}


@dataclass(frozen=True)
class Row:
    """One policy row: a combination and its terms, or None where the file has none."""

    cell: Cell
    terms: Terms | None


@dataclass(frozen=True)
class Entry:
    """A dated entry of a benefit, `[begins, ends)` in days, and its rows.

    `place` is its position in the file's history; an entry whose amounts are shares of a base that
    changes is divided there. `rows` holds the product of the members of `used`, the last dimension
    running fastest.
    """

    benefit: str
    place: int
    begins: int
    ends: int
    used: tuple[str, ...]
    rows: tuple[Row, ...]
    asks: EventTerms = field(default_factory=EventTerms)


class Scheme:
    """One policy file, read whole.

    Attributes:
        reversal: what becomes of later settlements when one before them is undone.
        keep_below_fen: below this effect they stand all the same; None where the file says none.

    Raises:
        PolicyError: anything in the file is wrong.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.file = _validated(document)
        self.dimensions = read_dimensions(self.file, document)
        self.visits: dict[str, str] = {}
        self.entries: dict[str, tuple[Entry, ...]] = {}
        _check_counters(self.file, document)
        check_bases(document, self.file.bases)
        for name, benefit in self.file.benefits.items():
            self._add_visits(name, benefit)
            self.entries[name] = tuple(self._entries(name, benefit))
        self.line_entries: tuple[LineEntry, ...] = read_line_terms(
            document, self.file, self.dimensions
        )
        self.reversal, self.keep_below_fen = _reversal(document, self.file)
        self.entitlement: tuple[EntitlementEntry, ...] = read_entitlement(document, self.file)
        self.kept_by_cover_change = kept_by_cover_change(document, self.file)
        self.allowances: dict[str, tuple[AllowanceEntry, ...]] = read_allowances(
            document, self.file
        )

    @property
    def key(self) -> tuple[str, str]:
        """Region and scheme."""
        return self.file.region, self.file.scheme

    @property
    def applications(self) -> list[str]:
        """The benefits that are paid on application, in the file's order."""
        benefits = self.file.benefits.items()
        return [name for name, benefit in benefits if benefit.application is not None]

    @property
    def year_starts(self) -> tuple[int, int]:
        """Month and day on which the insurance year begins."""
        month, day = self.file.insurance_year.split("-")
        return int(month), int(day)

    def ranges(self, dimension: str) -> list[tuple[str, int, int | None]]:
        """Return the members of a dimension of numbers with half-open bounds, lowest first."""
        return ranges_of(self.file, dimension)

    def _add_visits(self, name: str, benefit: schema.Benefit) -> None:
        for k, visit in enumerate(benefit.visits):
            path: Path_ = ("benefits", name, "visits", k)
            if visit not in VISITS:
                raise self.document.error(
                    "unknown_visit",
                    path,
                    f"没有就诊类别 {visit}",
                    f"there is no kind of visit {visit}",
                )
            if visit in self.visits:
                raise self.document.error(
                    "visit_twice",
                    path,
                    f"就诊类别 {visit} 已归待遇 {self.visits[visit]}",
                    f"the visit {visit} belongs to the benefit {self.visits[visit]} already",
                )
            self.visits[visit] = name

    def _entries(self, name: str, benefit: schema.Benefit) -> Iterable[Entry]:
        history = benefit.history
        for k, entry in enumerate(history):
            path: Path_ = ("benefits", name, "history", k)
            following = history[k + 1].begins if k + 1 < len(history) else None
            first, last = entry_days(self.document, path, entry, following)
            asks = read_event_terms(self.document, self.file, name, k)
            said = self.document.value["benefits"][name]["history"][k]
            changes = days_of_change(self.file.bases, said, first, last)
            for begins, ends in itertools.pairwise([first, *changes, last]):
                reader = self._reader(path, entry, date_of_day(begins))
                asked = reader.used()
                used = tuple(d for d in DIMENSIONS if d in asked)
                rows = tuple(self._row(reader, name, cell) for cell in self._cells(used))
                yield Entry(name, k, begins, ends, used, rows, asks)

    def _reader(self, path: Path_, entry: schema.BenefitTerms, day: datetime.date) -> TermsReader:
        amounts = Amounts(self.document, self.file.bases, day)
        return TermsReader(
            Reading(self.document, path, entry, self.file.counters, self.dimensions, amounts)
        )

    def _cells(self, used: tuple[str, ...]) -> Iterable[Cell]:
        for members in itertools.product(*(self.dimensions.members[d] for d in used)):
            yield dict(zip(used, members, strict=True))

    def _row(self, reader: TermsReader, benefit: str, cell: Cell) -> Row:
        try:
            return Row(cell, reader.at(benefit, cell))
        except NoTerms:
            return Row(cell, None)


class PolicyBook:
    """The schemes at hand.

    Attributes:
        schemes: in order of region and scheme.
        hash: SHA-256 of all that the files say, the same on any machine. What they say in another
            order has another hash, as the numbers of the compiled rows follow that order.
    """

    def __init__(self, schemes: Iterable[Scheme]) -> None:
        self.schemes = tuple(sorted(schemes, key=lambda scheme: scheme.key))
        self._by_key = {scheme.key: k for k, scheme in enumerate(self.schemes)}
        if len(self._by_key) != len(self.schemes):
            keys = [scheme.key for scheme in self.schemes]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            raise PolicyError(
                "scheme_twice",
                f"同一险种有两个文件：{twice}",
                f"two files hold one scheme: {twice}",
            )
        said = [scheme.document.value for scheme in self.schemes]
        text = json.dumps(said, ensure_ascii=False, default=str)
        self.hash = hashlib.sha256(text.encode()).hexdigest()

    def index(self, region: str, scheme: str) -> int | None:
        """Return the position of a scheme in `schemes`, or None if there is none."""
        return self._by_key.get((region, scheme))


def cell_text(cell: Mapping[str, str]) -> str:
    """Return the combination of a policy row as a stored settlement names it."""
    return ",".join(f"{name}={member}" for name, member in cell.items())


def load_book(folder: Path = SHIPPED) -> PolicyBook:
    """Return all policies under a folder, or the one of a file.

    Raises:
        PolicyError: any file is refused; it names file, line and reason.
    """
    known = known_sources(folder)
    return PolicyBook(load_scheme(path, folder, known) for path in policy_files(folder))


def policy_files(folder: Path) -> list[Path]:
    """Return the policy files under a folder, or the file itself.

    Raises:
        PolicyError: there is none.
    """
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.yaml"))
    files = [path for path in files if path.name != SOURCES_FILE]
    if not files:
        raise PolicyError(
            "no_policies", f"{folder} 下没有政策文件", f"there is no policy file under {folder}"
        )
    return files


def load_scheme(path: Path, folder: Path, known: Collection[str]) -> Scheme:
    """Return one file's scheme; `folder` is what its name in errors counts from.

    Raises:
        PolicyError: the file is refused, or cites a source that is not known.
    """
    folder = folder.parent if folder.is_file() else folder
    document = read_document(path, path.relative_to(folder).as_posix())
    _check_sources(document, known)
    return Scheme(document)


def source_files(folder: Path) -> list[Path]:
    """Return the lists of sources that the files of a folder may cite: its own, the shipped one."""
    folder = folder.parent if folder.is_file() else folder
    places = dict.fromkeys((folder / SOURCES_FILE, SHIPPED.parent / SOURCES_FILE))
    return [path for path in places if path.is_file()]


def known_sources(folder: Path) -> dict[str, Any]:
    """Return what is listed of each source that the files of a folder may cite, by id.

    Raises:
        PolicyError: a list of sources is none.
    """
    found: dict[str, Any] = {}
    for path in reversed(source_files(folder)):
        document = read_document(path)
        listed = document.value.get("sources") if isinstance(document.value, dict) else None
        if not isinstance(listed, dict):
            raise document.error(
                "sources", (), "没有 sources: 映射", "there is no mapping `sources:`"
            )
        found |= listed
    return found


def _check_sources(document: Document, known: Collection[str]) -> None:
    def walk(value: Any, path: Path_) -> None:
        if isinstance(value, dict):
            source = value.get("source")
            if isinstance(source, str) and source.split("#")[0] not in known:
                raise document.error(
                    "unknown_source",
                    (*path, "source"),
                    f"sources.yaml 中没有来源 {source}",
                    f"sources.yaml holds no source {source}",
                )
            for key, child in value.items():
                walk(child, (*path, key))
        elif isinstance(value, list):
            for k, child in enumerate(value):
                walk(child, (*path, k))

    walk(document.value, ())


def _validated(document: Document) -> schema.SchemeFile:
    try:
        return schema.SchemeFile.model_validate(document.value)
    except ValidationError as error:
        first = error.errors()[0]
        path = tuple(part for part in first["loc"])
        place = ".".join(str(part) for part in path)
        raise document.error(
            "shape", path, f"{place}：{first['msg']}", f"{place}: {first['msg']}"
        ) from error


def _reversal(document: Document, file: schema.SchemeFile) -> tuple[str, int | None]:
    rule = file.reversal
    if not isinstance(rule, schema.KeepBelow):
        return rule, None
    return rule.otherwise, read_fen(document, rule.keep_below, ("reversal", "keep_below"))


def _check_counters(file: schema.SchemeFile, document: Document) -> None:
    for name, counter in file.counters.items():
        times = TIME_SCOPES.intersection(counter.scope)
        within = [part for part in counter.scope if part not in TIME_SCOPES]
        once = len(times) + len(within) == len(counter.scope)
        if len(times) != 1 or len(within) > 1 or not once or name in BUILT_IN_NAMES:
            raise document.error(
                "counter_scope",
                ("counters", name),
                "scope 须恰有 year、month、life 之一，另最多一个 level、disease、institution；"
                f"名称不得为内置名 {sorted(BUILT_IN_NAMES)}",
                "scope has exactly one of year, month, life and at most one of level, disease, "
                f"institution; the name must not be a built-in one {sorted(BUILT_IN_NAMES)}",
            )


def parse_scheme(value: str, name: str) -> Scheme:
    """Return a scheme from the text of a policy file, such as one inside a case file."""
    return Scheme(Document(name, value))


def dump_scheme(value: Mapping[str, Any]) -> str:
    """Return a policy mapping as the YAML text that `parse_scheme` reads."""
    return yaml.dump(dict(value), Dumper=_Dumper, allow_unicode=True, sort_keys=False)


class _Dumper(yaml.SafeDumper):
    """Writes an object that stands twice out twice: `parse_scheme` reads no references."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class gives it
        return True
