"""All policies at hand: loaded whole, checked whole, looked up by region, scheme and date."""

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from engine.codes.enums import PersonType, VisitKind
from engine.errors import PolicyError
from engine.periods import day_number
from engine.policy import schema
from engine.policy.line_terms import LineEntry, read_line_terms
from engine.policy.reader import Document, Path_, read_document
from engine.policy.terms import Terms
from engine.policy.terms_reader import TermsReader
from engine.policy.values import Cell, Dimensions, NoTerms

SHIPPED = Path(__file__).parent / "data"
SOURCES_FILE = "sources.yaml"
DIMENSIONS = ("level", "person_class", "age")


@dataclass(frozen=True)
class Row:
    """One policy row: a combination and its terms, or None where the file has none."""

    cell: Cell
    terms: Terms | None


@dataclass(frozen=True)
class Entry:
    """A dated entry of a benefit, `[begins, ends)` in days, and its rows.

    `rows` holds the product of the members of `used`, the last dimension running fastest.
    """

    benefit: str
    begins: int
    ends: int
    used: tuple[str, ...]
    rows: tuple[Row, ...]


class Scheme:
    """One policy file, read whole.

    Raises:
        PolicyError: anything in the file is wrong.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.file = _validated(document)
        self.dimensions = _dimensions(self.file, document)
        self.visits: dict[str, str] = {}
        self.entries: dict[str, tuple[Entry, ...]] = {}
        _check_counters(self.file, document)
        for name, benefit in self.file.benefits.items():
            self._add_visits(name, benefit)
            self.entries[name] = tuple(self._entries(name, benefit))
        self.line_entries: tuple[LineEntry, ...] = read_line_terms(
            document, self.file, self.dimensions
        )

    @property
    def key(self) -> tuple[str, str]:
        """Region and scheme."""
        return self.file.region, self.file.scheme

    @property
    def year_starts(self) -> tuple[int, int]:
        """Month and day on which the insurance year begins."""
        month, day = self.file.insurance_year.split("-")
        return int(month), int(day)

    def ages(self) -> list[tuple[str, int, int | None]]:
        """Return the age members with their half-open bounds, youngest first."""
        found = [(name, bounds[0] or 0, bounds[1]) for name, bounds in self.file.ages.items()]
        return sorted(found, key=lambda item: item[1])

    def _add_visits(self, name: str, benefit: schema.Benefit) -> None:
        for k, visit in enumerate(benefit.visits):
            path: Path_ = ("benefits", name, "visits", k)
            if visit not in VisitKind.__members__ and visit.upper() not in VisitKind.__members__:
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
            begins, ends = entry_days(self.document, path, entry, following)
            reader = TermsReader(self.document, path, entry, self.file.counters, self.dimensions)
            used = tuple(d for d in DIMENSIONS if d in reader.used())
            rows = tuple(self._row(reader, name, cell) for cell in self._cells(used))
            yield Entry(name, begins, ends, used, rows)

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
        hash: SHA-256 of all that the files say, the same on any machine.
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
        text = json.dumps(said, ensure_ascii=False, sort_keys=True, default=str)
        self.hash = hashlib.sha256(text.encode()).hexdigest()

    def index(self, region: str, scheme: str) -> int | None:
        """Return the position of a scheme in `schemes`, or None if there is none."""
        return self._by_key.get((region, scheme))


def entry_days(
    document: Document, path: Path_, entry: schema.Dated, following: Any
) -> tuple[int, int]:
    """Return the days `[begins, ends)` of a dated entry.

    Raises:
        PolicyError: entries overlap or are out of order, or an entry ends before it begins.
    """
    begins, reviewed = day_number(entry.begins), day_number(entry.reviewed_until) + 1
    ends = reviewed if following is None else min(reviewed, day_number(following))
    if ends <= begins:
        raise document.error(
            "dates",
            path,
            f"自 {entry.begins} 起的条目没有有效日：日期须递增且不晚于 reviewed_until",
            f"the entry from {entry.begins} holds no day: dates must rise and not pass reviewed_until",
        )
    return begins, ends


def load_book(folder: Path = SHIPPED) -> PolicyBook:
    """Return all policies under a folder.

    Raises:
        PolicyError: any file is refused; it names file, line and reason.
    """
    known = _source_ids(folder)
    files = sorted(path for path in folder.rglob("*.yaml") if path.name != SOURCES_FILE)
    if not files:
        raise PolicyError(
            "no_policies", f"{folder} 下没有政策文件", f"there is no policy file under {folder}"
        )
    schemes = []
    for path in files:
        document = read_document(path, path.relative_to(folder).as_posix())
        _check_sources(document, known)
        schemes.append(Scheme(document))
    return PolicyBook(schemes)


def _source_ids(folder: Path) -> set[str]:
    """Return the ids of the folder's own sources and of the shipped ones."""
    found: set[str] = set()
    for path in {folder / SOURCES_FILE, SHIPPED.parent / SOURCES_FILE}:
        if path.is_file():
            found |= set(read_document(path).value["sources"])
    return found


def _check_sources(document: Document, known: set[str]) -> None:
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


def _dimensions(file: schema.SchemeFile, document: Document) -> Dimensions:
    members: dict[str, tuple[str, ...]] = {
        "level": tuple(file.levels),
        "person_class": tuple(file.person_classes),
        "age": tuple(file.ages),
    }
    names = [name for group in members.values() for name in group]
    if len(set(names)) != len(names):
        raise document.error(
            "member_twice",
            (),
            "同一成员名出现在两个维度",
            "a member's name stands in two dimensions",
        )
    for name, types in file.person_classes.items():
        unknown = [kind for kind in types if kind.upper() not in PersonType.__members__]
        if unknown:
            raise document.error(
                "unknown_person_type",
                ("person_classes", name),
                f"没有人员类别 {unknown}",
                f"there is no person type {unknown}",
            )
    _check_ages(file.ages, document)
    return Dimensions({name: group for name, group in members.items() if group})


def _check_ages(ages: Mapping[str, list[int | None]], document: Document) -> None:
    reached: int | None = 0
    for name, bounds in sorted(ages.items(), key=lambda item: item[1][0] or 0):
        if len(bounds) != 2 or bounds[0] != reached:
            raise document.error(
                "ages",
                ("ages", name),
                "年龄段须自 0 起首尾相接",
                "ages must join end to end from 0",
            )
        reached = bounds[1]
    if ages and reached is not None:
        raise document.error(
            "ages", ("ages",), "最后的年龄段须写 null", "the last age has no end: null"
        )


def _check_counters(file: schema.SchemeFile, document: Document) -> None:
    for name, counter in file.counters.items():
        times = [part for part in counter.scope if part in {"year", "month", "life"}]
        if len(times) != 1 or len(counter.scope) > 2 or name in {"account_balance", "year_closed"}:
            raise document.error(
                "counter_scope",
                ("counters", name),
                "scope 须恰有 year、month、life 之一，另最多一个 level、disease、institution；名称不得为内置名",
                "scope has exactly one of year, month, life and at most one of level, disease, "
                "institution; the name must not be a built-in one",
            )


def parse_scheme(value: str, name: str) -> Scheme:
    """Return a scheme from the text of a policy file, such as one inside a case file."""
    return Scheme(Document(name, value))


def dump_scheme(value: Mapping[str, Any]) -> str:
    """Return a policy mapping as the YAML text that `parse_scheme` reads."""
    return yaml.safe_dump(dict(value), allow_unicode=True, sort_keys=False)
