"""What an investigator may read: inquiries and recoveries of the region that the key is for."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query

from api import cursors
from api.dependencies import Investigator, Ledger
from api.errors import problems
from api.routes.ledger import ID_PATTERN
from api.routes.settlements import CURSOR_SECRET
from api.schemas.cases import (
    AnyCase,
    AskedCases,
    CasePage,
    CaseStep,
    FundOwed,
    InquiryCase,
    OneCase,
    RecoveryCase,
)
from engine.cases import inquiry, recovery_case
from engine.cases.inquiry_book import inquiry_book
from engine.cases.life_cycle import CaseEvent
from engine.errors import ClaimError
from engine.ledger.postings import Purse
from engine.storage.investigated import (
    CaseFile,
    CasePosition,
    WantedCases,
    region_case,
    region_cases,
)
from engine.storage.service_secrets import service_secret

router = APIRouter(tags=["cases"])
REFUSALS: Final = (
    "not_signed", "not_an_investigator", "too_many_requests", "invalid_request",
    "storage_unavailable",
)  # fmt: skip
NEXT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "links": {
            "next": {
                "operationId": "list_cases",
                "parameters": {"cursor": "$response.body#/next"},
            }
        }
    }
}
WITH_PURPOSE: Final = "with_purpose"
SHOWN: Final = (
    "clause", "fact", "acted_on", "original", "decision", "receipt", "due", "amount_fen",
)  # fmt: skip
"""What is shown of a step; reasons and statements are free text and may name anybody."""


@router.get(
    "/v1/cases",
    summary="稽核与追回清单 | inquiries and recoveries",
    response_model=CasePage,
    responses={**problems(*REFUSALS, "cursor_invalid"), **NEXT},
)
def list_cases(
    asked: Annotated[AskedCases, Query()], region: Investigator, ledger: Ledger
) -> CasePage:
    """Return the cases of the investigator's region, those opened last first.

    Pages follow one another by `next`; what was there when the first was asked for comes once,
    whatever is opened in between.
    """
    wanted = WantedCases(asked.kind, asked.opened_from, asked.opened_before)
    secret, whose = service_secret(ledger, CURSOR_SECRET), f"cases of {region} {wanted!r}"
    after = (
        None if asked.cursor is None else CasePosition(*cursors.read(asked.cursor, whose, secret))
    )
    with ledger.reading() as connection:
        found = region_cases(connection, region, wanted, after, asked.limit + 1)
    shown = [_shown(file) for file in found[: asked.limit]]
    last = None
    if len(found) > asked.limit:
        last = cursors.written((shown[-1].opened_on, shown[-1].case_id), whose, secret)
    return CasePage(cases=shown, next=last)


@router.get(
    "/v1/cases/{case_id}",
    summary="一件稽核或追回 | one inquiry or recovery",
    response_model=OneCase,
    response_model_exclude_none=True,
    responses=problems(*REFUSALS, "not_found"),
)
def read_case(
    case_id: Annotated[str, Path(pattern=ID_PATTERN)], region: Investigator, ledger: Ledger
) -> OneCase:
    """Return a case of the investigator's region with its steps; another's answers as absent."""
    with ledger.reading() as connection:
        file = region_case(connection, region, case_id)
    if file is None:
        raise ClaimError(
            "not_found",
            "本统筹区没有此件；请核对编号",
            "this region has no such case; check its name",
        )
    return OneCase(case=_shown(file), steps=[_step(event) for event in file.events])


def _shown(file: CaseFile) -> AnyCase:
    first, last = file.events[0], file.events[-1]
    told = {
        "case_id": file.case_id,
        "region": file.region,
        "opened_on": first.on.isoformat(),
        "last": last.event,
        "last_on": last.on.isoformat(),
    }
    of_kind = _inquiry if file.kind == inquiry.KIND else _recovery
    return of_kind(file, told)


def _inquiry(file: CaseFile, told: Mapping[str, Any]) -> InquiryCase:
    found = inquiry.LIFE.fold(file.events)
    said, of_class = found.opened.content, inquiry_book().classes[found.of_class]
    return InquiryCase(
        **told,
        kind="inquiry",
        subject_kind=said["subject_kind"],
        subject=said["subject"],
        standing=_standing(found.of_class),
        basis=list(of_class.basis),
        decides=of_class.decides,
        heard=found.heard,
        findings=[str(one) for one in said["findings"]],
    )


def _recovery(file: CaseFile, told: Mapping[str, Any]) -> RecoveryCase:
    found = recovery_case.LIFE.fold(file.events)
    said = found.proposed.content
    return RecoveryCase(
        **told,
        kind="recovery",
        subject_kind="person" if said["debtor"] == said["person"] else "provider",
        subject=said["debtor"],
        decision=found.debt.decision,
        owed=[
            FundOwed(
                fund=name.lower(), proposed_fen=fen, left_fen=found.debt.owed.get(Purse[name], 0)
            )
            for name, fen in said["owed"].items()
        ],
    )


def _step(event: CaseEvent) -> CaseStep:
    said = event.content
    told = {name: said[name] for name in SHOWN if name in said}
    to = _standing(said["to"]) if "to" in said else None
    return CaseStep(event=event.event, on=event.on.isoformat(), officer=event.actor, to=to, **told)


def _standing(of_class: str) -> Any:
    """Return a class as it is told outside: nobody is called anything that is not yet found."""
    return WITH_PURPOSE if of_class == inquiry.HIGHEST else of_class
