"""What an allowance claimed by hand comes to, and what it posts: it has no year to settle."""

from collections.abc import Mapping
from typing import Any

from engine.cases.manual import ManualClaim
from engine.claims.codes import Code, reasons
from engine.codes.enums import Fund
from engine.errors import ClaimError
from engine.ledger.benefits import Benefit, to_person
from engine.ledger.postings import Heading, Posting
from engine.policy.compiler import CompiledBook
from engine.settlement.case_allowances import grant_event, settlement_of
from engine.settlement.case_form import read_form

KIND = "allowance"


def is_allowance(claim: ManualClaim) -> bool:
    """Return whether a claim is for an allowance, and not for a bill."""
    return bool(claim.received.content["kind"] == KIND)


def check_kind(claim: ManualClaim) -> None:
    """Check that an allowance is entered as one, and a bill as a bill.

    Raises:
        ClaimError: `entry_kind`.
    """
    entered = claim.entry["event"].get("kind", "claim")
    wanted = KIND if is_allowance(claim) else "claim"
    if entered != wanted:
        raise ClaimError(
            "entry_kind",
            f"此件应录入 {wanted}，而录入的是 {entered}；请核对 event.kind",
            f"this claim is entered as {wanted}, not as {entered}; check event.kind",
        )


def granted(book: CompiledBook, claim: ManualClaim) -> dict[str, Any]:
    """Return the amounts of an allowance, by name.

    Raises:
        ClaimError: `no_policy`, the code by which it is not granted, or the entry is not of the
            form.

    Source: 经办条例 art. 20
    """
    place = claim.received.content
    at = book.book.index(place["region"], place["scheme"])
    if at is None:
        raise _refused("no_policy")
    case = {"region": place["region"], "scheme": place["scheme"], "person": claim.entry["person"]}
    form = read_form(case | {"events": [dict(claim.entry["event"])]})
    answer = settlement_of(grant_event(form, book.book.schemes[at], 0), "zh")
    if answer["status"] != "settled":
        raise _refused(answer["code"])
    return {name: value for name, value in answer.items() if name.endswith("_fen")}


def _refused(code: str) -> ClaimError:
    reason = reasons()[Code(code)]
    return ClaimError(code, reason.zh + reason.do_zh, f"{reason.en} {reason.do_en}")


def posting(claim: ManualClaim, settled: Mapping[str, Any], heading: Heading) -> Posting:
    """Return what an allowance posts: owed to the person by the funds that grant it."""
    funds = {fund: settled[f"{fund.name.lower()}_paid_fen"] for fund in Fund}
    benefit = Benefit({fund: fen for fund, fen in funds.items() if fen}, {})
    return to_person(heading, benefit, claim.received.content["person"])
