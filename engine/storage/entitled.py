"""Whether the ledger's registers entitle a claim: the person's cover, and the agreement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import sqlalchemy as sa

from engine.claims.codes import Code
from engine.claims.columns import Event, EventFlag, EventKind, Filing, Ints
from engine.periods import Period, date_of_day
from engine.policy.book import Scheme
from engine.policy.compiler import CompiledBook
from engine.policy.entitlement_terms import Waiting
from engine.policy.insurances import SCHEME_OF
from engine.settlement.entitlement import Cover, End, EndKind, denial, joined_on
from engine.settlement.settle import located
from engine.settlement.waiting import agreement_rule, wait_flag
from engine.storage import entitled_tables as t
from engine.storage.messages import Message, Verb, fallen

INSURANCE_OF = {name: int(insurance) for insurance, name in SCHEME_OF.items()}
WAITING_FLAGS = int(EventFlag.WAITS | EventFlag.COVER_START_UNKNOWN)

# Statements are made once: to make one and to find it compiled takes longer than to carry it out.
_VERSIONS = t.REGISTER_VERSIONS.alias()
_BROUGHT = sa.select(t.REGISTER_VERSIONS.c.register).where(
    t.REGISTER_VERSIONS.c.brought == 1,
    t.REGISTER_VERSIONS.c.version
    == sa.select(sa.func.max(_VERSIONS.c.version))
    .where(_VERSIONS.c.register == t.REGISTER_VERSIONS.c.register)
    .scalar_subquery(),
)
_NAMES: sa.BindParameter[Any] = sa.bindparam("names", expanding=True)


def _of(table: sa.Table, whose: str) -> sa.Select[Any]:
    return sa.select(table).where(table.c[whose].in_(_NAMES), table.c.until.is_(None))


_COVERS = _of(t.COVERS, "person_id").order_by(t.COVERS.c.cover_from)
_ENDS = _of(t.ENTITLEMENT_ENDS, "person_id")
_AGREEMENTS = _of(t.AGREEMENTS, "institution_id")
_Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Agreed:
    """An institution's agreement or its suspension: kind of visit, 0 for all, and its days."""

    visit_kind: int
    suspended: bool
    period: Period


@dataclass(frozen=True)
class Entitled:
    """What the registers say of some persons and institutions.

    Attributes:
        covers: of (person, region, insurance), ascending; None where nobody has brought any.
        ends: by person.
        agreements: by institution; None where nobody has brought any.
    """

    covers: Mapping[_Key, list[Cover]] | None
    ends: Mapping[str, list[End]]
    agreements: Mapping[str, list[Agreed]] | None

    def told(self, book: CompiledBook, message: Message) -> Message:
        """Return a message with what the registers say of it.

        Raises:
            ClaimError: the person is not entitled to the claim, or the institution may not bill it.
        """
        event = message.event
        if event is not None and message.verb is Verb.SETTLE and _is_claim(event):
            scheme = book.book.schemes[event[Event.SCHEME]]
            refused = self._refusal(scheme, message, event)
            if refused is not None:
                raise fallen(refused, message)
        return self.with_wait(book, message)

    def with_wait(self, book: CompiledBook, message: Message) -> Message:
        """Return a message with what the registers say of waiting; a refund waits for nothing."""
        event = message.event
        if event is None or not _is_claim(event):
            return message
        flags = int(event[Event.FLAGS]) & ~WAITING_FLAGS
        if message.verb is Verb.SETTLE:
            scheme = book.book.schemes[event[Event.SCHEME]]
            flags = self._flags(scheme, message.person_id, event)
        if flags == event[Event.FLAGS]:
            return message
        changed = event.copy()
        changed[Event.FLAGS] = flags
        return replace(message, event=located(book, changed[None, :])[0])

    def _refusal(self, scheme: Scheme, message: Message, claim: Ints) -> Code | None:
        """Return why a claim is not settled, waiting apart; None where nothing stands against it.

        A bill that the person has paid, and one of another region, are asked for no agreement of
        ours.

        Source: 经办条例 art. 25, 43
        """
        on = date_of_day(int(claim[Event.BEGIN_DAY]))
        refused = self._denied(scheme, message.person_id, on)
        paid_to_person = int(claim[Event.FLAGS]) & EventFlag.PAID_TO_PERSON
        if refused is None and not paid_to_person and claim[Event.FILING] == Filing.LOCAL:
            return self._not_agreed(scheme, message.institution_id, claim)
        return refused

    def _flags(self, scheme: Scheme, person: str, claim: Ints) -> int:
        """Return the flags of a claim, those on waiting as the registers have it."""
        flags = int(claim[Event.FLAGS])
        covers = self._covers(scheme, person)
        if covers is None:
            return flags
        joined = partial(_joined, date_of_day(int(claim[Event.BEGIN_DAY])), covers)
        return flags & ~WAITING_FLAGS | wait_flag(scheme, claim, joined)

    def _covers(self, scheme: Scheme, person: str) -> list[Cover] | None:
        insurance = INSURANCE_OF.get(scheme.file.scheme)
        if self.covers is None or insurance is None:
            return None
        return self.covers.get((person, scheme.file.region, insurance), [])

    def _denied(self, scheme: Scheme, person: str, on: date) -> Code | None:
        covers = self._covers(scheme, person)
        if covers is None:
            return None
        denied = denial(on, covers, self.ends.get(person, ()))
        return None if denied is None else Code(denied.value)

    def _not_agreed(self, scheme: Scheme, institution: str, claim: Ints) -> Code | None:
        if self.agreements is None:
            return None
        rule = agreement_rule(scheme, int(claim[Event.BEGIN_DAY]))
        if int(claim[Event.VISIT_KIND]) in rule.excepted:
            return None
        on = date_of_day(int(claim[Event.END_DAY if rule.by_end else Event.BEGIN_DAY]))
        return not_agreed(self.agreements.get(institution, ()), int(claim[Event.VISIT_KIND]), on)


def not_agreed(agreed: Iterable[Agreed], visit: int, on: date) -> Code | None:
    """Return why an institution may not settle a kind of visit directly on a day."""
    held = [one for one in agreed if one.visit_kind in (visit, t.EVERY_VISIT) and on in one.period]
    if any(one.suspended for one in held):
        return Code.AGREEMENT_SUSPENDED
    return None if held else Code.NO_AGREEMENT


def read_entitled(
    connection: sa.Connection, persons: Iterable[str], institutions: Iterable[str]
) -> Entitled:
    """Return what the registers say of persons and institutions, as a connection reads them."""
    brought = set(connection.scalars(_BROUGHT))
    covers: dict[_Key, list[Cover]] = {}
    ends: dict[str, list[End]] = {}
    agreements: dict[str, list[Agreed]] = {}
    names = list(persons)
    if t.COVERS.name in brought:
        for row in connection.execute(_COVERS, {"names": names}):
            period = Period(row.cover_from, row.cover_to)
            of = covers.setdefault((row.person_id, row.region, row.insurance), [])
            of.append(Cover(period, row.enrolled_from))
    if t.ENTITLEMENT_ENDS.name in brought:
        for row in connection.execute(_ENDS, {"names": names}):
            on, known = date_of_day(row.ended_on), date_of_day(row.known_on)
            ends.setdefault(row.person_id, []).append(End(EndKind(row.end), on, known))
    if t.AGREEMENTS.name in brought:
        for row in connection.execute(_AGREEMENTS, {"names": list(institutions)}):
            one = Agreed(row.visit_kind, bool(row.suspended), Period(row.valid_from, row.valid_to))
            agreements.setdefault(row.institution_id, []).append(one)
    return Entitled(
        covers=covers if t.COVERS.name in brought else None,
        ends=ends,
        agreements=agreements if t.AGREEMENTS.name in brought else None,
    )


def _is_claim(event: Ints) -> bool:
    return bool(event[Event.KIND] == EventKind.CLAIM and event[Event.SCHEME] >= 0)


def _joined(on: date, covers: list[Cover], waiting: Waiting) -> date | None:
    return joined_on(on, covers, waiting.bridged_days)
