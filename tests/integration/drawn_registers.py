"""Random registers of a bureau, and bills of their persons."""

import datetime
from dataclasses import dataclass
from random import Random

from tests.integration.night_world import ACTIVE, RETIRED, Bill, Record, a_bill
from tests.integration.register_world import (
    CHRONIC,
    ELSEWHERE,
    MATERNITY,
    covered,
    credited,
    filed,
    linked,
    registered,
)

KINDS = {
    "21": "inpatient",
    CHRONIC: "chronic",
    "11": "outpatient",
    MATERNITY: "maternity_inpatient",
}
PERSONS = [f"Q{number}" for number in range(8)]


def march(day: int) -> datetime.date:
    return datetime.date(2024, 3, day)


@dataclass
class Bureau:
    """What a bureau's registers hold, and the bills of March."""

    persons: list[Record]
    registers: dict[str, list[Record]]
    bills: list[Bill]


def drawn(seed: int) -> Bureau:
    """Return random registers and bills of one day each, settled on that day."""
    dice = Random(seed)  # noqa: S311 - repeatable, no secret
    persons, bills = [], []
    registers: dict[str, list[Record]] = {
        name: [] for name in ("registrations", "filings", "account_credits", "family_links")
    }
    for number, person in enumerate(PERSONS):
        persons += _covers(dice, person, number)
        registers["registrations"] += _registrations(dice, person)
        if dice.random() < 0.6:
            word = dice.choice(["long_term", "transfer", "temporary"])
            registers["filings"].append(
                filed(person, word, valid_from=march(dice.randint(1, 28)).isoformat())
            )
        if dice.random() < 0.4:
            sent = {"care_region": "610100", "institution_id": "H3"}
            on = march(dice.randint(1, 28)).isoformat()
            registers["filings"].append(filed(person, "transfer", valid_from=on) | sent)
        for _ in range(dice.randint(0, 3)):
            at = len(registers["account_credits"])
            on, amount = march(dice.randint(1, 31)).isoformat(), f"{dice.randint(1, 90)}.00"
            registers["account_credits"].append(credited(at, person, on, amount))
        if number and dice.random() < 0.7:
            at = len(registers["family_links"])
            on = march(dice.randint(1, 31)).isoformat()
            registers["family_links"].append(linked(at, PERSONS[0], person, on, "7.00"))
        days = sorted(dice.sample(range(2, 31), 4))
        bills += [_bill(dice, 10 * number + k, person, day) for k, day in enumerate(days)]
    # The others' links leave the first person's account, which is to hold enough for them.
    registers["account_credits"].append(credited(999, PERSONS[0], "2024-03-01", "100.00"))
    for bill in bills:
        if bill.claim["psn_no"] == PERSONS[0]:
            bill.claim["acct_used_flag"] = "0"
    dice.shuffle(bills)
    return Bureau(persons, registers, bills)


def _covers(dice: Random, person: str, number: int) -> list[Record]:
    terms = {
        "tier": dice.choice(["first", "second"]),
        "enrolled_from": march(1).replace(month=dice.choice([1, 2]), year=2024).isoformat()
        if dice.random() < 0.5
        else "2019-05-31",
        "contribution_years": str(dice.choice([10, 24, 25, 30])),
    }
    first = covered(person, number, **terms)
    if dice.random() < 0.4:
        return [first]
    day = dice.randint(3, 29)
    changes = {
        "tier": dice.choice(["first", "second"]),
        "person_type": dice.choice([ACTIVE, RETIRED]),
        "cover_from": march(day + dice.choice([0, 0, 1])).isoformat(),
    }
    return [first | {"cover_to": march(day).isoformat()}, first | changes]


def _registrations(dice: Random, person: str) -> list[Record]:
    found = []
    for disease in ("E11", "I10"):
        if dice.random() < 0.6:
            middle = dice.randint(5, 25)
            gap = dice.choice([0, 3])
            parts = [
                ("2024-01-01", march(middle).isoformat()),
                (march(middle + gap).isoformat(), ""),
            ]
            found += [
                registered(person, disease_code=disease, valid_from=begins, valid_to=ends)
                for begins, ends in dice.sample(parts, dice.randint(1, 2))
            ]
    if dice.random() < 0.5:
        found.append(
            registered(person, registration="own_hospital", disease_code="", institution_id="H2")
        )
    return found


def _bill(dice: Random, number: int, person: str, day: int) -> Bill:
    kind = dice.choice(list(KINDS))
    on = march(day).isoformat()
    changes = {
        "begndate": on,
        "enddate": on,
        "setl_time": f"{on} 10:00:00",
        "med_type": kind,
        "fixmedins_code": dice.choice(["H2", "H3"]),
        "acct_used_flag": dice.choice("01"),
        "dise_codg": dice.choice(["E11", "I10"]),
        "mdtrtarea_admvs": dice.choice(["610100", "610100", ELSEWHERE]),
    }
    return a_bill(number, person, ("A", f"{dice.randint(20, 4000)}.00"), **changes)
