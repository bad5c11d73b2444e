"""A settlement fund by fund: what each paid, and what its caps had left before."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.claims.columns import LAYERS_MAX, NONE, Ints, Result
from engine.codes.enums import Fund
from engine.policy.book import cell_text
from engine.policy.compiler import CompiledBook
from engine.policy.terms import Terms
from engine.storage.ledger_tables import CAP_LEFT

FundDetail = dict[str, Any]
"""`fund` by its name, `paid_fen`, and `cap_left_fen` unless something it pays has no cap."""


def of_result(book: CompiledBook, result: Ints) -> list[FundDetail]:
    """Return the details of a result of the engine."""
    row = int(result[Result.POLICY_ROW])
    terms = book.infos[row].row.terms if row >= 0 else None
    paid = {fund: int(result[Result.FUND + fund]) for fund in Fund}
    caps = [int(result[Result.CAP_LEFT + k]) for k in range(LAYERS_MAX)]
    return _details(paid, caps, terms)


def of_row(book: CompiledBook, row: Mapping[str, Any]) -> list[FundDetail]:
    """Return the details of a stored settlement; caps are told while the book has its terms."""
    paid = {fund: int(row[f"{fund.name.lower()}_paid_fen"]) for fund in Fund}
    return _details(paid, [int(row[name]) for name in CAP_LEFT], _terms_of(book, row))


def _terms_of(book: CompiledBook, row: Mapping[str, Any]) -> Terms | None:
    at = book.book.index(row["region"], row["scheme"])
    if at is None or row["benefit"] is None:
        return None
    for entry in book.book.schemes[at].entries.get(row["benefit"], ()):
        if entry.begins == row["begins_day"]:
            for one in entry.rows:
                if cell_text(one.cell) == row["cell"]:
                    return one.terms
    return None


def _details(
    paid: Mapping[Fund, int], caps: Sequence[int], terms: Terms | None
) -> list[FundDetail]:
    details = []
    for fund, fen in paid.items():
        if fen == 0:
            continue
        detail: FundDetail = {"fund": fund.name.lower(), "paid_fen": fen}
        left = None if terms is None or fen < 0 else _cap_left(fund, caps, terms)
        details.append(detail if left is None else detail | {"cap_left_fen": left})
    return details


def _cap_left(fund: Fund, caps: Sequence[int], terms: Terms) -> int | None:
    layers = zip(terms.layers, caps, strict=False)
    left = [cap for layer, cap in layers if layer.fund == fund.name.lower()]
    return None if NONE in left or not left else sum(left)
