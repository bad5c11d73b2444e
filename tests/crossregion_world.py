"""Two regions in one process: Xi'an gives care, Hainan insures, the line between them fails."""

import datetime
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import polars as pl

from api.crossregion.home import HomeDesk
from api.national.desk import Desk
from engine.claims.columns import Filing
from engine.codes.enums import Insurance, PersonType, Sex
from engine.ledger.crossregion import (
    Answered,
    Ask,
    Cover,
    Covered,
    Inquiry,
    Reversal,
    named,
)
from engine.periods import NO_END_DAY, day_number
from engine.policy.book import SHIPPED, PolicyBook, parse_scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.storage.care_claims import unknown_outcome
from engine.storage.care_rows import Claim, Sent
from engine.storage.database import Database
from engine.storage.reference import ReferenceData
from engine.storage.register_tables import (
    CLOSED_YEARS_READ,
    COVER_TERMS_READ,
    ENDS_READ,
    FILINGS_READ,
)
from engine.storage.registers import Registers
from engine.storage.tables import CATALOGUE_READ, INSTITUTIONS_READ, PERSONS_READ

CARE, HOME = "610100", "460000"
NOW = 1_711_900_800
"""2024-03-31 16:00 in local time."""

LOST_REQUEST, LOST_ANSWER, TWICE = "lost_request", "lost_answer", "twice"


@lru_cache(maxsize=1)
def book() -> CompiledBook:
    """Return Hainan's residents: 350.00 a year at level 3, then 65 %, unfiled 45 %."""
    text = (SHIPPED / "460000-hainan/resident.yaml").read_text(encoding="utf-8")
    return compile_book(PolicyBook([parse_scheme(text, "hainan")]))


def person(person_id: str, **changes: Any) -> dict[str, Any]:
    """Return a register row of Hainan: an adult resident."""
    return {
        "person_id": person_id,
        "identity_no": f"ID{person_id}",
        "name": None,
        "sex": int(Sex.MALE),
        "birth_day": day_number(datetime.date(1980, 1, 1)),
        "region": HOME,
        "insurance": int(Insurance.RESIDENT),
        "person_type": int(PersonType.ADULT_RESIDENT),
        "cover_from": day_number(datetime.date(2020, 1, 1)),
        "cover_to": NO_END_DAY,
        "account_balance_fen": 0,
    } | changes


def reference(
    persons: Sequence[dict[str, Any]], filings: Sequence[dict[str, Any]]
) -> ReferenceData:
    """Return what Hainan's registers hold: these rows, and no institution of Xi'an."""
    return ReferenceData(
        items=pl.DataFrame(schema={**CATALOGUE_READ.schema, "item_code": pl.String}),
        institutions=pl.DataFrame(schema=INSTITUTIONS_READ.schema),
        persons=pl.DataFrame(list(persons), schema=PERSONS_READ.schema),
        registers=Registers(
            cover_terms=pl.DataFrame(schema=COVER_TERMS_READ.schema),
            registrations=None,
            filings=pl.DataFrame(list(filings), schema=FILINGS_READ.schema),
            account_entries=None,
            ends=pl.DataFrame(schema=ENDS_READ.schema),
            closed_years=pl.DataFrame(schema=CLOSED_YEARS_READ.schema),
        ),
    )


def filing(person_id: str, kind: Filing, **changes: Any) -> dict[str, Any]:
    """Return a filing of care in all of Shaanxi, from March 2024 on."""
    return {
        "person_id": person_id,
        "region": HOME,
        "insurance": int(Insurance.RESIDENT),
        "filing": int(kind),
        "care_region": "610000",
        "institution_id": None,
        "valid_from": day_number(datetime.date(2024, 3, 1)),
        "valid_to": NO_END_DAY,
    } | changes


def home_desk(database: Database, *filings: dict[str, Any]) -> HomeDesk:
    """Return Hainan's desk as Xi'an's agency meets it; whoever has no filing is not filed."""
    persons = [person(name) for name in ("P1", "P2", "P3")]
    return HomeDesk(Desk(database, book(), reference(persons, filings)), CARE, NOW)


def ask(number: int, **changes: Any) -> Ask:
    """Return the bill of a stay of 10,000.00 in scope and 500.00 outside, in message M<number>."""
    told: dict[str, Any] = {
        "claim_id": named("H3", f"M{number}"),
        "person_id": "P1",
        "scheme": "resident",
        "institution_id": "H3",
        "visit_id": f"V{number}",
        "visit": "inpatient",
        "level": "L3",
        "begin": datetime.date(2024, 3, 1),
        "end": datetime.date(2024, 3, 8),
        "account_used": False,
        "settled_at": datetime.datetime(2024, 3, 8, 10),  # noqa: DTZ001 - local time
        "self_pay_off_list_fen": 500_00,
        "self_pay_over_price_fen": 0,
        "self_pay_first_share_fen": 0,
        "covered_fen": 10_000_00,
    }
    return Ask.model_validate(told | changes)


def claim(number: int, **changes: Any) -> Claim:
    """Return that bill as Xi'an's claim on Hainan."""
    return Claim(ask(number, **changes), CARE, HOME, Sent(f"M{number}", f"hash {number}"))


def reversal(number: int, by: int = 900) -> Reversal:
    """Return what undoes the claim of message M<number>, asked for by message M<by>."""
    return Reversal(
        reversal_id=named("H3", f"M{by}"),
        claim_id=named("H3", f"M{number}"),
        person_id="P1",
        settled_at=datetime.datetime(2024, 3, 20, 10),  # noqa: DTZ001 - local time
    )


class Line:
    """A region of insurance behind a line that loses what it is told to lose.

    Args:
        home: the region.
        faults: of each call in turn, until they end; None for none.
    """

    def __init__(self, home: HomeDesk, *faults: str | None) -> None:
        self._home = home
        self._faults: Iterator[str | None] = iter(faults)
        self.delayed: list[Callable[[], Any]] = []

    def check(self, cover: Cover) -> Covered:
        return self._home.check(cover)

    def preview(self, ask_: Ask) -> Answered:
        return self._call(lambda: self._home.preview(ask_))

    def settle(self, ask_: Ask) -> Answered:
        return self._call(lambda: self._home.settle(ask_))

    def reverse(self, reversal_: Reversal) -> Answered:
        return self._call(lambda: self._home.reverse(reversal_))

    def inquire(self, inquiry: Inquiry) -> Answered:
        return self._call(lambda: self._home.inquire(inquiry))

    def _call(self, work: Callable[[], Answered]) -> Answered:
        fault = next(self._faults, None)
        if fault == LOST_REQUEST:
            self.delayed.append(work)
            raise unknown_outcome()
        answer = work()
        if fault == TWICE:
            answer = work()
        if fault == LOST_ANSWER:
            raise unknown_outcome()
        return answer
