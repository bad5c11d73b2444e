"""What registers, and referrals that institutions declared, say of a visit to be settled."""

from typing import Any

import sqlalchemy as sa

from api.national.bill import scheme_of
from api.national.desk import Desk, day_of, today
from api.national.envelope import Call
from engine.claims.codes import Code, reasons
from engine.claims.columns import NONE, Filing
from engine.errors import ClaimError
from engine.storage.filings import with_declared
from engine.storage.visit_facts import facts_of_visit, own_registers
from engine.storage.visits import Visit

BY_END = "end"
NUMBERS = ("enrolled_months", "contribution_years", "registered_diseases")


def register_facts(
    call: Call, desk: Desk, connection: sa.Connection, visit: Visit, end_day: int
) -> dict[str, Any]:
    """Return the keys of the bill's event that registers decide, as the night takes them.

    Args:
        end_day: last day of the bill.

    Raises:
        ClaimError: `cross_region_filing_unknown`, care outside the region of whose filing no
            register says anything.
    """
    if desk.is_elsewhere(visit):
        return {}  # The region that insures asks its own registers.
    scheme = scheme_of(desk, visit)
    claim_day = end_day if scheme.file.claim_date == BY_END else day_of(today(call))
    return facts_on(desk, connection, visit, claim_day)


def facts_on(desk: Desk, connection: sa.Connection, visit: Visit, claim_day: int) -> dict[str, Any]:
    """Return what the registers here say of a visit whose terms are those of a day.

    Raises:
        ClaimError: `cross_region_filing_unknown`.
    """
    row = {
        "person_id": visit.person_id,
        "region": visit.home_region,
        "insurance": visit.insurance,
        "visit_kind": visit.visit_kind,
        "care_region": visit.care_region,
        "institution_id": visit.institution_id,
        "begin_day": visit.begin_day,
        "claim_day": claim_day,
    }
    brought = desk.reference.registers
    own = own_registers(brought, visit.person_id)
    said = facts_of_visit(row, with_declared(connection, own, visit.person_id))
    # A referral to one place does not make the bureau's register of filings known.
    unknown = brought.filings is None and said["filing"] == Filing.NOT_FILED
    filed = None if unknown else said["filing"]
    facts = {name: said[name] for name in NUMBERS if said[name] != NONE}
    if said["tier"] is not None:
        facts["tier"] = said["tier"]
    return facts | {"transfer": said["transfer"], "filing": _filing(visit, filed)}


def _filing(visit: Visit, filed: int | None) -> str:
    prefix = visit.home_region
    while prefix.endswith("00"):
        prefix = prefix.removesuffix("00")
    inside = visit.care_region.startswith(prefix)
    return (Filing.LOCAL if inside else filed_as(filed)).name.lower()


def filed_as(found: int | None) -> Filing:
    """Return how care outside the region was filed.

    Args:
        found: what `facts_of` says, None where there is no register of filings.

    Raises:
        ClaimError: `cross_region_filing_unknown`.

    Source: 经办条例 art. 23
    """
    if found is None:
        reason = reasons()[Code.CROSS_REGION_FILING_UNKNOWN]
        zh, en = reason.zh + reason.do_zh, f"{reason.en} {reason.do_en}"
        raise ClaimError(reason.code, zh, en)
    return Filing(found)
