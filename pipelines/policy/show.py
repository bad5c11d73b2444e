"""Lays a policy out as a person reads it: what holds on a day, with figures by combination."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from engine.errors import PolicyError
from engine.periods import date_of_day, day_number
from engine.policy import schema
from engine.policy.book import SHIPPED, Entry, PolicyBook, Scheme, known_sources, load_book
from engine.policy.figures import figure_name, figures, say_figure
from engine.policy.reader import Path_
from engine.policy.review.finding import walk
from engine.policy.schema_parts import Dated

Shown = dict[str, Any]
OF_THE_FILE = ("region", "name", "scheme", "status", "claim_date", "insurance_year")
APART = {"source", "name", "layers", "begins", "reviewed_until"}
"""Keys that are shown in a place of their own and not among the settings."""


def show(folder: Path | None, key: tuple[str, str], on: datetime.date) -> Shown:
    """Return a scheme's benefits, counters, assumptions and sources on a day.

    Amounts and rates are text as policy files write them, adjustments worked in; a combination
    without terms has no figures. `settings` are what else the file says, by path.

    Args:
        folder: policy files; None for the shipped ones.
        key: region and scheme.
        on: the claim date.

    Raises:
        PolicyError: a file is refused, or there is no such scheme.
    """
    folder = folder or SHIPPED
    scheme = _scheme(load_book(folder), *key)
    file = scheme.file
    return {
        **{name: getattr(file, name) for name in OF_THE_FILE},
        "reversal": _reversal(file),
        "on": on,
        "dimensions": {name: list(members) for name, members in scheme.dimensions.members.items()},
        "person_classes": file.person_classes,
        "ages": file.ages,
        "filings": file.filings,
        "diseases": file.diseases,
        "bases": {
            name: [_settings(value) for value in values] for name, values in file.bases.items()
        },
        "counters": {name: _settings(counter) for name, counter in file.counters.items()},
        "registrations": {name: _settings(one) for name, one in file.registrations.items()},
        "entitlement": [_dated(entry) for entry in file.entitlement if _holds(entry, on)],
        "allowances": [*_allowances(file, on)],
        "lines": [_dated(entry) for entry in file.lines if _holds(entry, on)],
        "benefits": [_benefit(scheme, name, on) for name in scheme.entries],
        "assumptions": file.assumptions,
        "sources": list(_sources(scheme, known_sources(folder))),
    }


def _scheme(book: PolicyBook, region: str, name: str) -> Scheme:
    at = book.index(region, name)
    if at is not None:
        return book.schemes[at]
    found = sorted({one.key[1] for one in book.schemes if one.key[0] == region})
    there = ", ".join(found or sorted({one.key[0] for one in book.schemes}))
    raise PolicyError(
        "no_policy",
        f"没有区划 {region} 险种 {name} 的政策；现有 {there}",
        f"there is no policy for region {region} and scheme {name}; there are {there}",
    )


def _reversal(file: schema.SchemeFile) -> str | Shown:
    said = file.reversal
    return said if isinstance(said, str) else said.model_dump(exclude=APART)


def _holds(entry: Dated, on: datetime.date) -> bool:
    return entry.begins <= on <= entry.reviewed_until


def _dated(entry: Dated) -> Shown:
    said = entry.model_dump(exclude=APART, exclude_none=True, exclude_defaults=True, by_alias=True)
    return {"from": entry.begins, "reviewed_until": entry.reviewed_until, **said}


def _allowances(file: schema.SchemeFile, on: datetime.date) -> Iterator[Shown]:
    """Return each item of the allowances that hold on a day, with what the file says of it."""
    for name, allowance in file.allowances.items():
        for entry in allowance.history:
            for item in entry.items if _holds(entry, on) else ():
                said = item.model_dump(exclude=APART, exclude_none=True, exclude_defaults=True)
                yield {"name": f"{name}.{item.name}", **said}


def _benefit(scheme: Scheme, name: str, on: datetime.date) -> Shown:
    file = scheme.file.benefits[name]
    shown: Shown = {"name": name, "visits": file.visits, "layers": []}
    if file.application is not None:
        shown["application"] = _settings(file.application)
    for entry in scheme.entries[name]:
        said = file.history[entry.place]
        if entry.begins <= day_number(on) < entry.ends:
            shown |= {
                "from": said.begins,
                "until": date_of_day(entry.ends - 1),
                "reviewed_until": said.reviewed_until,
                "settings": _settings(said),
                "layers": [_layer(entry, at, layer) for at, layer in enumerate(said.layers)],
            }
            if said.home_first_share is not None:
                shown["home_first_share"] = _rows(entry, ("home",), "home")
    return shown


def _layer(entry: Entry, at: int, said: schema.Layer) -> Shown:
    rows = _rows(entry, ("layers", at), said.name)
    return {"name": said.name, "settings": _settings(said), "rows": rows}


def _rows(entry: Entry, under: Path_, name: str) -> list[Shown]:
    """Return the figures under a path of the terms, by combination."""
    rows = []
    for row in entry.rows:
        found = {}
        for one in figures(row.terms) if row.terms is not None else ():
            if row.terms is not None and one.path[: len(under)] == under:
                figure = figure_name(row.terms, one.path).removeprefix(f"{name}.")
                found[figure] = say_figure(one.unit, one.value)
        rows.append({"cell": dict(row.cell), "figures": found})
    return rows


def _settings(said: BaseModel, above: str = "") -> dict[str, Any]:
    """Return what a mapping of the file says, by path, but for what stands apart and its tables.

    A table by dimension is of any type in the schema; the rows show its figures.
    """
    found: dict[str, Any] = {}
    for name, field in type(said).model_fields.items():
        value, path = getattr(said, name), f"{above}{field.alias or name}"
        if name in APART or field.annotation is Any or value in (None, [], {}):
            continue
        if isinstance(value, BaseModel):
            found |= _settings(value, f"{path}.")
        elif isinstance(value, list) and isinstance(value[0], BaseModel):
            for place, item in enumerate(value, 1):
                found |= _settings(item, f"{path}.{place}.")
        else:
            found[path] = value
    return found


def _sources(scheme: Scheme, known: dict[str, Any]) -> Iterator[Shown]:
    """Return every source that the file cites, in order, with what the list says of it."""
    cited: dict[str, Shown] = {}
    for path, value in walk(scheme.document.value):
        if path[-1:] == ("source",) and isinstance(value, str):
            name = value.split("#")[0]
            cited.setdefault(name, {"id": name, **known[name]})
        elif path[-1:] == ("source",):
            cited.setdefault(repr(value), dict(value))
    yield from cited.values()
