"""The region of insurance: what another region's agency asks is settled by the rules of home."""

import json
from dataclasses import dataclass, replace
from typing import Any

from api.national.bill import person_of, scheme_of
from api.national.desk import Desk
from api.national.register_facts import BY_END, facts_on
from engine.codes.enums import Insurance, VisitKind
from engine.errors import ClaimError
from engine.ledger.crossregion import Answered, Ask, Cover, Covered, Inquiry, Reversal
from engine.money import format_yuan
from engine.periods import day_number
from engine.policy.book import Scheme
from engine.policy.insurances import SCHEME_OF
from engine.storage import home_claims
from engine.storage.messages import Message, Verb, read_message
from engine.storage.registered_messages import marked_message
from engine.storage.visits import Presence, Visit

INSURANCE_OF = {name: insurance for insurance, name in SCHEME_OF.items()}


@dataclass(frozen=True, slots=True)
class HomeDesk:
    """What the agency of one region of care may ask here; a `Home` in this very process.

    Attributes:
        desk: where it is carried out.
        care_region: whose agency asks.
        now: seconds of local time.
    """

    desk: Desk
    care_region: str
    now: int

    @property
    def sender_id(self) -> str:
        """The name under which the region's messages are kept."""
        return home_claims.SENDER + self.care_region

    def check(self, cover: Cover) -> Covered:
        """Tell whether a person is insured on a day."""
        try:
            self._home_of(cover.person_id, cover.scheme, day_number(cover.on))
        except ClaimError as error:
            return Covered(insured=False, reason=f"{error.code} {error.message_zh}")
        return Covered(insured=True)

    def preview(self, ask: Ask) -> Answered:
        """Tell what a bill would come to; nothing changes."""
        desk = self.desk
        return home_claims.show(desk.database, desk.book, self._message(ask), self.now)

    def settle(self, ask: Ask) -> Answered:
        """Settle a bill, once for each claim id."""
        desk = self.desk
        known = home_claims.met(desk.database, self.sender_id, ask)
        if known is not None:
            return known
        return home_claims.settle(desk.database, desk.book, self._message(ask), self.now)

    def reverse(self, reversal: Reversal) -> Answered:
        """Undo a claim, once; one that was never met is not let in any more."""
        desk = self.desk
        return home_claims.reverse(desk.database, desk.book, self.sender_id, reversal, self.now)

    def inquire(self, inquiry: Inquiry) -> Answered:
        """Tell what became of a claim; nothing changes."""
        return home_claims.inquire(self.desk.database, self.sender_id, inquiry)

    def _message(self, ask: Ask) -> Message:
        visit = self._visit(ask)
        scheme = scheme_of(self.desk, visit)
        request = {
            "sender_id": self.sender_id,
            "message_id": ask.claim_id,
            "verb": Verb.SETTLE,
            "settled_at": ask.settled_at.isoformat(),
            "region": scheme.file.region,
            "scheme": scheme.file.scheme,
            "person_id": ask.person_id,
            "institution_id": ask.institution_id,
            "visit_id": ask.visit_id,
            "person": person_of(self.desk, visit, scheme),
            "event": {
                "visit": ask.visit,
                "level": ask.level,
                "begin": ask.begin.isoformat(),
                "end": ask.end.isoformat(),
                "disease": ask.disease,
                "account_used": ask.account_used,
                "segment": ask.segment,
                "interim": ask.interim,
                "total": format_yuan(ask.total_fen),
                "self_pay_off_list": format_yuan(ask.self_pay_off_list_fen),
                "self_pay_over_price": format_yuan(ask.self_pay_over_price_fen),
                "self_pay_first_share": format_yuan(ask.self_pay_first_share_fen),
                **self._registered(ask, visit, scheme),
            },
        }
        message = read_message(json.dumps(request).encode(), self.desk.book)
        message = marked_message(self.desk.book, self.desk.reference, message)
        whole = home_claims.message_hash(ask)
        return replace(message, body_hash=whole, care_region=self.care_region)

    def _visit(self, ask: Ask) -> Visit:
        self._check_elsewhere(ask)
        begin = day_number(ask.begin)
        home, insurance = self._home_of(ask.person_id, ask.scheme, begin)
        if ask.visit.upper() not in VisitKind.__members__:
            raise ClaimError(
                "unknown_member",
                f"没有就诊类别 {ask.visit}",
                f"there is no kind of visit {ask.visit}",
            )
        return Visit(
            institution_id=ask.institution_id,
            visit_id=ask.visit_id,
            person_id=ask.person_id,
            home_region=home,
            care_region=self.care_region,
            insurance=int(insurance),
            visit_kind=int(VisitKind[ask.visit.upper()]),
            begin_day=begin,
            disease_code=ask.disease,
            presence=Presence.DISCHARGED,
            told={},
            end_day=day_number(ask.end),
        )

    def _registered(self, ask: Ask, visit: Visit, scheme: Scheme) -> dict[str, Any]:
        """Return what the registers here say of the visit, how it was filed before all.

        Raises:
            ClaimError: `cross_region_filing_unknown`, this bureau has no register of filings.
        """
        by_end = scheme.file.claim_date == BY_END
        day = day_number(ask.end if by_end else ask.settled_at.date())
        with self.desk.database.reading() as connection:
            return facts_on(self.desk, connection, visit, day)

    def _home_of(self, person_id: str, scheme: str, day: int) -> tuple[str, Insurance]:
        """Return where and how a person is insured on a day.

        Raises:
            ClaimError: `not_insured`; a person who is not known is told just so.
        """
        insurance = INSURANCE_OF.get(scheme)
        for row in self.desk.reference.covers(person_id):
            within = row["cover_from"] <= day < row["cover_to"]
            if insurance is not None and within and row["insurance"] == insurance:
                return row["region"], insurance
        raise ClaimError(
            "not_insured",
            "该人员当日在参保地没有此险种的有效参保；请核对人员编号、险种与日期",
            "the person is not covered by this insurance at home on that day; check id and day",
        )

    def _check_elsewhere(self, ask: Ask) -> None:
        """Let no other region claim for an institution of ours."""
        known = self.desk.reference.institutions["institution_id"]
        if ask.institution_id in known:
            raise ClaimError(
                "institution_of_ours",
                f"机构 {ask.institution_id} 是参保地自己的定点机构，应由其直接结算",
                f"the institution {ask.institution_id} is one of the region of insurance itself",
            )
