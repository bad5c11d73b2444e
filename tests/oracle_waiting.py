"""Whether a person still waits for benefits when care begins, told from a policy's YAML alone."""

from calendar import monthrange
from datetime import date, timedelta

from tests.oracle_terms import Record, RefusalError


def check_waiting(policy: Record, person: Record, person_class: str, event: Record) -> None:
    """Refuse a claim that begins within the first waiting period that is for its person."""
    begin: date = event["begin"]
    for said in waiting_on(policy, begin):
        for_class = person_class in (said.get("classes") or [person_class])
        if not for_class or event["visit"] in said.get("excepted", ()):
            continue
        tier = event.get("tier", person.get("tier"))
        if said.get("tiers") and tier is None:
            raise RefusalError(code="cover_start_unknown")
        if said.get("tiers") and tier not in said["tiers"]:
            continue
        joined = event.get("insured_from", person.get("insured_from"))
        if joined is None:
            raise RefusalError(code="cover_start_unknown")
        if begin < first_day_with_benefits(joined, said):
            raise RefusalError(code="waiting_period")
        return


def waiting_on(policy: Record, day: date) -> list[Record]:
    begun = [entry for entry in policy.get("entitlement", ()) if entry["from"] <= day]
    if not begun or day > begun[-1]["reviewed_until"]:
        return []
    waiting: list[Record] = begun[-1].get("waiting", [])
    return waiting


def first_day_with_benefits(joined: date, said: Record) -> date:
    if "days" in said:
        return joined + timedelta(days=said["days"])
    years, month = divmod(joined.year * 12 + joined.month - 1 + said["months"], 12)
    last = monthrange(years, month + 1)[1]
    return date(years, month + 1, min(joined.day, last))
