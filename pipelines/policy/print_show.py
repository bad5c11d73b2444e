"""Prints a policy that `show` has laid out: a table for each layer, the rest in words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from pipelines.policy.words import Language, word, words

HEADINGS = {
    "on": ("就诊日期", "claim date"),
    "counters": ("累计", "Counters"),
    "registrations": ("登记与认定", "Registrations"),
    "entitlement": ("待遇资格", "Entitlement"),
    "allowances": ("津贴与补助", "Allowances"),
    "lines": ("明细计价", "Bill lines"),
    "assumptions": ("来源未明之处的读法", "Assumptions"),
    "sources": ("来源", "Sources"),
    "no_terms": ("这一天没有待遇", "no terms on this day"),
    "unavailable": ("无待遇", "no terms"),
    "visits": ("就诊类别", "visits"),
    "until": ("至", "to"),
}


def print_show(shown: Mapping[str, Any], language: Language) -> None:
    """Print a policy for people."""
    # What a file says is no markup.
    console = Console(markup=False, highlight=False)
    name = f"{shown['name']} {shown['region']} {shown['scheme']}"
    console.print(f"{name}  {shown['status']}", style="bold")
    console.print(f"{_heading('on', language)} {shown['on']}")
    for benefit in shown["benefits"]:
        _print_benefit(console, benefit, language)
    counters = (
        f"{name}  {words(counter, language)}" for name, counter in shown["counters"].items()
    )
    _print_list(console, _heading("counters", language), counters)
    for name in ("registrations", "allowances"):
        if shown[name]:
            _print_list(console, _heading(name, language), _said(shown[name], language))
    for name in ("entitlement", "lines"):
        said = (words(entry, language) for entry in shown[name])
        _print_list(console, _heading(name, language), said)
    _print_list(console, _heading("assumptions", language), shown["assumptions"])
    sources = ("  ".join(map(_flat, source.values())) for source in shown["sources"])
    _print_list(console, _heading("sources", language), sources)


def _said(shown: Mapping[str, Any] | list[Mapping[str, Any]], language: Language) -> Iterator[str]:
    """Return each entry in words, by its name."""
    if isinstance(shown, Mapping):
        shown = [{"name": name, **one} for name, one in shown.items()]
    for one in shown:
        rest = {key: value for key, value in one.items() if key != "name"}
        yield f"{one['name']}  {words(rest, language)}"


def _heading(name: str, language: Language) -> str:
    return HEADINGS[name][0 if language == "zh" else 1]


def _flat(value: object) -> str:
    return " ".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _print_list(console: Console, heading: str, items: Iterable[str]) -> None:
    console.print(f"\n{heading}", style="bold")
    for item in items:
        console.print(f"  · {item}", soft_wrap=True)


def _print_benefit(console: Console, benefit: Mapping[str, Any], language: Language) -> None:
    console.print(f"\n{word(benefit['name'], language)}", style="bold")
    if "application" in benefit:
        _print_words(console, benefit["application"], language)
    else:
        console.print(f"  {_heading('visits', language)}: {words(benefit['visits'], language)}")
    if "from" not in benefit:
        console.print(f"  {_heading('no_terms', language)}")
        return
    console.print(f"  {benefit['from']} {_heading('until', language)} {benefit['until']}")
    _print_words(console, benefit["settings"], language)
    if "home_first_share" in benefit:
        console.print(f"\n  {word('home_first_share', language)}", style="bold")
        _print_rows(console, benefit["home_first_share"], language)
    for layer in benefit["layers"]:
        console.print(f"\n  {layer['name']}", style="bold")
        _print_words(console, layer["settings"], language)
        _print_rows(console, layer["rows"], language)


def _print_rows(console: Console, rows: list[Mapping[str, Any]], language: Language) -> None:
    common = _common(rows)
    _print_words(console, common, language)
    if any(row["figures"] != common for row in rows):
        console.print(_table(rows, common, language))


def _print_words(console: Console, said: Mapping[str, Any], language: Language) -> None:
    if said:
        console.print(f"  {words(said, language)}")


def _common(rows: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return the figures that are the same in all rows that have terms."""
    found = [row["figures"].items() for row in rows if row["figures"]]
    return dict(pair for pair in found[0] if all(pair in others for others in found))


def _table(rows: list[Mapping[str, Any]], common: Mapping[str, str], language: Language) -> Table:
    names = list(dict.fromkeys(name for row in rows for name in row["figures"]))
    names = [name for name in names if name not in common]
    dimensions = list(rows[0]["cell"])
    table = Table(*(word(name, language) for name in [*dimensions, *names]))
    for row in rows:
        cell = [word(member, language) for member in row["cell"].values()]
        found = [row["figures"].get(name, "") for name in names]
        if not row["figures"]:
            found[:1] = [_heading("unavailable", language)]
        table.add_row(*cell, *found)
    return table
