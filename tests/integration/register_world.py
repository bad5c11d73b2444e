"""A world whose policy asks for all that a bureau's registers tell."""

from pathlib import Path
from typing import Any

from tests.integration.night_world import (
    ACTIVE,
    CATALOGUE,
    EMPLOYEE,
    INSTITUTIONS,
    REGION,
    Record,
    World,
    a_person,
    write,
)

POLICIES = Path(__file__).parent / "register_policies"
CHRONIC, MATERNITY = "14", "52"
ELSEWHERE = "110000"


def registered(person: str, **changes: str) -> Record:
    """Return a registration for E11 from 2024 on."""
    return {
        "person_id": person,
        "region": REGION,
        "insurance": EMPLOYEE,
        "registration": "card",
        "disease_code": "E11",
        "institution_id": "",
        "valid_from": "2024-01-01",
        "valid_to": "",
    } | changes


def filed(person: str, filing: str, **changes: str) -> Record:
    """Return a filing for care in Beijing from March 2024 on."""
    return {
        "person_id": person,
        "region": REGION,
        "insurance": EMPLOYEE,
        "filing": filing,
        "care_region": ELSEWHERE,
        "institution_id": "",
        "valid_from": "2024-03-01",
        "valid_to": "",
    } | changes


def credited(number: int, person: str, on: str, amount: str) -> Record:
    """Return a posting to a person's account."""
    return {
        "credit_id": f"C{number}",
        "person_id": person,
        "region": REGION,
        "insurance": EMPLOYEE,
        "credited_on": on,
        "amount": amount,
    }


def linked(number: int, owner: str, person: str, on: str, amount: str) -> Record:
    """Return what an owner sets aside for a person in the first linked account."""
    return {
        "link_id": f"L{number}",
        "person_id": person,
        "region": REGION,
        "insurance": EMPLOYEE,
        "account": "1",
        "owner_id": owner,
        "owner_region": REGION,
        "owner_insurance": EMPLOYEE,
        "linked_on": on,
        "amount": amount,
    }


def covered(person: str, number: int, **changes: str) -> Record:
    """Return a cover with a tier, 30 years paid and enrolment since 2020."""
    terms = {"tier": "first", "enrolled_from": "2020-01-01", "contribution_years": "30"}
    return a_person(person, number, person_type=ACTIVE) | terms | changes


class RegisterWorld(World):
    """A lake whose bureau brings the registers that it is given."""

    def __init__(self, folder: Path, persons: list[Record], **registers: list[Record]) -> None:
        self.reference = folder / "reference"
        self.bring(persons, **registers)
        super().__init__(folder)

    def bring(self, persons: list[Record], **registers: list[Record]) -> None:
        """Write the reference data anew; registers that are not given are not brought."""
        for old in self.reference.glob("*"):
            old.unlink()
        always = {"catalogue": CATALOGUE, "institutions": INSTITUTIONS, "persons": persons}
        for name, records in (always | registers).items():
            columns = dict.fromkeys(name for record in records for name in record)
            write(self.reference / f"{name}.csv", records, columns)

    def order(self, *arguments: Any, **changes: Any) -> Any:
        """Return the order of a night under the policy of this folder."""
        return super().order(*arguments, **({"policies": POLICIES} | changes))
