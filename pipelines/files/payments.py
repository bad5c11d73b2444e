"""Reads what comes off a month's payment: retention, deductions, prepayments."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import ClaimError
from engine.ledger.postings import Authority, Ledger, Purse
from engine.money import parse_fen, parse_rate_ppm
from engine.policy.reader import read_document
from engine.storage.payments import MonthTerms


class _Amounts(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    deducted: str = "0.00"
    prepaid: str = "0.00"
    released: str = "0.00"


class _Terms(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    retention: str = "0%"
    institutions: dict[str, dict[str, _Amounts]] = Field(default_factory=dict)


def read_terms(path: Path) -> MonthTerms:
    """Return a terms file: `retention`, and by institution and purse what comes off.

    Raises:
        PolicyError: it is no valid YAML, or the rate is none.
        ClaimError: `terms_format`, it is not of the form; or an amount is none.
    """
    try:
        form = _Terms.model_validate(read_document(path, path.name).value)
        given = {
            (institution, Purse[purse.upper()]): amounts
            for institution, purses in form.institutions.items()
            for purse, amounts in purses.items()
        }
    except (ValidationError, KeyError) as error:
        raise ClaimError(
            "terms_format",
            f"文件 {path.name} 不合格式：retention，及各机构、各基金的 deducted、prepaid、released",
            f"the file {path.name} is not of the form: retention, and by institution and purse "
            "deducted, prepaid, released",
        ) from error
    return MonthTerms(
        retention_ppm=parse_rate_ppm(form.retention),
        given={
            key: {
                "deducted_fen": parse_fen(amounts.deducted),
                "prepaid_fen": parse_fen(amounts.prepaid),
                "released_fen": parse_fen(amounts.released),
            }
            for key, amounts in given.items()
        },
    )


def read_books(text: str) -> Ledger:
    """Return whose books `medical/610100` means.

    Raises:
        ClaimError: `books`, it names no authority or no region.
    """
    authority, _, region = text.partition("/")
    if authority.upper() not in Authority.__members__ or not region:
        raise ClaimError(
            "books",
            f"账套 {text} 须写成 medical/区划 或 injury/区划",
            f"the books {text} are written medical/REGION or injury/REGION",
        )
    return Ledger(Authority[authority.upper()], region)
