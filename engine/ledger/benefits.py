"""What a settlement posts: who pays, purse by purse, and to whom it is owed."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.codes.enums import Fund
from engine.errors import ensure
from engine.ledger.postings import (
    Account,
    AccountKind,
    Authority,
    Heading,
    Ledger,
    Posting,
    Purse,
    Side,
    cut,
    move,
    post,
    reversal,
)


@dataclass(frozen=True, slots=True)
class Benefit:
    """What the agency pays of one settlement, in fen.

    What the patient pays in cash and what the hospital bears never pass through its books.

    Attributes:
        funds: what each fund recognises.
        accounts: what each person's account pays: the patient's, and those of family.
    """

    funds: Mapping[Fund, int]
    accounts: Mapping[str, int]

    @property
    def purses(self) -> dict[Purse, int]:
        """What each purse pays; those that pay nothing left out."""
        paid = {Purse.of_fund(fund): fen for fund, fen in self.funds.items() if fen}
        account = sum(self.accounts.values())
        return paid | ({Purse.ACCOUNT: account} if account else {})


def _spending(benefit: Benefit) -> list[tuple[Account, int]]:
    spent: list[tuple[Account, int]] = [
        (Account(AccountKind.BENEFIT, Purse.of_fund(fund)), fen)
        for fund, fen in benefit.funds.items()
    ]
    spent += [
        (Account(AccountKind.PERSON_ACCOUNT, Purse.ACCOUNT, holder), fen)
        for holder, fen in benefit.accounts.items()
    ]
    return spent


def _posted(heading: Heading, benefit: Benefit, creditor: Side) -> Posting:
    owed = [(creditor.of(purse), -fen) for purse, fen in benefit.purses.items()]
    return post(heading, _spending(benefit) + owed)


def to_provider(heading: Heading, benefit: Benefit, institution: str) -> Posting:
    """Return the posting of a direct settlement: owed to the institution, fund by fund.

    Source: 经办条例 art. 20, 22
    """
    return _posted(heading, benefit, Side(AccountKind.PROVIDER_PAYABLE, institution))


def to_person(heading: Heading, benefit: Benefit, person: str) -> Posting:
    """Return the posting of a claim by hand or an allowance: owed to the person.

    Source: 经办条例 art. 20, 22
    """
    return _posted(heading, benefit, Side(AccountKind.PERSON_PAYABLE, person))


def to_region(heading: Heading, benefit: Benefit, care_region: str) -> Posting:
    """Return the home region's posting of care elsewhere: owed to the region of care.

    Source: 经办条例 art. 23
    """
    return _posted(heading, benefit, Side(AccountKind.CLEARING, care_region))


def for_region(heading: Heading, benefit: Benefit, home: str, institution: str) -> Posting:
    """Return the care region's posting: it pays the institution and claims it from the home region.

    Source: 经办条例 art. 23
    """
    due = Side(AccountKind.CLEARING, home)
    owed = Side(AccountKind.PROVIDER_PAYABLE, institution)
    return post(heading, move(benefit.purses, due, owed))


@dataclass(frozen=True, slots=True)
class Superseded:
    """What takes the place of a settlement that the injury fund was liable for.

    Attributes:
        undone: medical ledger, the opposite of what was posted.
        claimed: medical ledger, the common part, which the injury agency is to give back.
        settled: injury ledger, the settlement there.
        owed: injury ledger, the common part, owed to the medical agency and not the institution.
    """

    undone: Posting
    claimed: Posting
    settled: Posting
    owed: Posting

    @property
    def postings(self) -> tuple[Posting, ...]:
        """All four, in the order in which they are made."""
        return (self.undone, self.claimed, self.settled, self.owed)


def supersede(first: Posting, injury: Benefit, institution: str, heading: Heading) -> Superseded:
    """Return the four postings by which the injury fund takes the place of basic insurance.

    What is common to both settlements stays with the institution as basic insurance has paid it,
    or still will, and the injury agency owes it to the medical one. So the institution is owed no
    more and no less than the injury fund pays. No posting crosses authorities.

    Args:
        first: what basic insurance posted, owed to the institution.
        injury: what the injury fund pays for the same bill.
        institution: who treated.
        heading: night and cause; `posting_id` is made of it.

    Source: 经办条例 art. 22
    """
    medical = first.heading.ledger
    own = Ledger(Authority.INJURY, medical.region)
    ensure(medical.authority is Authority.MEDICAL, "only basic insurance is superseded")

    def part(ledger: Ledger, name: str) -> Heading:
        return Heading(ledger, f"{heading.posting_id}:{name}", heading.night, heading.cause)

    debts = {
        leg.account.purse: -leg.amount_fen
        for leg in first.legs
        if leg.account == Account(AccountKind.PROVIDER_PAYABLE, leg.account.purse, institution)
    }
    paid = sum(injury.purses.values())
    common = min(sum(debts.values()), paid)
    provider = Side(AccountKind.PROVIDER_PAYABLE, institution)
    return Superseded(
        undone=reversal(first, part(medical, "undone")),
        claimed=post(
            part(medical, "claimed"),
            move(
                cut(common, debts),
                Side(AccountKind.AGENCY, agency(Authority.INJURY)),
                provider,
            ),
        ),
        settled=to_provider(part(own, "settled"), injury, institution),
        owed=post(
            part(own, "owed"),
            move(
                {Purse.INJURY: common},
                provider,
                Side(AccountKind.AGENCY, agency(Authority.MEDICAL)),
            ),
        ),
    )


def agency(authority: Authority) -> str:
    """Return an authority as the other side of an account."""
    return authority.name.lower()
